import type { BatchingSubject } from '../../../src-worker/engine/batching/subject.ts';
import { requestLengths } from '../../../src-worker/engine/workload/lengths.ts';
import type { LengthDistribution } from '../../../src-worker/engine/workload/types.ts';
import { stepPlanOf } from '../world.ts';

export interface Scenario {
  name: string;
  model: string;
  gpu: string;
  tensorParallel?: number;
  budget: number;
  promptParts: LengthDistribution[];
  output: LengthDistribution;
  hitFraction?: number;
  cacheableFraction?: number;
}

const lognormal = (mean: number, cv: number): LengthDistribution => ({ mean, std: mean * cv, min: 1, max: mean * 20 });

/** Deployments of the engine's own catalogs under the lengths of chat, retrieval, long answers and long prompts. */
export const SCENARIOS: Scenario[] = [
  {
    name: '7B A100 chat',
    model: 'meta-llama/Llama-2-7b-hf',
    gpu: 'nvidia-a100-80gb',
    budget: 2048,
    promptParts: [lognormal(50, 0.6), lognormal(200, 0.75)],
    output: lognormal(150, 0.53),
  },
  {
    name: '8B L4 short',
    model: 'meta-llama/Llama-3.1-8B-Instruct',
    gpu: 'nvidia-l4',
    budget: 2048,
    promptParts: [lognormal(250, 0.6)],
    output: lognormal(150, 0.5),
  },
  {
    name: '8B H100 long answers',
    model: 'meta-llama/Llama-3.1-8B-Instruct',
    gpu: 'nvidia-h100-80gb',
    budget: 8192,
    promptParts: [lognormal(500, 0.5)],
    output: lognormal(800, 0.5),
  },
  {
    name: '70B 4xH100',
    model: 'meta-llama/Llama-3.1-70B-Instruct',
    gpu: 'nvidia-h100-80gb',
    tensorParallel: 4,
    budget: 8192,
    promptParts: [lognormal(500, 0.6)],
    output: lognormal(300, 0.6),
  },
  {
    name: 'MoE H100',
    model: 'Qwen/Qwen3-30B-A3B',
    gpu: 'nvidia-h100-80gb',
    budget: 8192,
    promptParts: [lognormal(1000, 0.6)],
    output: lognormal(400, 0.6),
  },
  {
    name: '8B A100 retrieval with cache',
    model: 'meta-llama/Llama-3.1-8B-Instruct',
    gpu: 'nvidia-a100-80gb',
    budget: 2048,
    promptParts: [lognormal(2000, 0.4), lognormal(4000, 0.5)],
    output: lognormal(300, 0.5),
    hitFraction: 0.7,
    cacheableFraction: 0.75,
  },
];

export function subjectOf(scenario: Scenario): BatchingSubject {
  const { cacheableFraction = 0, hitFraction = 0 } = scenario;
  // API, tokenizing and pipeline time are outside the scheduler that the oracle follows.
  const plan = {
    ...stepPlanOf(scenario.model, scenario.gpu, { tensorParallel: scenario.tensorParallel ?? 1 }),
    ttftBaseMs: 0,
    tokenizeMsPerToken: 0,
    firstTokenWaitSteps: 0.5,
  };
  return {
    plan,
    lengths: requestLengths({
      promptParts: scenario.promptParts,
      output: scenario.output,
      cache: hitFraction > 0 ? { hitFraction, cachedTokensOf: (prompt) => prompt * cacheableFraction } : null,
      maxContextTokens: null,
    }),
    maxNumBatchedTokens: scenario.budget,
    maxNumSeqs: 1024,
    kvCacheTokens: 1e9,
    scvArrival: 1,
    population: null,
  };
}
