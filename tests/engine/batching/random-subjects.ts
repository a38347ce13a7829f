import { evaluateBatching, type BatchingOutcome } from '../../../src-worker/engine/batching/closed-form.ts';
import { evaluateClosedLoop } from '../../../src-worker/engine/batching/closed-loop.ts';
import { firstTokenMean, type FirstTokenMean } from '../../../src-worker/engine/batching/first-token-parts.ts';
import { mostDecodes } from '../../../src-worker/engine/batching/fixed-point.ts';
import { saturationRate } from '../../../src-worker/engine/batching/saturation-rate.ts';
import type { BatchingSubject } from '../../../src-worker/engine/batching/subject.ts';
import { seededRandom, type RandomSource } from '../../../src-worker/engine/numerics/random.ts';
import { findCapacity } from '../../../src-worker/engine/sizing/capacity.ts';
import { requestLengths, type RequestLengths } from '../../../src-worker/engine/workload/lengths.ts';
import { stepPlanOf } from '../world.ts';

/** A rate that the closed form is asked about; requests per ms. */
export interface Asked {
  name: string;
  subject: BatchingSubject;
  ratePerMs: number;
}

const PLANS = (
  [
    ['meta-llama/Llama-3.1-70B-Instruct', 'nvidia-b200', 4],
    ['meta-llama/Llama-3.1-8B-Instruct', 'nvidia-h100-80gb', 1],
    ['meta-llama/Llama-3.1-8B-Instruct', 'nvidia-l4', 1],
    ['meta-llama/Llama-2-7b-hf', 'nvidia-a100-80gb', 2],
    ['mistralai/Mixtral-8x7B-v0.1', 'nvidia-h200', 2],
    ['Qwen/Qwen3-30B-A3B', 'nvidia-h100-80gb', 1],
    ['google/gemma-3-12b-it', 'nvidia-h100-80gb', 1],
    ['deepseek-ai/DeepSeek-V3', 'nvidia-b200', 8],
  ] as const
).map(([model, gpu, tensorParallel]) => ({
  name: `${model} on ${gpu}`,
  plan: stepPlanOf(model, gpu, { tensorParallel }),
}));

const pick = <T>(random: RandomSource, values: readonly T[]): T => {
  const value = values[Math.floor(random() * values.length)];
  if (value === undefined) throw new Error('there is nothing to pick from');
  return value;
};

/** Prompts and answers from one token to many chunks, alike and spread, with and without a cache. */
function lengthsOf(random: RandomSource): { name: string; lengths: RequestLengths } {
  const law = (mean: number) => {
    const cv = pick(random, [0, 0.3, 0.8, 1.5]);
    return { mean, std: mean * cv, min: 1, max: mean * 20 };
  };
  const [prompt, output] = [pick(random, [40, 250, 1500, 6000, 30_000]), pick(random, [1, 2, 20, 150, 600])];
  const hitFraction = pick(random, [0, 0, 0.5, 0.9]);
  const lengths = requestLengths({
    promptParts: random() < 0.3 ? [law(prompt), law(prompt / 2)] : [law(prompt)],
    output: law(output),
    cache: hitFraction > 0 ? { hitFraction, cachedTokensOf: (tokens) => 0.7 * tokens } : null,
    maxContextTokens: null,
  });
  return { name: `${prompt} / ${output} tokens`, lengths };
}

/** A plan under lengths that other plans are put under, too, as those of one question are; with room for all or for few. */
function subjectOf(random: RandomSource, workloads: readonly ReturnType<typeof lengthsOf>[]): Omit<Asked, 'ratePerMs'> {
  const { name, plan } = pick(random, PLANS);
  const { name: tokens, lengths } = pick(random, workloads);
  const subject = {
    plan,
    lengths,
    maxNumBatchedTokens: pick(random, [512, 2048, 8192]),
    maxNumSeqs: pick(random, [16, 256, 1024]),
    kvCacheTokens: lengths.moments.decodeContextMean * pick(random, [12, 60, 5000]),
    scvArrival: pick(random, [0, 0.4, 1, 1, 4]),
    population: pick(random, [null, null, null, 9]),
  };
  return { name: `${name}, ${tokens}, gaps of ${subject.scvArrival}`, subject };
}

const WORKLOADS = 16;
const SUBJECTS = 60;
/** Shares of the rate at which a replica saturates; the last one is beyond it. */
const SHARES = [0.01, 0.4, 0.75, 0.97, 1.3];

/** The same for the same seed, in every process. */
export function randomSubjects(seed: number): Asked[] {
  const random = seededRandom(seed);
  const workloads = Array.from({ length: WORKLOADS }, () => lengthsOf(random));
  return Array.from({ length: SUBJECTS }, (_, i) => {
    const { name, subject } = subjectOf(random, workloads);
    const { perMs } = saturationRate(subject);
    return SHARES.map((share) => ({ name: `${i}: ${name} at ${share}`, subject, ratePerMs: share * perMs }));
  }).flat();
}

/** What the closed form says at a rate: latencies and their parts. */
export interface Said {
  outcome: BatchingOutcome;
  parts: FirstTokenMean | null;
}

export const sayOf = ({ subject, ratePerMs }: Asked): Said => ({
  outcome: evaluateBatching(subject, ratePerMs),
  parts: firstTokenMean(subject, ratePerMs),
});

/** What else a process asks of the closed form: searches, closed loops in step, rates by themselves. */
export function askSomethingElse(random: RandomSource, { subject, ratePerMs }: Asked): void {
  const choice = Math.floor(random() * 5);
  if (choice === 0) saturationRate(subject);
  else if (choice === 1)
    findCapacity(subject, [{ metric: 'ttft_p95', targetMs: 2000, isGating: true, outputTokens: null }]);
  else if (choice === 2) firstTokenMean(subject, ratePerMs * random());
  else if (choice === 3) evaluateBatching({ ...subject, scvArrival: 0.2 }, ratePerMs * random());
  else {
    const users = Math.max(2, Math.min(40, Math.floor(mostDecodes(subject))));
    const thinkTimeMs = random() < 0.5 ? 0 : 400;
    const rounds = { clients: users, requestsPerClient: 10, outputStdTokens: 5 };
    const lockstepPrefills = 3;
    evaluateClosedLoop({ subject, users, thinkTimeMs, saturationPerMs: 1.2 * ratePerMs, lockstepPrefills, rounds });
  }
}
