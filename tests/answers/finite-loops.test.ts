import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  compareLoop,
  differenceOf,
  type ComparedLoop,
  type LoopFigure,
} from '../../scripts/closed-form/compare-loops.ts';
import { sampleQuantile } from '../../src-worker/engine/numerics/sample.ts';
import { MS_PER_S } from '../../src-worker/engine/units.ts';
import type { PredictInputDraft } from '../../src-worker/protocol/requests.ts';
import { predict } from './ask.ts';

const LOOP = {
  model: 'meta-llama/Llama-3.1-8B-Instruct',
  gpu: 'nvidia-h100-80gb',
  input_tokens: 500,
  output_tokens: 200,
} satisfies PredictInputDraft;

const rateOf = (draft: PredictInputDraft): number => predict(draft).throughput.requests_per_s ?? NaN;

describe('a closed loop of few requests', () => {
  test.each([
    [32, 64, 0, 0],
    [32, 48, 0.5, 0],
    [8, 20, 1, 0],
    [5, 9, 0.5, 2],
    [3, 5, 0.5, 0],
  ])(
    '%i users, %i requests: those in flight and those running are as Little says, and no more than the users',
    (concurrency, num_prompts, output_cv, think_time) => {
      for (const replicas of [1, 2]) {
        const { throughput, batch, ttft_ms, e2e_ms } = predict({
          ...LOOP,
          concurrency,
          num_prompts,
          output_cv,
          think_time,
          replicas,
        });
        const perReplica = (throughput.requests_per_s ?? NaN) / MS_PER_S / replicas;
        expect((batch.mean_running ?? NaN) / (perReplica * ((e2e_ms.mean ?? NaN) - (ttft_ms.mean ?? NaN)))).toBeCloseTo(
          1,
          6,
        );
        expect(perReplica * ((e2e_ms.mean ?? NaN) + think_time * MS_PER_S)).toBeLessThanOrEqual(
          (concurrency / replicas) * 1.001,
        );
      }
    },
  );

  test('one user is never without an answer on the way: as many a second as one after the other', () => {
    for (const output_cv of [0, 1]) {
      const { throughput, e2e_ms } = predict({ ...LOOP, output_cv, concurrency: 1, num_prompts: 7 });
      expect(((throughput.requests_per_s ?? NaN) * (e2e_ms.mean ?? NaN)) / MS_PER_S).toBeCloseTo(1, 2);
    }
  });

  test('the more requests, the less its end weighs: up to the loop that goes on for ever', () => {
    for (const draft of [
      { ...LOOP, concurrency: 32, output_cv: 0.7 },
      { ...LOOP, concurrency: 32, output_cv: 0.7, think_time: 1 },
    ]) {
      const rates = [1, 2, 4, 8, 16, 32, 1000].map((each) => rateOf({ ...draft, num_prompts: 32 * each }));
      expect(rates).toEqual([...rates].sort((a, b) => a - b));
      expect(rates.at(-1)).toBeLessThan(rateOf(draft));
      expect((rates.at(-1) ?? NaN) / rateOf(draft)).toBeGreaterThan(0.995);
    }
  });

  test('answers of one length: a round that is not full takes nearly as long as one that is', () => {
    const wallS = (num_prompts: number): number => num_prompts / rateOf({ ...LOOP, concurrency: 32, num_prompts });
    expect(wallS(33)).toBeGreaterThan(1.6 * wallS(32));
    expect(wallS(33)).toBeLessThan(wallS(48));
    expect(wallS(48)).toBeLessThan(wallS(64));
  });

  test('the more lengths differ, the longer the last answers keep it going', () => {
    const rates = [0, 0.3, 0.6, 1].map((output_cv) => rateOf({ ...LOOP, output_cv, concurrency: 32, num_prompts: 64 }));
    expect(rates).toEqual([...rates].sort((a, b) => b - a));
  });
});

describe('closed loops of any lengths, pauses and numbers of requests', () => {
  const shapes = [
    [1000, 2],
    [1000, 200],
    [9000, 20],
  ] as const;
  const drafts = shapes.flatMap(([input_tokens, output_tokens]) =>
    [0, 0.05, 2, 60].flatMap((think_time) =>
      [1, 7, 64, 300].flatMap((concurrency) =>
        [null, 5, 200, 3000].map((num_prompts) => ({
          ...LOOP,
          input_tokens,
          output_tokens,
          think_time,
          concurrency,
          ...(num_prompts !== null && { num_prompts }),
        })),
      ),
    ),
  );

  test.each(drafts)('%o: times are no less than a request alone takes, in order, and add up', (draft) => {
    const { ttft_ms, tpot_ms, e2e_ms, batch } = predict(draft);
    const alone = predict({ ...draft, concurrency: 1, num_prompts: 1, think_time: 0 });
    const least = 0.9 * (alone.e2e_ms.mean ?? NaN);
    for (const summary of [ttft_ms, tpot_ms, e2e_ms]) {
      const ordered = [0, summary.p50, summary.p90, summary.p95, summary.p99].map((ms) => ms ?? NaN);
      expect(ordered).toEqual([...ordered].sort((a, b) => a - b));
    }
    expect(e2e_ms.mean).toBeGreaterThan(least);
    expect(e2e_ms.p50).toBeGreaterThan(0.9 * least);
    expect(e2e_ms.mean).toBeGreaterThan(ttft_ms.mean ?? NaN);
    expect(batch.mean_running).toBeGreaterThan(0);
    expect(batch.mean_running).toBeLessThanOrEqual(Math.max(batch.max_running ?? NaN, 1));
    expect(batch.mean_running).toBeLessThanOrEqual(draft.concurrency);
  });

  test('users who pause longer than their prompts take do not begin together: a run has the tail of the endless loop', () => {
    const draft = { ...LOOP, input_tokens: 1000, output_cv: 0.5, concurrency: 64, think_time: 2 };
    const [endless, run] = [predict(draft), predict({ ...draft, num_prompts: 200 })];
    expect((run.ttft_ms.p99 ?? NaN) / (endless.ttft_ms.p99 ?? NaN)).toBeGreaterThan(0.7);
    expect((run.ttft_ms.p99 ?? NaN) / (endless.ttft_ms.p99 ?? NaN)).toBeLessThan(1.3);
  });

  test('pauses far shorter than the opening burst leave it: trust says so', () => {
    const draft = { ...LOOP, input_tokens: 1000, concurrency: 64, think_time: 0.05 };
    expect(predict(draft).trust?.kind).toBe('critical');
    expect(predict({ ...draft, think_time: 60 }).trust?.kind).toBe('ok');
  });
});

