import { describe, expect, test } from 'vitest';
import type { StepPlan } from '../../../src-worker/engine/roofline/step-plan.ts';
import { stepBreakdown, type StepBatch } from '../../../src-worker/engine/roofline/step-time.ts';
import { stepPlanOf } from '../world.ts';
import { decodes, planWith, prompt } from './made-plans.ts';

// Which roof a part stands under, on plans of round figures: with the plain maximum in place of the smooth one every sum can
// be checked by hand.

const FULL_ATTENTION = {
  windowTokens: null,
  readMsPerContextToken: 0,
  computeMsPerContextToken: 0,
  kvMsPerContextToken: 0,
  promptMsPerPair: 0,
  readMsPerSequence: 0,
  promptMsPerToken: 0,
};
const EXPERTS = stepPlanOf('mistralai/Mixtral-8x7B-v0.1', 'nvidia-a100-80gb', { tensorParallel: 2 }).experts;

const roofsOf = (plan: StepPlan, batch: StepBatch) => {
  const { memory_bandwidth: memory, compute, communication, overhead } = stepBreakdown(plan, batch).roofsMs;
  return { memory, compute, communication, overhead };
};
const near = (roofs: Partial<ReturnType<typeof roofsOf>>) =>
  Object.fromEntries(
    Object.entries({ memory: 0, compute: 0, communication: 0, overhead: 0, ...roofs }).map(([roof, ms]) => [
      roof,
      expect.closeTo(ms, 9) as number,
    ]),
  );

describe('roofs of a step, worked by hand', () => {
  test('attention projections and FFN stand each under its own: FFN of 75 rows computes while projections are read', () => {
    const plan = planWith({
      attentionProjections: { computeMsPerRow: 0.01, readMs: 1 },
      denseFfn: { computeMsPerRow: 0.02, readMs: 1 },
    });
    expect(roofsOf(plan, decodes(40))).toEqual(near({ memory: 2 }));
    expect(roofsOf(plan, decodes(75))).toEqual(near({ memory: 1, compute: 1.5 }));
    expect(roofsOf(plan, decodes(200))).toEqual(near({ compute: 2 + 4 }));
  });

  test('the head computes as many rows as it is padded to, and only those that sample', () => {
    const head = { computeMsPerRow: 0.01, readMs: 0.5 };
    expect(roofsOf(planWith({ head }), decodes(40))).toEqual(near({ memory: 0.5 }));
    expect(roofsOf(planWith({ head }), decodes(60))).toEqual(near({ compute: 0.6 }));
    // One token fills a tile of 64 rows: the cube root of 64^3 + 1^3.
    const rows = Math.cbrt(64 ** 3 + 1);
    expect(roofsOf(planWith({ head, headTileRowsCubed: 64 ** 3 }), decodes(1))).toEqual(near({ compute: 0.01 * rows }));
    // A prompt of 1,000 tokens samples once.
    expect(roofsOf(planWith({ head }), prompt(1000))).toEqual(near({ memory: 0.5 }));
  });

  test('experts are read and computed as far as they are touched, with what each of them costs beside its tokens', () => {
    if (!EXPERTS) throw new Error('Mixtral has experts');
    // Two ranks, two experts a token; four of the eight are touched whatever the tokens.
    const experts = {
      ...EXPERTS,
      numExperts: 8,
      expertsPerToken: 2,
      ranks: 2,
      leastTouched: 4,
      logMissPerToken: -1e-12,
      computeMsPerExpertToken: 0.1,
      readMs: 4,
    };
    // 1 token a rank: 2 x 2 rows and 4 x 4 beside them, 2 ms; half of the 4 ms is read.
    expect(roofsOf(planWith({ experts: { ...experts, extraTokensPerExpert: 3.9 } }), decodes(1))).toEqual(
      near({ memory: 2 }),
    );
    expect(roofsOf(planWith({ experts: { ...experts, extraTokensPerExpert: 5 } }), decodes(1))).toEqual(
      near({ compute: 0.1 * (4 + 4 * 5) }),
    );
  });

  test('layers with a window, with states and with compressed keys are judged apart', () => {
    const attention = [
      // 16 sequences read 1,000 tokens each.
      { ...FULL_ATTENTION, readMsPerContextToken: 1e-4, computeMsPerContextToken: 1e-5, kvMsPerContextToken: 1e-4 },
      // Of a window no more than 100 of them: 1,600 tokens, computed longer than they are read.
      {
        ...FULL_ATTENTION,
        windowTokens: 100,
        readMsPerContextToken: 1e-4,
        computeMsPerContextToken: 2e-4,
        kvMsPerContextToken: 2e-4,
      },
      { ...FULL_ATTENTION, readMsPerSequence: 0.01 },
    ];
    expect(roofsOf(planWith({ attention }), decodes(16, 1000))).toEqual(near({ memory: 1.6 + 0.16, compute: 0.32 }));
  });

  test('prompt attention computes, activations are read, messages and the host have roofs of their own', () => {
    const plan = planWith({
      attention: [{ ...FULL_ATTENTION, promptMsPerPair: 1e-6 }],
      activationMsPerToken: 1e-3,
      communicationLatencyMs: 0.3,
      communicationMsPerToken: 1e-3,
      launchMs: 2,
      sequenceMs: 0.05,
    });
    expect(roofsOf(plan, prompt(1000))).toEqual(
      near({ memory: 1, compute: 0.5, communication: 1.3, overhead: 2 + 0.05 }),
    );
  });

  test('time per sequence that hides behind the GPU is no overhead', () => {
    const plan = planWith({
      denseFfn: { computeMsPerRow: 0, readMs: 5 },
      sequenceMs: 0.05,
      hidesSequenceTime: true,
    });
    expect(roofsOf(plan, decodes(40))).toEqual(near({ memory: 5 }));
    // 8 ms for the sequences: 5 of them are hidden.
    expect(roofsOf(plan, decodes(160))).toEqual(near({ memory: 5, overhead: 3 }));
  });
});

test.each([
  ['meta-llama/Llama-2-7b-hf', 'nvidia-a100-80gb', {}],
  ['mistralai/Mixtral-8x7B-v0.1', 'nvidia-a100-80gb', { tensorParallel: 2 }],
  ['google/gemma-2-9b', 'nvidia-h100-80gb', {}],
  ['deepseek-ai/DeepSeek-V2-Lite', 'nvidia-h100-80gb', {}],
  ['Qwen/Qwen2.5-0.5B', 'nvidia-t4', {}],
] as const)('%s on %s: the roofs of a step add up to the step', (model, gpu, options) => {
  const plan = stepPlanOf(model, gpu, options);
  for (const batch of [decodes(1, 300), decodes(64, 900), decodes(700, 50), prompt(4000), prompt(3)]) {
    const { totalMs, roofsMs, hiddenMs, partsMs } = stepBreakdown(plan, batch);
    const sum = Object.values(roofsMs).reduce((total, ms) => total + ms, 0);
    // The smooth maximum of GPU and host lies above the sum of what does not hide.
    expect(sum - totalMs).toBeCloseTo(Math.max(0, hiddenMs - partsMs.sequences), 9);
  }
});
