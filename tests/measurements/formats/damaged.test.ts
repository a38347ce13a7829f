import { describe, expect, it } from 'vitest';
import { ConfigIqError } from '../../../src-worker/engine/errors.ts';
import { readBenchmarkText } from '../../../src-main/measurements/formats/registry.ts';
import { RESULT_COLUMNS } from '../../../src-worker/engine/validation/types.ts';
import { MEASUREMENT_COLUMNS } from '../../../src-worker/protocol/measurement-columns.ts';
import { randomFrom } from '../random.ts';
import { serveResult } from './serve-result.ts';

const statistics = (mean: number) => ({
  mean,
  median: mean,
  percentiles: { p50: mean, p90: mean, p95: mean, p99: mean },
});
const metric = (mean: number) => ({ successful: statistics(mean), total: statistics(mean) });
const DOCUMENTS: unknown[] = [
  serveResult({ ttfts: [0.1], itls: [[0.1]], output_lens: [2], errors: [''], p90_ttft_ms: 80 }),
  { elapsed_time: 20, num_requests: 100, total_num_tokens: 40_000, requests_per_second: 5, tokens_per_second: 2000 },
  { avg_latency: 2.5, latencies: [2.4, 2.6], percentiles: { 50: 2.5, 90: 2.58 } },
  {
    metadata: { guidellm_version: '0.8.0' },
    config: { spec: { data: [{ prompt_tokens: 300 }] } },
    benchmarks: [
      {
        type_: 'generative_benchmark',
        config: { strategy: { type_: 'constant', rate: 2, max_concurrency: 10 }, backend: { model: 'm' } },
        metrics: {
          request_totals: { successful: 60, errored: 1, incomplete: 3, total: 64 },
          requests_per_second: metric(2),
          request_latency: metric(1),
          prompt_token_count: metric(300),
          output_token_count: metric(100),
          time_to_first_token_ms: metric(50),
          inter_token_latency_ms: metric(10),
          output_tokens_per_second: metric(200),
          tokens_per_second: metric(800),
        },
      },
    ],
  },
  {
    load_summary: { count: 10, requested_rate: 4, achieved_rate: 4 },
    successes: {
      count: 10,
      latency: {
        request_latency: { mean: 1, p90: 1.1 },
        time_to_first_token: { mean: 0.1 },
        time_per_output_token: { mean: 0.01 },
      },
      throughput: { requests_per_sec: 4, output_tokens_per_sec: 400, total_tokens_per_sec: 800 },
      prompt_len: { mean: 100 },
      output_len: { mean: 100 },
    },
    failures: { count: 0 },
  },
];
const WORDS = [
  null,
  true,
  '',
  'x',
  '12 ms',
  'NaN',
  'inf',
  [],
  [null],
  {},
  { mean: 'x' },
  -1,
  0,
  1e-300,
  1e300,
  0.5,
  '__proto__',
  '=1',
];

/** The document with one of its values replaced by something else. */
function damaged(document: unknown, random: ReturnType<typeof randomFrom>): unknown {
  const copy: unknown = structuredClone(document);
  const places: [Record<string, unknown>, string][] = [];
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const fields = value as Record<string, unknown>;
    for (const key of Object.keys(fields)) {
      places.push([fields, key]);
      walk(fields[key]);
    }
  };
  walk(copy);
  const [fields, key] = random.of(places);
  if (random.below(6) === 0) Reflect.deleteProperty(fields, key);
  else fields[key] = WORDS[random.below(WORDS.length)];
  return copy;
}

describe('results with something else in the place of a value', () => {
  it('are told or read, and no row has a figure that was not measured', () => {
    const random = randomFrom(22);
    let rows = 0;
    for (let round = 0; round < 6000; round += 1) {
      let document = random.of(DOCUMENTS);
      for (let times = 1 + random.below(3); times > 0; times -= 1) document = damaged(document, random);
      const text = JSON.stringify(document);
      try {
        const { runs, skipped } = readBenchmarkText({ fileName: 'x', text });
        expect(
          skipped.every((reason) => reason.length > 10),
          text,
        ).toBe(true);
        for (const { row, notes, warnings } of runs) {
          rows += 1;
          for (const column of MEASUREMENT_COLUMNS) {
            const value = row[column];
            if (typeof value === 'number') expect(Number.isFinite(value), `${column} of ${text}`).toBe(true);
            if (RESULT_COLUMNS.includes(column))
              expect(value === null || Number(value) > 0, `${column} of ${text}`).toBe(true);
          }
          expect(['open_loop', 'closed_loop', 'offline_max', 'static_batch']).toContain(row.workload_kind);
          expect([...notes, ...warnings].join(), text).not.toMatch(/undefined|\[object/);
        }
      } catch (thrown) {
        if (!(thrown instanceof ConfigIqError)) throw new Error(`${String(thrown)} for ${text}`, { cause: thrown });
      }
    }
    // Most damage hits something that is not needed.
    expect(rows).toBeGreaterThan(3000);
  });
});
