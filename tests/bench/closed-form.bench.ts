import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { evaluateInto } from '../../src-worker/engine/batching/closed-form.ts';
import { newEvaluation } from '../../src-worker/engine/batching/evaluation.ts';
import { solveLoad } from '../../src-worker/engine/batching/load-state.ts';
import { saturationRate } from '../../src-worker/engine/batching/saturation-rate.ts';
import type { BatchingSubject } from '../../src-worker/engine/batching/subject.ts';
import type { Precision } from '../../src-worker/engine/model/types.ts';
import { findCapacity } from '../../src-worker/engine/sizing/capacity.ts';
import { requestLengths, type LengthQuestion } from '../../src-worker/engine/workload/lengths.ts';
import type { LengthDistribution, Target } from '../../src-worker/engine/workload/types.ts';
import { facts, stepPlanOf } from '../engine/world.ts';

/**
 * What the closed form costs: `npm run bench:closed-form [-- --json]`. One evaluation with every percentile (TTFT, TPOT, E2E);
 * one in the bracketing mode (fixed point, mean time per token and distance to cache and seats: what rejects a rate or brackets
 * it); the bytes an evaluation leaves behind; one search of a capacity to 0.1 %. Deployments (dense, experts, tensor parallel)
 * x lengths (with and without a prefix cache) x Poisson and constant arrivals x loads. The least of five rounds over all of them:
 * whatever else runs on the machine only adds to it.
 */
const ROUNDS = 5;
const WARM_UP = 10;
const LOADS = [0.25, 0.55, 0.85];

type Deployment = [model: string, gpu: string, tensorParallel: number, precision: Precision];
const DEPLOYMENTS: Deployment[] = [
  ['meta-llama/Llama-2-7b-hf', 'nvidia-a100-80gb', 1, 'fp16'],
  ['meta-llama/Llama-3.1-8B-Instruct', 'nvidia-l4', 1, 'fp16'],
  ['meta-llama/Llama-3.1-8B-Instruct', 'nvidia-h100-80gb', 1, 'fp16'],
  ['meta-llama/Llama-3.1-70B-Instruct', 'nvidia-h100-80gb', 4, 'fp16'],
  ['meta-llama/Llama-3.1-70B-Instruct', 'nvidia-h200', 2, 'fp8'],
  ['google/gemma-3-27b-it', 'nvidia-h200', 2, 'fp16'],
  ['Qwen/Qwen3-30B-A3B', 'nvidia-h100-80gb', 1, 'fp16'],
  ['openai/gpt-oss-120b', 'nvidia-h100-80gb', 4, 'mxfp4'],
  ['deepseek-ai/DeepSeek-V3', 'nvidia-h200', 8, 'fp8'],
];

const tokens = (mean: number, cv: number): LengthDistribution => ({ mean, std: mean * cv, min: 1, max: 20 * mean });
const cached = (hitFraction: number, share: number): LengthQuestion['cache'] => ({
  hitFraction,
  cachedTokensOf: (prompt) => share * prompt,
});
const LENGTHS: Omit<LengthQuestion, 'maxContextTokens'>[] = [
  { promptParts: [tokens(50, 0.6), tokens(200, 0.75)], output: tokens(150, 0.53), cache: null },
  { promptParts: [tokens(500, 0.5)], output: tokens(800, 0.5), cache: null },
  { promptParts: [tokens(1000, 0.6)], output: tokens(400, 0.6), cache: cached(0.5, 0.5) },
  { promptParts: [tokens(2000, 0.4), tokens(4000, 0.5)], output: tokens(300, 0.5), cache: cached(0.7, 0.75) },
];
const [POISSON, CONSTANT] = [1, 0];

/** Batched tokens, seats and cache (tokens) of every replica. */
const LIMITS = { maxNumBatchedTokens: 8192, maxNumSeqs: 1024, kvCacheTokens: 1e6 };

function subjects(): BatchingSubject[] {
  return DEPLOYMENTS.flatMap(([model, gpu, tensorParallel, precision]) => {
    const plan = stepPlanOf(model, gpu, { tensorParallel, precision });
    return LENGTHS.flatMap((question) => {
      const lengths = requestLengths({ ...question, maxContextTokens: null });
      return [POISSON, CONSTANT].map((scvArrival) => ({ plan, lengths, ...LIMITS, scvArrival, population: null }));
    });
  });
}

/** Targets of chat, twice as long, so that the larger models meet them too. */
const targets: Target[] = (facts.workloads.find(({ name }) => name === 'chat')?.targets ?? []).map((target) => ({
  ...target,
  targetMs: 2 * target.targetMs,
}));

const replicas = subjects();
const cases = replicas.flatMap((subject) => {
  const { perMs } = saturationRate(subject);
  return LOADS.map((load) => ({ subject, ratePerMs: load * perMs }));
});
const evaluation = newEvaluation();
/** By index: an iterator would count as something that an evaluation allocates. */
const evaluateAll = (): void => {
  for (let i = 0; i < cases.length; i += 1) {
    const { subject, ratePerMs } = cases[i] as (typeof cases)[number];
    evaluateInto(evaluation, subject, ratePerMs);
  }
};
const bracketAll = (): void => {
  for (const { subject, ratePerMs } of cases) solveLoad(evaluation.load, subject, ratePerMs);
};
let numFound = 0;
const searchAll = (): void => {
  numFound = replicas.filter((subject) => findCapacity(subject, targets).kind === 'found').length;
};

/** Microseconds of one of the `count` things that `all` does, in the best round. */
function leastUs(all: () => void, count: number): number {
  for (let run = 0; run < WARM_UP; run += 1) all();
  let least = Infinity;
  for (let round = 0; round < ROUNDS; round += 1) {
    const start = performance.now();
    all();
    least = Math.min(least, performance.now() - start);
  }
  return Number(((1000 * least) / count).toFixed(1));
}

/** Rounds of evaluations after which the compiler is done with them, as it is in a sweep. */
const SWEPT_ROUNDS = 150;

/** Bytes by which the heap grows in an evaluation of a sweep: few enough of them that nothing is collected meanwhile. */
function allocatedBytes(): number {
  for (let round = 0; round < SWEPT_ROUNDS; round += 1) evaluateAll();
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  const before = process.memoryUsage().heapUsed;
  evaluateAll();
  return Math.round((process.memoryUsage().heapUsed - before) / cases.length);
}

const result = {
  evaluations: cases.length,
  searches: replicas.length,
  microseconds_per_evaluation: leastUs(evaluateAll, cases.length),
  microseconds_per_bracketing_evaluation: leastUs(bracketAll, cases.length),
  bytes_allocated_per_evaluation: allocatedBytes(),
  milliseconds_per_capacity_search: Number((leastUs(searchAll, replicas.length) / 1000).toFixed(3)),
  capacities_found: numFound,
};

if (process.argv.includes('--json')) console.log(JSON.stringify(result));
else {
  console.log('cost of the closed form, the best of five rounds');
  console.table(result);
}
