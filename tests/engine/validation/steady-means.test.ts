import { evaluateBatching } from '../../../src-worker/engine/batching/closed-form.ts';
import { describe, expect, test } from 'vitest';
import { evaluateClosedLoop } from '../../../src-worker/engine/batching/closed-loop.ts';
import { saturationRate } from '../../../src-worker/engine/batching/saturation-rate.ts';
import type { BatchingSubject } from '../../../src-worker/engine/batching/subject.ts';
import { stepTimeMs } from '../../../src-worker/engine/roofline/step-time.ts';
import { benchmarkMeans, burstSteps } from '../../../src-worker/engine/validation/benchmark-means.ts';
import type { Benchmark } from '../../../src-worker/engine/validation/benchmark.ts';
import type { Measurement } from '../../../src-worker/engine/validation/types.ts';
import { steadyMeans } from '../../../src-worker/engine/validation/steady-means.ts';
import { fixedPrefixCache, requestLengths } from '../../../src-worker/engine/workload/lengths.ts';
import { STUDY } from '../roofline/study-profile.ts';
import { calibrationOf } from '../world.ts';
import { benchmarkOf, planFor } from './rows.ts';

/** A benchmark as the closed form that sizing uses is asked about it. */
function subjectOf(b: Benchmark): BatchingSubject {
  const exactly = (tokens: number) => ({ mean: tokens, std: 0, min: tokens, max: tokens });
  return {
    // Bounds of agreement were found with these constants; a refit of the bundled profile is no reason to move them.
    plan: planFor(b, STUDY),
    lengths: requestLengths({
      promptParts: [exactly(b.promptTokens)],
      output: exactly(b.outputTokens),
      cache: fixedPrefixCache(b.cachedTokens, 1),
      maxContextTokens: null,
    }),
    maxNumBatchedTokens: b.maxNumBatchedTokens,
    maxNumSeqs: Math.max(1, Math.floor(b.seats)),
    kvCacheTokens: Infinity,
    scvArrival: b.scvArrival,
    population: null,
  };
}

/** Models and GPUs of the catalogs under short, long, cached and single-token work. */
const SET_UPS: Partial<Measurement>[] = [
  { model: 'meta-llama/Llama-3.1-8B-Instruct', gpu: 'nvidia-h100-80gb', inputTokens: 1000, outputTokens: 200 },
  { model: 'meta-llama/Llama-3.1-8B-Instruct', gpu: 'nvidia-l4', inputTokens: 250, outputTokens: 150 },
  { model: 'meta-llama/Llama-2-7b-hf', gpu: 'nvidia-a100-80gb', inputTokens: 512, outputTokens: 512 },
  {
    model: 'meta-llama/Llama-3.1-70B-Instruct',
    gpu: 'nvidia-h100-80gb',
    tensorParallel: 4,
    inputTokens: 800,
    outputTokens: 300,
  },
  { model: 'Qwen/Qwen3-30B-A3B', gpu: 'nvidia-h200', inputTokens: 1024, outputTokens: 1024 },
  { model: 'google/gemma-2-9b', gpu: 'nvidia-a100-80gb', inputTokens: 1200, outputTokens: 100 },
  {
    model: 'meta-llama/Llama-3.1-8B-Instruct',
    gpu: 'nvidia-h100-80gb',
    inputTokens: 3000,
    prefixTokens: 2400,
    outputTokens: 250,
  },
];
const LOADS = [0.05, 0.3, 0.55, 0.78];
const named = (b: Benchmark): string => `${b.row.model} on ${b.row.gpu}`;

const open = (set: Partial<Measurement>, arrival: string | null = null) =>
  benchmarkOf({ ...set, kind: 'open_loop', arrival, requestRatePerS: 1, batchOrConcurrency: null });

