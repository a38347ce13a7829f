import { describe, expect, test } from 'vitest';
import { timelineSpec, timelineTable } from '../../../src-renderer/charts/timeline-spec.ts';
import { TIMELINE } from '../fixtures/simulation.ts';

describe('the course of a simulation', () => {
  const spec = timelineSpec(TIMELINE);

  test('stands at the middle of each piece; both panels begin at zero and hold everything', () => {
    expect(spec.running.map(({ x }) => x)).toEqual([1, 3, 5, 7]);
    expect([spec.x.min, spec.x.max, spec.x.title]).toEqual([0, 8, 's since the start']);
    expect([spec.requests.min, spec.cache.min]).toEqual([0, 0]);
    expect(spec.requests.max).toBeGreaterThan(24);
    expect(spec.cache.max).toBeGreaterThan(1);
    expect(Math.max(...spec.cache.ticks)).toBe(1);
  });

  test('only pieces with preemptions have a bar, as tall as their share of the most', () => {
    expect(spec.preemptions).toEqual([{ x: 5, share: 1, count: 6 }]);
  });

  test('is one sentence for those who do not see it', () => {
    expect(spec.summary).toBe(
      'Over 8.00 s: at most 24 requests run and 11 wait, the KV cache is at most 99 % full, and requests are preempted 6 times.',
    );
    const calm = timelineSpec({ ...TIMELINE, preemptions: [0, 0, 0, 0] });
    expect(calm.summary).toMatch(/nothing is preempted\.$/);
  });

  test('of several replicas it is the course of one, and says so', () => {
    const several = timelineSpec(TIMELINE, 4);
    expect(several.summary).toMatch(/^Over 8\.00 s, on one of 4 replicas: at most 24 requests run/);
    expect(several.requests.title).toBe('requests per replica');
    const units = timelineTable(TIMELINE, 4).columns.map(({ unit }) => unit);
    expect(units.slice(1, 5)).toEqual(Array(4).fill('requests per replica'));
  });

  test('the keyboard hears each piece', () => {
    expect(spec.stops[2]?.text).toBe(
      '4.00 s to 6.00 s: 18.0 running (at most 23), 8.00 waiting (at most 11), KV cache 97 % (at most 99 %), 6 preempted',
    );
    expect(spec.stops[0]?.text).not.toContain('preempted');
  });

  test('minutes and hours where seconds are too many', () => {
    const scaled = (factor: number) =>
      timelineSpec({ ...TIMELINE, bin_s: 2 * factor, from_s: TIMELINE.from_s.map((s) => s * factor) });
    expect(scaled(100).x).toMatchObject({ title: 'min since the start', max: 800 / 60 });
    expect(scaled(10_000).x.title).toBe('h since the start');
  });

  test('a queue that is longer than the batch is in the picture', () => {
    expect(timelineSpec({ ...TIMELINE, max_waiting: [0, 900, 0, 0] }).requests.max).toBeGreaterThan(900);
  });

  test('an idle deployment has axes', () => {
    const none = [0, 0, 0, 0];
    const averages = { running: none, waiting: none, kv_cache_fraction: none };
    const idle = { ...TIMELINE, ...averages, max_running: none, max_waiting: none, max_kv_cache_fraction: none };
    const { requests, cache } = timelineSpec(idle);
    expect(requests.max).toBeGreaterThan(0);
    expect(cache.max).toBeGreaterThan(0);
  });

  test('the table is the very data', () => {
    const { columns, rows } = timelineTable(TIMELINE);
    expect(columns.map(({ label, unit }) => `${label}, ${unit}`)).toEqual([
      'From, s',
      'Running, requests',
      'Most running, requests',
      'Waiting, requests',
      'Most waiting, requests',
      'KV cache, %',
      'Fullest, %',
      'Preempted, times',
    ]);
    expect(rows[2]?.cells.map(({ value }) => value)).toEqual([4, 18, 23, 8, 11, 97, 99, 6]);
    expect(rows).toHaveLength(4);
  });
});
