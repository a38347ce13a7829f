import { describe, expect, it } from 'vitest';
import { tailRatios } from '../../src-main/cli/report/tail.ts';

const labels = (p95: number, p99: number) =>
  tailRatios({ mean: 100, p50: 100, p90: 0, p95, p99 }).map(({ percentile, label }) => `${percentile} ${label}`);

describe('tail latency: labels by the ratio to P50', () => {
  it('P95 below 3 is healthy, below 5 acceptable, else high variance', () => {
    expect(labels(299, 0)[0]).toBe('P95 healthy');
    expect(labels(300, 0)[0]).toBe('P95 acceptable');
    expect(labels(499, 0)[0]).toBe('P95 acceptable');
    expect(labels(500, 0)[0]).toBe('P95 high variance');
  });

  it('P99 below 4 is healthy, below 6 acceptable, else high variance', () => {
    expect(labels(0, 399)[1]).toBe('P99 healthy');
    expect(labels(0, 400)[1]).toBe('P99 acceptable');
    expect(labels(0, 600)[1]).toBe('P99 high variance');
  });

  it('the example of the seed: 51 and 78 ms over 12 ms are acceptable and of high variance', () => {
    const [p95, p99] = tailRatios({ mean: null, p50: 12, p90: null, p95: 51, p99: 78 });
    expect(p95).toMatchObject({ label: 'acceptable', ratio: 4.25 });
    expect(p99).toMatchObject({ label: 'high variance', ratio: 6.5 });
  });

  it('says nothing where there is no steady state', () => {
    expect(tailRatios({ mean: null, p50: null, p90: null, p95: null, p99: null })).toEqual([]);
  });
});