describe('steady means against the closed form that sizing uses', () => {
  // Near saturation small differences of the step feed back into themselves: there the two are farther apart.
  test.each([
    // Few tokens touch few experts: the step of a mixture bends most here.
    [0.05, 2, 3],
    [0.3, 1, 3],
    [0.55, 2, 4],
    [0.78, 5.5, 6],
  ])(
    'open loops at %f of saturation: TPOT within %f %%, TTFT within %f %%',
    (load, mostTpotPercent, mostTtftPercent) => {
      const off: string[] = [];
      for (const set of SET_UPS) {
        for (const arrival of [null, 'constant']) {
          const b = open(set, arrival);
          // Prompts that do not fit into a step together are cut by the closed form, and on average by the means.
          if (b.promptTokens - b.cachedTokens > b.maxNumBatchedTokens / 2) continue;
          const subject = subjectOf(b);
          const ratePerMs = load * saturationRate(subject).perMs;
          const outcome = evaluateBatching(subject, ratePerMs);
          if (outcome.kind !== 'steady') throw new Error(`${named(b)} saturates`);
          const own = steadyMeans(b, subject.plan, { kind: 'open', ratePerMs }, 0);
          const tpot = (own.tpotMs / outcome.tpotMs.mean - 1) * 100;
          const ttft = (own.ttftMs / outcome.ttftMs.mean - 1) * 100;
          if (Math.abs(tpot) > mostTpotPercent || Math.abs(ttft) > mostTtftPercent)
            off.push(`${named(b)} ${arrival ?? 'poisson'}: TPOT ${tpot.toFixed(2)} TTFT ${ttft.toFixed(2)}`);
        }
      }
      expect(off).toEqual([]);
    },
  );

  test('closed loops: TPOT and rate within 2 %, TTFT within 3 %', () => {
    const off: string[] = [];
    for (const set of SET_UPS) {
      for (const clients of [1, 4, 16, 64]) {
        const b = benchmarkOf({ ...set, kind: 'closed_loop', batchOrConcurrency: clients });
        if (clients > b.seats) continue;
        const subject = subjectOf(b);
        const waited = burstSteps(b, calibrationOf());
        const lockstepPrefills = clients === 1 ? null : waited;
        const saturationPerMs = saturationRate(subject).perMs;
        const question = { subject, users: clients, thinkTimeMs: 0, saturationPerMs, lockstepPrefills };
        const closed = evaluateClosedLoop(question);
        if (!closed) throw new Error(`${named(b)} serves nobody`);
        const own = steadyMeans(b, subject.plan, { kind: 'closed', clients }, waited);
        const tpot = own.tpotMs / closed.outcome.tpotMs.mean - 1;
        const ttft = own.ttftMs / (closed.outcome.ttftMs.mean + closed.seatWaitMs) - 1;
        const rate = own.requestsPerMs / closed.ratePerMs - 1;
        if (Math.abs(tpot) > 0.02 || Math.abs(rate) > 0.02 || Math.abs(ttft) > 0.03)
          off.push(
            `${named(b)}, ${clients} clients: TPOT ${tpot.toFixed(4)} TTFT ${ttft.toFixed(4)} rate ${rate.toFixed(4)}`,
          );
      }
    }
    expect(off).toEqual([]);
  });
});