describe('users who are fewer than the replicas', () => {
  test('each has one for itself, the others have nothing to do', () => {
    const [alone, three] = [predict({ ...LOOP, concurrency: 1 }), predict({ ...LOOP, concurrency: 3, replicas: 4 })];
    expect((three.throughput.requests_per_s ?? NaN) / (alone.throughput.requests_per_s ?? NaN)).toBeCloseTo(3, 6);
    expect(three.ttft_ms).toEqual(alone.ttft_ms);
    expect(three.batch).toEqual(alone.batch);
  });

  test.each([
    { concurrency: 3, replicas: 4 },
    { concurrency: 3, replicas: 4, num_prompts: 3 },
    { concurrency: 3, replicas: 4, num_prompts: 10 },
    { concurrency: 5, replicas: 4, num_prompts: 23 },
    { concurrency: 7, replicas: 4, num_prompts: 14, output_cv: 0.5 },
  ])('%o: throughput and running as simulated', (draft) => {
    const { figures } = compareLoop({ ...LOOP, ...draft }, draft.num_prompts ? 1000 : 1);
    for (const figure of ['requests_per_s', 'mean_running'] as const) {
      expect(Math.abs(figures[figure].closed / figures[figure].simulated - 1)).toBeLessThan(0.04);
    }
  });
});

/** Every so many of the stored loops; `npm run report:closed-loops [-- FILE]` takes all, and simulates more requests. */
const REQUESTS = 500;
function comparedLoops(name: string, every: number): ComparedLoop[] {
  const file = new URL(`../../scripts/closed-form/${name}`, import.meta.url);
  const drafts = JSON.parse(readFileSync(file, 'utf8')) as PredictInputDraft[];
  return drafts.filter((_, i) => i % every === 0).map((draft) => compareLoop(draft, REQUESTS));
}

/** |closed form / simulation - 1| of some figure, per cent, in the median and for nine in ten. */
function sizesOf(compared: readonly ComparedLoop[], figure: LoopFigure): { median: number; p90: number } {
  const sizes = compared.map((one) => Math.abs(differenceOf(one, figure))).filter(Number.isFinite);
  return { median: sampleQuantile(sizes, 0.5), p90: sampleQuantile(sizes, 0.9) };
}

const compared = comparedLoops('loops.json', 3);
const comparedShort = comparedLoops('loops-short.json', 2);

/** Measured over all of them, median and 90 %: 1.3 / 5.3, 1.0 / 4.1, 1.1 / 8, 1.0 / 2.9. What a third with few requests is off by itself is allowed for. */
test.each<[LoopFigure, number, number]>([
  ['requests_per_s', 2.3, 7],
  ['output_tokens_per_s', 2, 6],
  ['mean_running', 2, 8],
  ['e2e mean', 1.6, 5],
  // Of percentiles as this third has them, and half as much again; those of TTFT are the scale of a measured mean (decision 34).
  ['e2e p50', 6, 9.9],
  ['e2e p95', 3.7, 19],
  ['ttft p50', 9, 72],
  ['ttft p95', 39, 133],
])(
  '%s of the stored loops: within %d and %d per cent of the simulation, in the median and for nine in ten',
  (figure, median, p90) => {
    const sizes = sizesOf(compared, figure);
    expect(sizes.median).toBeLessThanOrEqual(median);
    expect(sizes.p90).toBeLessThanOrEqual(p90);
  },
);

/** Measured, and half as much again. Waits of prompts behind all others in every round are not followed: trust is critical. */
test.each<[LoopFigure, number, number]>([
  ['requests_per_s', 6.3, 27],
  ['e2e mean', 8.8, 29],
  ['e2e p50', 26, 33],
  ['ttft p50', 9.7, 45],
])(
  '%s of stored loops of short answers: within %d and %d per cent of the simulation, in the median and for nine in ten',
  (figure, median, p90) => {
    const sizes = sizesOf(comparedShort, figure);
    expect(sizes.median).toBeLessThanOrEqual(median);
    expect(sizes.p90).toBeLessThanOrEqual(p90);
  },
);
