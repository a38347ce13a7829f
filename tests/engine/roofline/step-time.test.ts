import { describe, expect, test } from 'vitest';
import { parameterBreakdown } from '../../../src-worker/engine/model/parameters.ts';
import { analyzeModel } from '../../../src-worker/engine/model/analyze.ts';
import { gpuOf, modelOf, modelSource, stepPlanOf } from '../world.ts';
import { decodes } from './made-plans.ts';
import { precisionSupport } from '../../../src-worker/engine/hardware/precision.ts';
import type { Precision } from '../../../src-worker/engine/model/types.ts';
import type { StepPlan } from '../../../src-worker/engine/roofline/step-plan.ts';
import { stepBreakdown, stepTimeMs } from '../../../src-worker/engine/roofline/step-time.ts';

const CASES: [model: string, gpu: string, tp: number, precision: Precision][] = [
  ['meta-llama/Llama-2-7b-hf', 'nvidia-a100-80gb', 1, 'fp16'],
  ['meta-llama/Llama-3.1-8B-Instruct', 'nvidia-l4', 1, 'int4'],
  ['meta-llama/Llama-3.1-70B-Instruct', 'nvidia-h100-80gb', 4, 'fp8'],
  ['mistralai/Mixtral-8x7B-v0.1', 'nvidia-a100-80gb', 2, 'fp16'],
  ['Qwen/Qwen3-30B-A3B', 'nvidia-h100-80gb', 1, 'fp16'],
  ['Qwen/Qwen2.5-0.5B', 'nvidia-t4', 1, 'fp16'],
  ['openai/gpt-oss-20b', 'nvidia-b200', 1, 'mxfp4'],
];
const BATCHES = [1, 3, 8, 32, 128, 512];