describe('laws of the steady means', () => {
  test("Little's law: sequences under way are their rate times their time, open and closed", () => {
    for (const set of SET_UPS) {
      const b = open(set);
      const plan = planFor(b, STUDY);
      const most = saturationRate(subjectOf(b)).perMs;
      for (const load of LOADS) {
        const s = steadyMeans(b, plan, { kind: 'open', ratePerMs: load * most }, 0);
        expect(s.decodes / (s.requestsPerMs * (b.outputTokens - 1) * s.tpotMs)).toBeCloseTo(1, 2);
        expect(s.isSaturated).toBe(false);
      }
      for (const clients of [1, 2, 8, 32]) {
        const s = steadyMeans(b, plan, { kind: 'closed', clients }, 0);
        expect(s.requestsPerMs * (s.ttftMs + (b.outputTokens - 1) * s.tpotMs), `${named(b)} ${clients}`).toBeCloseTo(
          Math.min(clients, b.seats),
          -Math.log10(0.02 * clients),
        );
      }
    }
  });

  test('more arrivals never make anything faster', () => {
    for (const set of SET_UPS) {
      for (const engineVersion of ['0.5.0', '0.10.2', '0.19.0']) {
        const b = open({ ...set, engineVersion });
        const plan = planFor(b, STUDY);
        const most = saturationRate(subjectOf(b)).perMs;
        let before = { ttftMs: 0, tpotMs: 0, decodes: 0 };
        for (let load = 0; load <= 0.9; load += 0.05) {
          const now = steadyMeans(b, plan, { kind: 'open', ratePerMs: load * most }, 0);
          expect(now.tpotMs, `${named(b)} ${engineVersion} ${load}`).toBeGreaterThanOrEqual(before.tpotMs * (1 - 2e-4));
          expect(now.ttftMs, `${named(b)} ${engineVersion} ${load}`).toBeGreaterThanOrEqual(before.ttftMs * (1 - 2e-4));
          expect(now.decodes, `${named(b)} ${engineVersion} ${load}`).toBeGreaterThanOrEqual(
            before.decodes * (1 - 2e-3),
          );
          before = now;
        }
      }
    }
  });

  test('more clients never make anything faster, and never give fewer answers', () => {
    for (const set of SET_UPS) {
      const b = benchmarkOf(set);
      const plan = planFor(b);
      let before = { tpotMs: 0, requestsPerMs: 0 };
      for (let clients = 1; clients <= Math.min(256, b.seats); clients *= 2) {
        const now = steadyMeans(b, plan, { kind: 'closed', clients }, 0);
        expect(now.tpotMs).toBeGreaterThanOrEqual(before.tpotMs * (1 - 1e-3));
        expect(now.requestsPerMs).toBeGreaterThanOrEqual(before.requestsPerMs * (1 - 1e-3));
        before = now;
      }
    }
  });

  test('a client alone waits for nobody: front, own prompt, own steps', () => {
    for (const set of SET_UPS) {
      const b = benchmarkOf({ ...set, batchOrConcurrency: 1 });
      const plan = planFor(b);
      const { ttftMs, prefillMs } = steadyMeans(b, plan, { kind: 'closed', clients: 1 }, 0);
      expect(ttftMs).toBeCloseTo(plan.ttftBaseMs + plan.tokenizeMsPerToken * b.promptTokens + prefillMs, 9);
      expect(burstSteps(b, calibrationOf())).toBe(0);
    }
  });

  test('beyond saturation says so', () => {
    const b = open(SET_UPS[0] as Partial<Measurement>);
    const most = saturationRate(subjectOf(b)).perMs;
    expect(steadyMeans(b, planFor(b), { kind: 'open', ratePerMs: 1.5 * most }, 0).isSaturated).toBe(true);
  });
});

