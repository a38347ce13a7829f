import { pathToFileURL } from 'node:url';
import { fabricFor } from '../../src-worker/engine/communication/fabric.ts';
import { precisionSupport } from '../../src-worker/engine/hardware/precision.ts';
import type { Precision } from '../../src-worker/engine/model/types.ts';
import { operatorWork } from '../../src-worker/engine/roofline/operator-work.ts';
import { RunningBatch } from '../../src-worker/engine/roofline/running-batch.ts';
import { compileStepPlan, planOf, type StepSubject } from '../../src-worker/engine/roofline/step-plan.ts';
import { stepTimeMs } from '../../src-worker/engine/roofline/step-time.ts';
import { calibrationOf, gpuOf, modelOf } from '../engine/world.ts';

/**
 * What a step time costs: `npm run bench:step [-- --json]`. One evaluation of a plan, one beside decodes that are set (as the
 * closed form asks), the work of a deployment, a plan from that work, and both together. The least of several rounds:
 * whatever else runs on the machine only adds to it.
 */
const DEPLOYMENTS: [model: string, gpu: string, tensorParallel: number, stages: number, precision: Precision][] = [
  ['meta-llama/Llama-3.1-8B-Instruct', 'nvidia-h100-80gb', 1, 1, 'fp16'],
  ['meta-llama/Llama-3.1-70B-Instruct', 'nvidia-h100-80gb', 4, 2, 'fp8'],
  ['openai/gpt-oss-120b', 'nvidia-h100-80gb', 4, 1, 'mxfp4'],
  ['google/gemma-3-27b-it', 'nvidia-h200', 2, 1, 'fp16'],
  ['deepseek-ai/DeepSeek-V3', 'nvidia-h200', 8, 1, 'fp8'],
  ['Qwen/Qwen3-Next-80B-A3B-Instruct', 'nvidia-h200', 4, 1, 'fp16'],
];
const ROUNDS = 25;
const STEPS_PER_ROUND = 50_000;
const PLANS_PER_ROUND = 200;
/** Steps beside the same decodes that are asked for at once. */
const COLUMN = 20;

export interface StepRow {
  deployment: string;
  decode_ns: number;
  mixed_ns: number;
  running_ns: number;
  work_us: number;
  plan_us: number;
  compile_us: number;
}

function subjectOf([modelId, gpuId, tensorParallel, stages, precision]: (typeof DEPLOYMENTS)[number]): StepSubject {
  const gpu = gpuOf(gpuId);
  const support = precisionSupport(gpu, precision);
  if (support.kind === 'unsupported') throw new Error(support.sentence);
  const between = stages > 1 ? fabricFor(gpu, tensorParallel * stages, null) : null;
  return {
    model: modelOf(modelId),
    gpu,
    gpuShare: 1,
    precision,
    support,
    kvBytesPerElement: 2,
    tensorParallel,
    fabric: fabricFor(gpu, tensorParallel, null),
    pipeline: between && { stages, fabric: between },
    calibration: calibrationOf(),
    generation: 'vllm-v1-late',
  };
}

/** Sums of what was measured, so that no call can be left out as useless. */
let sink = 0;

/** Nanoseconds of one call: the least of the rounds, after two that do not count. */
function nanoseconds(calls: number, call: (index: number) => number): number {
  const times: number[] = [];
  for (let round = -2; round < ROUNDS; round += 1) {
    let sum = 0;
    const start = performance.now();
    for (let index = 0; index < calls; index += 1) sum += call(index);
    if (round >= 0) times.push(((performance.now() - start) * 1e6) / calls);
    sink += sum;
  }
  return Math.min(...times);
}

export function measure(deployment: (typeof DEPLOYMENTS)[number]): StepRow {
  const [model, gpu, tensorParallel, stages, precision] = deployment;
  const subject = subjectOf(deployment);
  const { calibration } = subject;
  const work = operatorWork(subject);
  const plan = planOf(work, calibration);
  const batch = new RunningBatch();
  batch.set(plan, { busyDecodes: 64, contextTokens: 30_000 });
  const decodes = (index: number): number => 1 + (index & 255);
  const context = (index: number): number => decodes(index) * (500 + (index & 1023));
  const mixed = (index: number): number => stepTimeMs(plan, decodes(index), context(index), 512, 150_000, 1);
  const besideDecodes = (index: number): number => {
    for (let i = 0; i < COLUMN; i += 1) {
      batch.tokens[i] = 512 + ((index + i) & 255);
      batch.pairs[i] = 150_000;
      batch.endings[i] = 1;
    }
    batch.time(COLUMN);
    return batch.ms[0] as number;
  };
  const parallel = stages > 1 ? `TP ${tensorParallel} PP ${stages}` : `TP ${tensorParallel}`;
  return {
    deployment: `${model}, ${gpu}, ${parallel}, ${precision}`,
    decode_ns: nanoseconds(STEPS_PER_ROUND, (index) => stepTimeMs(plan, decodes(index), context(index), 0, 0, 0)),
    mixed_ns: nanoseconds(STEPS_PER_ROUND, mixed),
    running_ns: nanoseconds(STEPS_PER_ROUND / COLUMN, besideDecodes) / COLUMN,
    work_us: nanoseconds(PLANS_PER_ROUND, () => operatorWork(subject).floorBytes) / 1000,
    plan_us: nanoseconds(PLANS_PER_ROUND, () => planOf(work, calibration).launchMs) / 1000,
    compile_us: nanoseconds(PLANS_PER_ROUND, () => compileStepPlan(subject).launchMs) / 1000,
  };
}

const FIGURES: readonly [key: Exclude<keyof StepRow, 'deployment'>, heading: string][] = [
  ['decode_ns', 'decode ns'],
  ['mixed_ns', 'mixed ns'],
  ['running_ns', 'beside ns'],
  ['work_us', 'work us'],
  ['plan_us', 'plan us'],
  ['compile_us', 'both us'],
];

function print(rows: StepRow[]): void {
  const width = Math.max(...rows.map(({ deployment }) => deployment.length));
  console.log('Cost of one step time, of one beside decodes that are set, and of a plan: the least of several rounds');
  console.log([''.padEnd(width), ...FIGURES.map(([, heading]) => heading.padStart(9))].join(' '));
  for (const row of rows) {
    const cells = FIGURES.map(([key]) => row[key].toFixed(key.endsWith('_us') ? 2 : 0).padStart(9));
    console.log([row.deployment.padEnd(width), ...cells].join(' '));
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const rows = DEPLOYMENTS.map(measure);
  if (!Number.isFinite(sink)) throw new Error('a step time is not finite');
  if (process.argv.includes('--json')) console.log(JSON.stringify({ schema_version: 1, rows }, null, 2));
  else print(rows);
}
