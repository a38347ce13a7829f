import { expect, test } from 'vitest';
import { predict, size } from './ask.ts';

const base = { model: 'meta-llama/Llama-2-7b-hf', gpu: 'nvidia-a100-80gb', input_tokens: 250, output_tokens: 150 };
/** Requests per second at which nobody meets another. */
const ALONE = 1e-6;

const mg1 = (rate: number, output_cv: number) => predict({ ...base, rate, output_cv, method: 'mg1' });

test('method mg1: the service time is that of the tokens, and its spread that of the outputs', () => {
  const even = mg1(ALONE, 0);
  const uneven = mg1(ALONE, 1);
  // Outputs of one length: a prefill, then 149 steps.
  const steps = (even.ttft_ms.mean ?? NaN) + 149 * (even.tpot_ms.mean ?? NaN);
  expect((even.e2e_ms.mean ?? NaN) / steps).toBeCloseTo(1, 3);
  expect((even.e2e_ms.p99 ?? NaN) / (even.e2e_ms.p50 ?? NaN)).toBeCloseTo(1, 2);
  // Lognormal outputs of mean 150 and cv 1: median 150 / sqrt 2 = 106, and P90 308 tokens. Lengths enter as fourteen nodes,
  // whose cells about the median are 12 % of the requests wide.
  const tokens = (ms: number | null) => ((ms ?? NaN) - (uneven.ttft_ms.p50 ?? NaN)) / (uneven.tpot_ms.mean ?? NaN) + 1;
  expect(Math.abs(tokens(uneven.e2e_ms.p50) / 106 - 1)).toBeLessThan(0.13);
  expect(Math.abs(tokens(uneven.e2e_ms.p90) / 308 - 1)).toBeLessThan(0.1);
});

test.each([0, 0.5, 1])('method mg1: with outputs of cv %d the mean wait is that of Pollaczek and Khinchine', (cv) => {
  const alone = mg1(ALONE, cv);
  const mean = alone.e2e_ms.mean ?? NaN;
  const rate = 0.6 / mean;
  const loaded = mg1(1000 * rate, cv);
  // Service spreads by the output alone: std = tokens times a token's time.
  const deviation = cv * base.output_tokens * (alone.tpot_ms.mean ?? NaN);
  const wait = (rate * (mean ** 2 + deviation ** 2)) / (2 * (1 - rate * mean));
  expect(Math.abs(((loaded.e2e_ms.mean ?? NaN) - mean) / wait - 1)).toBeLessThan(0.05);
  expect(Math.abs(((loaded.ttft_ms.mean ?? NaN) - (alone.ttft_ms.mean ?? NaN)) / wait - 1)).toBeLessThan(0.05);
});

test('method mg1: a replica holds one request at a time, and the answer says so', () => {
  const document = mg1(0.3, 1);
  expect(document.batch.max_running).toBe(1);
  expect(document.method).toMatch(/mg1|One request at a time/);
});

const NOT_FOLLOWED =
  /^Method mg1 takes arrivals as Poisson; those of a replica are (more even|burstier), so waits are likely too (long|short)/;

test.each([
  [{ arrival: 'gamma', arrival_cv: 3 }, 'burstier'],
  [{ arrival: 'hawkes' }, 'burstier'],
  [{ arrival: 'constant' }, 'more even'],
  [{ replicas: 2, router: 'round_robin' }, 'more even'],
] as const)('method mg1: %j are answered as Poisson, and trust and a warning say so', (arrivals, how) => {
  const { trust, warnings, ...figures } = predict({ ...base, rate: 0.2, method: 'mg1', ...arrivals });
  const poisson = predict({
    ...base,
    rate: 0.2,
    method: 'mg1',
    replicas: 'replicas' in arrivals ? arrivals.replicas : 1,
  });
  expect(figures.ttft_ms).toEqual(poisson.ttft_ms);
  expect(trust?.kind).toBe('critical');
  expect(trust?.sentence).toMatch(NOT_FOLLOWED);
  expect(trust?.sentence).toContain(how);
  expect(warnings).toContainEqual({ code: 'arrival_ignored', sentence: trust?.sentence });
  expect([poisson.trust?.kind, poisson.warnings]).toEqual(['ok', []]);
});

test('method mg1: gamma gaps of spread 1 are Poisson; a saturated replica says what was not followed, too', () => {
  expect(predict({ ...base, rate: 0.2, method: 'mg1', arrival: 'gamma', arrival_cv: 1 }).warnings).toEqual([]);
  const saturated = predict({ ...base, rate: 100, method: 'mg1', arrival: 'gamma', arrival_cv: 3 });
  expect(saturated.saturated).toBe(true);
  expect(saturated.warnings.map(({ code }) => code)).toEqual(['arrival_ignored']);
});

test('method mg1: size says of a bursty workload that it is taken as Poisson, in its rows and in a warning', () => {
  const question = {
    model: base.model,
    gpu: ['a100-80gb'],
    rate: 1,
    method: 'mg1' as const,
    sla: { ttft_p95: 60_000, tpot_p95: 200 },
  };
  const code = size({ ...question, workload: 'code' });
  const [row] = code.recommendations;
  expect(row?.trust.kind).toBe('critical');
  expect(row?.trust.sentence).toMatch(NOT_FOLLOWED);
  expect(code.warnings).toContainEqual({ code: 'arrival_ignored', sentence: row?.trust.sentence });
  expect(size({ ...question, workload: 'chat' }).warnings).toEqual([]);
});