describe('means of a benchmark', () => {
  const meansOf = (given: Partial<Measurement>) => {
    const b = benchmarkOf(given);
    return { b, means: benchmarkMeans(b, planFor(b), calibrationOf()) };
  };

  test('are finite and add up, for every kind', () => {
    for (const set of SET_UPS) {
      for (const kind of ['static_batch', 'offline_max', 'closed_loop', 'open_loop'] as const) {
        for (const outputTokens of [1, 2, 100]) {
          const { means } = meansOf({
            ...set,
            kind,
            outputTokens,
            batchOrConcurrency: 8,
            requestRatePerS: kind === 'open_loop' ? 0.5 : null,
          });
          for (const [name, value] of Object.entries(means)) {
            expect(Number.isFinite(value), `${kind} ${name}`).toBe(true);
            if (name !== 'tpotMs') expect(value, `${kind} ${name}`).toBeGreaterThan(0);
          }
          if (kind === 'closed_loop' || kind === 'open_loop')
            expect(means.e2eMs).toBeCloseTo(means.ttftMs + (outputTokens - 1) * means.tpotMs, 9);
        }
      }
    }
  });

  test('one client of an instance with several streams is one client, not one for each stream', () => {
    for (const split of [{ pipelineParallel: 2 }, { pipelineParallel: 4 }, { dataParallel: 2, tensorParallel: 1 }]) {
      const { b, means } = meansOf({ ...split, batchOrConcurrency: 1 });
      const underWay = means.requestsPerMs * b.streams * means.e2eMs;
      expect(underWay, JSON.stringify(split)).toBeCloseTo(1, 2);
    }
  });

  test('a static batch takes as long as its prompts and its steps, and waves follow one another', () => {
    const one = meansOf({ kind: 'static_batch', batchOrConcurrency: 8, maxNumSeqs: 8 }).means;
    expect(one.e2eMs).toBeCloseTo(one.ttftMs + 199 * one.tpotMs, 9);
    expect(one.requestsPerMs * one.e2eMs).toBeCloseTo(8, 9);
    const three = meansOf({ kind: 'static_batch', batchOrConcurrency: 24, maxNumSeqs: 8 }).means;
    expect(three.e2eMs).toBeCloseTo(3 * one.e2eMs, 6);
    expect(three.tpotMs).toBeCloseTo(one.tpotMs, 9);
  });

  test('an offline run never gives more answers than the closed loop of its seats', () => {
    for (const set of SET_UPS) {
      const { b, means } = meansOf({ ...set, kind: 'offline_max', batchOrConcurrency: null, numPrompts: 5000 });
      const full = steadyMeans(b, planFor(b), { kind: 'closed', clients: b.seats }, 0);
      expect(means.requestsPerMs).toBeLessThanOrEqual(full.requestsPerMs);
      expect(means.requestsPerMs).toBeGreaterThan(0.5 * full.requestsPerMs);
    }
  });

  test('a burst weighs less the longer the run, and nothing on an open loop', () => {
    const waitOf = (numPrompts: number | null, kind: 'closed_loop' | 'open_loop' = 'closed_loop'): number =>
      burstSteps(benchmarkOf({ kind, batchOrConcurrency: 16, numPrompts, requestRatePerS: 1 }), calibrationOf());
    expect(waitOf(16)).toBeGreaterThan(waitOf(160));
    expect(waitOf(160)).toBeGreaterThan(waitOf(1600));
    // Ten requests a client are taken where the source gives no number.
    expect(waitOf(null)).toBe(waitOf(160));
    expect(waitOf(160, 'open_loop')).toBe(0);
  });
});

describe('clients whose prompts outrun the steps', () => {
  test.each(['0.6.3', '0.10.2'])('wait in front of them: vLLM %s serves no more than it computes', (version) => {
    for (const outputTokens of [1, 2, 5]) {
      const b = benchmarkOf({ engineVersion: version, inputTokens: 4000, outputTokens, batchOrConcurrency: 128 });
      const plan = planFor(b);
      const s = steadyMeans(b, plan, { kind: 'closed', clients: 128 }, 0);
      const budget = b.maxNumBatchedTokens;
      // The most a step of prompts alone can compute in its time.
      const mostPerMs = budget / 4000 / stepTimeMs(plan, 0, 0, budget, budget * 2000, budget / 4000);
      expect(s.requestsPerMs, `${outputTokens} tokens`).toBeLessThan(mostPerMs * 1.01);
      const underWay = s.requestsPerMs * (s.ttftMs + (outputTokens - 1) * s.tpotMs);
      expect(underWay / Math.min(128, b.seats), `${outputTokens} tokens`).toBeCloseTo(1, 2);
    }
  });
});