describe('step time: laws', () => {
  test.each(CASES)('%s on %s, TP %i, %s: never faster than physics', (model, gpu, tp, precision) => {
    const plan = stepPlanOf(model, gpu, { tensorParallel: tp, precision });
    for (const batch of BATCHES) {
      const ms = stepTimeMs(plan, batch, batch * 500, 0, 0, 0);
      expect(ms).toBeGreaterThan(plan.weightReadFloorMs);
    }
    // A long prompt alone: 2 FLOP per active weight and token at the catalog's dense peak.
    const { activeParameters } = modelOf(model);
    const { embedding, head } = parameterBreakdown(modelOf(model));
    const support = precisionSupport(gpuOf(gpu), precision);
    if (support.kind === 'unsupported') throw new Error(support.sentence);
    const matrixWeights = activeParameters - embedding - head;
    const floorMs = ((2 * matrixWeights * 4096) / (support.peakFlopPerS * tp)) * 1000;
    expect(stepTimeMs(plan, 0, 0, 4096, 4096 * 2048, 1)).toBeGreaterThan(floorMs);
  });

  test.each(CASES)('%s on %s, TP %i, %s: more work never takes less time', (model, gpu, tp, precision) => {
    const plan = stepPlanOf(model, gpu, { tensorParallel: tp, precision });
    const at = (b: number, c: number, p: number): number => stepTimeMs(plan, b, b * c, p, (p * p) / 2, p > 0 ? 1 : 0);
    for (const batch of BATCHES) {
      expect(at(batch + 1, 500, 0)).toBeGreaterThanOrEqual(at(batch, 500, 0));
      expect(at(batch, 600, 0)).toBeGreaterThanOrEqual(at(batch, 500, 0));
      for (const prompt of [64, 512, 2048]) expect(at(batch, 500, prompt)).toBeGreaterThan(at(batch, 500, prompt / 2));
    }
  });

  test('weights a recipe leaves at 16 bit run at the 16-bit rates', () => {
    const gpu = 'nvidia-b200';
    const source = modelSource('meta-llama/Llama-3.1-8B-Instruct');
    const recipe = (ignore: string[]): StepPlan => {
      const quantization_config = { quant_method: 'modelopt', quant_algo: 'NVFP4', ignore };
      const config = { ...(source.config as object), quantization_config };
      return stepPlanOf(source.id, gpu, { precision: 'nvfp4', model: analyzeModel({ ...source, config }) });
    };
    const [all, kept] = [recipe(['lm_head']), recipe(['lm_head', '*self_attn*'])];
    const sixteen = stepPlanOf(source.id, gpu);
    expect(kept.attentionProjections.readMs).toBeCloseTo(sixteen.attentionProjections.readMs, 9);
    expect(kept.attentionProjections.computeMsPerRow).toBeCloseTo(sixteen.attentionProjections.computeMsPerRow, 12);
    expect(kept.denseFfn).toEqual(all.denseFfn);
    expect(all.attentionProjections.readMs).toBeLessThan(kept.attentionProjections.readMs);
    expect(all.head).toEqual(sixteen.head);
    // A head that is converted is read in its format.
    expect(recipe([]).head.readMs).toBeLessThan(sixteen.head.readMs);
  });

  test('parts add up to the step where nothing hides', () => {
    const plan = stepPlanOf('meta-llama/Llama-2-7b-hf', 'nvidia-h100-80gb', { generation: 'vllm-v0' });
    const { totalMs, partsMs, hiddenMs } = stepBreakdown(plan, decodes(40, 600));
    expect(hiddenMs).toBe(0);
    expect(Object.values(partsMs).reduce((sum, part) => sum + part, 0)).toBeCloseTo(totalMs, 9);
  });

  test('asynchronous scheduling hides the time per sequence until it outgrows the step', () => {
    const hidden = stepPlanOf('Qwen/Qwen2.5-0.5B', 'nvidia-h100-80gb');
    const few = stepBreakdown(hidden, decodes(4, 300));
    const many = stepBreakdown(hidden, decodes(1000, 300));
    expect(few.hiddenMs).toBeGreaterThan(0.95 * few.partsMs.sequences);
    expect(many.totalMs).toBeGreaterThan(many.partsMs.sequences);
  });

  test('more bandwidth never slows a step, and linear in context at fixed decodes', () => {
    const gpu = gpuOf('nvidia-a100-80gb');
    const fast = { ...gpu, memoryBandwidthBytesPerS: gpu.memoryBandwidthBytesPerS * 1.5 };
    const slowPlan = stepPlanOf('meta-llama/Llama-2-7b-hf', gpu.id);
    const fastPlan = stepPlanOf('meta-llama/Llama-2-7b-hf', gpu.id, { gpu: fast });
    for (const batch of BATCHES) {
      expect(stepTimeMs(fastPlan, batch, batch * 500, 0, 0, 0)).toBeLessThan(
        stepTimeMs(slowPlan, batch, batch * 500, 0, 0, 0),
      );
    }
    const plan = stepPlanOf('meta-llama/Llama-2-7b-hf', gpu.id, { generation: 'vllm-v0' });
    const at = (context: number): number => stepTimeMs(plan, 16, context, 0, 0, 0);
    expect(at(20_000) - at(10_000)).toBeCloseTo(at(10_000) - at(0), 6);
  });

  test('grouped-query attention reads fewer KV bytes: Llama-3.1-8B (8 KV heads) a quarter of Llama-2-7b (32)', () => {
    const readMs = (model: string): number =>
      stepPlanOf(model, 'nvidia-a100-80gb').attention.reduce((sum, group) => sum + group.readMsPerContextToken, 0);
    expect(readMs('meta-llama/Llama-3.1-8B-Instruct') / readMs('meta-llama/Llama-2-7b-hf')).toBeCloseTo(1 / 4, 9);
    // The arithmetic is that of as many query heads: it is what keeps the time from being a quarter, too.
    const kvMs = (model: string): number =>
      stepBreakdown(stepPlanOf(model, 'nvidia-a100-80gb'), decodes(32, 1000)).partsMs.kv_read;
    const share = kvMs('meta-llama/Llama-3.1-8B-Instruct') / kvMs('meta-llama/Llama-2-7b-hf');
    expect(share).toBeGreaterThan(0.24);
    expect(share).toBeLessThan(1);
  });

  test('doubling TP never doubles the speed, and PCIe is slower than NVLink', () => {
    const one = stepTimeMs(stepPlanOf('meta-llama/Llama-3.1-8B-Instruct', 'nvidia-h100-80gb'), 8, 4000, 0, 0, 0);
    const two = stepTimeMs(
      stepPlanOf('meta-llama/Llama-3.1-8B-Instruct', 'nvidia-h100-80gb', { tensorParallel: 2 }),
      8,
      4000,
      0,
      0,
      0,
    );
    expect(two).toBeGreaterThan(one / 2);
    expect(two).toBeLessThan(one);
  });
});
