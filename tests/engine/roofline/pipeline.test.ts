import { describe, expect, test } from 'vitest';
import { fabricFor } from '../../../src-worker/engine/communication/fabric.ts';
import { precisionSupport } from '../../../src-worker/engine/hardware/precision.ts';
import type { Precision } from '../../../src-worker/engine/model/types.ts';
import { RunningBatch } from '../../../src-worker/engine/roofline/running-batch.ts';
import { pipelineExtraMs, type Pipeline } from '../../../src-worker/engine/roofline/pipeline.ts';
import { compileStepPlan, type StepPlan } from '../../../src-worker/engine/roofline/step-plan.ts';
import { stepBreakdown, stepTimeMs } from '../../../src-worker/engine/roofline/step-time.ts';
import { calibrationOf, gpuOf, modelOf } from '../world.ts';

const LLAMA_8B = 'meta-llama/Llama-3.1-8B-Instruct';

function planOf(model: string, tensorParallel: number, stages: number, precision: Precision = 'fp16'): StepPlan {
  const gpu = gpuOf('nvidia-h100-80gb');
  const support = precisionSupport(gpu, precision);
  if (support.kind === 'unsupported') throw new Error(support.sentence);
  const between = fabricFor(gpu, tensorParallel * stages, null);
  return compileStepPlan({
    model: modelOf(model),
    gpu,
    gpuShare: 1,
    precision,
    support,
    kvBytesPerElement: 2,
    tensorParallel,
    fabric: fabricFor(gpu, tensorParallel, null),
    pipeline: stages > 1 && between ? { stages, fabric: between } : null,
    calibration: calibrationOf(),
    generation: 'vllm-v1-late',
  });
}

const decodeMs = (plan: StepPlan, decodes: number, context = 1000): number =>
  stepTimeMs(plan, decodes, decodes * context, 0, 0, 0);

describe('by hand', () => {
  const even = { projections: 0.5, experts: 0, context: 0.5, promptAttention: 0, layers: 0.5 };
  const pipeline: Pipeline = {
    stages: [
      { ...even, head: 0 },
      { ...even, head: 1 },
    ],
    sendLatencyMs: 0.1,
    sendMsPerToken: 0.01,
  };
  const parts = { projections: 8, experts: 0, context: 2, promptAttention: 0, layers: 2, head: 1 };

  test('one token passes the stages alone: their sum, 13 ms, and one hand-over', () => {
    expect(pipelineExtraMs(pipeline, 1, parts)).toBeCloseTo(0.11, 12);
  });

  test('with both batches in flight twice the slowest stage: 2 x (6 + 1) = 14 ms in place of 13', () => {
    // The first stage takes 6 ms and hands over for 0.2, the last one 7 with the head.
    expect(pipelineExtraMs(pipeline, 10, parts)).toBeCloseTo(1, 12);
  });

  test('nothing to do, nothing to hand over', () => {
    expect(pipelineExtraMs(pipeline, 0, parts)).toBe(0);
  });
});

describe('shares of the stages', () => {
  test('add up, and follow the layers: 61 of DeepSeek-V3 in 4 stages are 15, 15, 16, 15, its dense ones in the first', () => {
    const { pipeline } = planOf('deepseek-ai/DeepSeek-V3', 8, 4, 'fp8');
    const shares = pipeline?.stages ?? [];
    expect(shares).toHaveLength(4);
    for (const part of ['projections', 'experts', 'context', 'promptAttention', 'layers', 'head'] as const) {
      expect(shares.reduce((sum, stage) => sum + stage[part], 0)).toBeCloseTo(1, 12);
    }
    expect(shares.map(({ layers }) => Math.round(layers * 61))).toEqual([15, 15, 16, 15]);
    // Three of the first fifteen layers have no experts.
    expect(shares[0]?.experts).toBeCloseTo(12 / 58, 12);
  });
});

describe('laws', () => {
  test('one stage is what it was: no pipeline at all', () => {
    expect(planOf(LLAMA_8B, 1, 1).pipeline).toBeNull();
  });

  test('as many sequences in every batch: stages x the throughput of one GPU is never beaten, with TP neither', () => {
    for (const [tp, pp] of [
      [1, 2],
      [1, 4],
      [1, 8],
      [2, 2],
      [2, 4],
      [4, 2],
    ] as const) {
      for (const decodes of [1, 2, 8, 64, 512]) {
        const one = decodes / decodeMs(planOf(LLAMA_8B, 1, 1), decodes);
        const all = (pp * decodes) / decodeMs(planOf(LLAMA_8B, tp, pp), decodes);
        expect(all, `TP ${tp} PP ${pp}, ${decodes} decodes`).toBeLessThanOrEqual(tp * pp * one);
        const split = decodes / decodeMs(planOf(LLAMA_8B, tp, 1), decodes);
        expect(all).toBeLessThanOrEqual(pp * split);
      }
    }
  });

  test('a step never falls below the work of its stages, nor below stages x the slowest once batches are full', () => {
    for (const pp of [2, 4, 8]) {
      for (const decodes of [1, 3, 100]) {
        const [whole, staged] = [planOf(LLAMA_8B, 1, 1), planOf(LLAMA_8B, 1, pp)].map((plan) =>
          stepBreakdown(plan, {
            decodes,
            contextTokens: decodes * 500,
            promptTokens: 0,
            promptPairs: 0,
            promptsEnding: 0,
          }),
        );
        if (!whole || !staged) throw new Error('no step');
        expect(staged.totalMs).toBeGreaterThan(whole.totalMs);
        if (decodes === 1) continue;
        const { head, projections } = whole.partsMs;
        // The last of the stages has at least its layers' matrices and the whole head.
        expect(staged.totalMs).toBeGreaterThanOrEqual(pp * (head + projections / pp));
      }
    }
  });

  test('the batch that is set once gives the same bits', () => {
    const batch = new RunningBatch();
    const plan = planOf(LLAMA_8B, 2, 4);
    for (const [decodes, prompt, ending] of [
      [0, 700, 1],
      [1, 0, 0],
      [17.5, 512, 2],
      [300, 8192, 3],
    ] as const) {
      batch.set(plan, { busyDecodes: decodes, contextTokens: decodes * 900 });
      expect(batch.stepMs(prompt, prompt * 300, ending)).toBe(
        stepTimeMs(plan, decodes, decodes * 900, prompt, prompt * 300, ending),
      );
    }
  });

  test('stages joined by PCIe hand over more slowly than over NVLink', () => {
    const gpu = gpuOf('nvidia-h100-80gb');
    const host = { interconnect: 'pcie', interconnectBandwidthPerDirectionBytesPerS: null } as const;
    const over = (fabric: ReturnType<typeof fabricFor>): number => {
      if (!fabric) throw new Error('no fabric');
      const support = precisionSupport(gpu, 'fp16');
      if (support.kind === 'unsupported') throw new Error(support.sentence);
      const shared = { model: modelOf(LLAMA_8B), gpu, gpuShare: 1, precision: 'fp16', support } as const;
      const plan = compileStepPlan({
        ...shared,
        kvBytesPerElement: 2,
        tensorParallel: 1,
        fabric: null,
        pipeline: { stages: 2, fabric },
        calibration: calibrationOf(),
        generation: 'vllm-v1-late',
      });
      return stepTimeMs(plan, 0, 0, 8192, 8192 * 4096, 1);
    };
    expect(over(fabricFor(gpu, 2, host))).toBeGreaterThan(over(fabricFor(gpu, 2, null)));
  });
});
