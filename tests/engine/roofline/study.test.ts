import { describe, expect, test } from 'vitest';
import { fabricFor } from '../../../src-worker/engine/communication/fabric.ts';
import { precisionSupport } from '../../../src-worker/engine/hardware/precision.ts';
import type { Precision } from '../../../src-worker/engine/model/types.ts';
import { compileStepPlan } from '../../../src-worker/engine/roofline/step-plan.ts';
import { stepBreakdown, type StepPart } from '../../../src-worker/engine/roofline/step-time.ts';
import { gpuOf, modelOf } from '../world.ts';
import { STUDY } from './study-profile.ts';

/**
 * Decode steps by component as the study of the published measurements worked them out (its section 9): an implementation
 * independent of ours. Whatever the bundled profile becomes, these figures must come out with the study's constants.
 */
interface StudyRow {
  point: string;
  model: string;
  gpu: string;
  tp: number;
  precision: Precision;
  kvBytes?: 1 | 2;
  generation: string;
  batch: number;
  /** isl + osl / 2 of the measured run. */
  context: number;
  ms: Partial<Record<StepPart, number>>;
  /** Experts, with the tokens that touch as many of them as the study's uneven routing (0.59 of the tokens) does: ours is even. */
  expertsMs?: { tokens: number; ms: number };
}

const H100 = 'nvidia-h100-80gb';
const ROWS: StudyRow[] = [
  {
    point: 'blis_training_runs-0015',
    model: 'meta-llama/Llama-2-7b-hf',
    gpu: H100,
    tp: 1,
    precision: 'fp16',
    generation: 'vllm-v1-late',
    batch: 15.6,
    context: 699.5,
    ms: { projections: 4.44, kv_read: 2.05, activations: 0.01, head: 0.09, communication: 0 },
  },
  {
    point: 'blis_training_runs-0004',
    model: 'meta-llama/Llama-3.1-70B-Instruct',
    gpu: H100,
    tp: 4,
    precision: 'fp16',
    generation: 'vllm-v1-late',
    batch: 46.4,
    context: 715.5,
    ms: { projections: 11.83, kv_read: 0.97, activations: 0.17, head: 0.18, communication: 3.56 },
  },
  {
    point: 'aiconfigurator_silicon-0141',
    model: 'Qwen/Qwen3-32B',
    gpu: H100,
    tp: 4,
    precision: 'bf16',
    generation: 'vllm-v1b',
    batch: 30.9,
    context: 1280,
    ms: { projections: 5.43, kv_read: 1.17, activations: 0.06, head: 0.14, communication: 2.33 },
  },
  {
    point: 'aiconfigurator_silicon-0266',
    model: 'meta-llama/Llama-3.1-70B-Instruct',
    gpu: H100,
    tp: 4,
    precision: 'fp8',
    generation: 'vllm-v1b',
    batch: 15.8,
    context: 1382.4,
    ms: { projections: 6.6, kv_read: 0.81, activations: 0.06, head: 0.18, communication: 2.86 },
  },
  {
    point: 'aiconfigurator_silicon-0511',
    model: 'openai/gpt-oss-120b',
    gpu: H100,
    tp: 4,
    precision: 'mxfp4',
    generation: 'vllm-v1-late',
    batch: 15.8,
    context: 1382.4,
    ms: { projections: 0.16, kv_read: 0.08, activations: 0.01, head: 0.1, communication: 1.33 },
    expertsMs: { tokens: 0.59 * 15.8, ms: 1.24 },
  },
  {
    point: 'accelmark-0102',
    model: 'meta-llama/Meta-Llama-3-8B',
    gpu: H100,
    tp: 1,
    precision: 'bf16',
    generation: 'vllm-v0',
    batch: 1,
    context: 429.71,
    ms: { projections: 4.58, kv_read: 0.03, head: 0.34 },
  },
  {
    point: 'accelmark-0001',
    model: 'meta-llama/Meta-Llama-3-8B',
    gpu: 'nvidia-a100-80gb',
    tp: 1,
    precision: 'bf16',
    generation: 'vllm-v1-late',
    batch: 99.3,
    context: 429.71,
    ms: { projections: 10.65, kv_read: 3.59, activations: 0.13, head: 0.8 },
  },
  {
    point: 'qwen3_speed_benchmark-0025',
    model: 'Qwen/Qwen3-8B',
    gpu: 'nvidia-h20-96gb',
    tp: 1,
    precision: 'bf16',
    generation: 'sglang',
    batch: 1,
    context: 1025,
    ms: { projections: 9.56, kv_read: 0.08, head: 0.86 },
  },
  {
    point: 'llm_inference_bench_anl-0272',
    model: 'meta-llama/Meta-Llama-3-8B',
    gpu: H100,
    tp: 1,
    precision: 'fp16',
    generation: 'vllm-v0-early',
    batch: 15.9,
    context: 1536,
    ms: { projections: 4.67, kv_read: 1.45, activations: 0.01, head: 0.35 },
  },
  {
    point: 'trtllm_perf_overview-0229',
    model: 'meta-llama/Llama-3.3-70B-Instruct',
    gpu: 'nvidia-h200',
    tp: 2,
    precision: 'fp8',
    kvBytes: 1,
    generation: 'trtllm',
    batch: 820.1,
    context: 1500,
    ms: { projections: 43.22, kv_read: 33.34, activations: 2.21, communication: 9.18 },
  },
];

/** The study's constants are rounded, and its components to a hundredth of a ms. */
const RELATIVE = 0.03;
const ROUNDING_MS = 0.01;

function partsOf(row: StudyRow, batch = row.batch): Record<StepPart, number> {
  const gpu = gpuOf(row.gpu);
  const support = precisionSupport(gpu, row.precision);
  if (support.kind === 'unsupported') throw new Error(support.sentence);
  const plan = compileStepPlan({
    model: modelOf(row.model),
    gpu,
    gpuShare: 1,
    precision: row.precision,
    support,
    kvBytesPerElement: row.kvBytes ?? 2,
    tensorParallel: row.tp,
    fabric: fabricFor(gpu, row.tp, null),
    calibration: STUDY,
    generation: row.generation,
  });
  const { context } = row;
  const decode = { decodes: batch, contextTokens: batch * context, promptTokens: 0, promptPairs: 0, promptsEnding: 0 };
  return stepBreakdown(plan, decode).partsMs;
}

describe('agreement with the study', () => {
  test.each(ROWS)('$point: $model TP$tp $precision at $batch decodes, every component within 3 %', (row) => {
    const { expertsMs } = row;
    const partsMs = partsOf(row);
    if (expertsMs) expect(partsOf(row, expertsMs.tokens).experts).toBeCloseTo(expertsMs.ms, 1);
    for (const [name, ms] of Object.entries(row.ms) as [StepPart, number][]) {
      expect(Math.abs(partsMs[name] - ms), `${name}: ${partsMs[name]} for ${ms}`).toBeLessThan(
        RELATIVE * ms + ROUNDING_MS,
      );
    }
  });

  test('the one part that differs: the head at 820 decodes, 1.41 ms where the study has 1.33', () => {
    // It computes: 2 FLOP x 525e6 weights x 823 rows at its rate are 1.41 ms. Why the study has less is not known.
    const { head } = partsOf(ROWS.find(({ batch }) => batch === 820.1) as StudyRow);
    expect(head).toBeCloseTo(1.41, 2);
  });
});
