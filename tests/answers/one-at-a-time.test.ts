import { expect, test } from 'vitest';
import { predict } from './ask.ts';

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
