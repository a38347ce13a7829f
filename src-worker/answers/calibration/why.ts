import type { Novelty } from '../../engine/calibration/types.ts';
import { stepBreakdown, type StepBatch, type StepPart } from '../../engine/roofline/step-time.ts';
import { decodesOf } from '../../engine/validation/benchmark-traits.ts';
import { metricOfColumn } from '../../engine/validation/judged-columns.ts';
import type { PointColumn } from '../../protocol/accuracy.ts';
import type { ReadyBenchmark } from './benchmarks.ts';

/** What makes a figure hard to predict, told by what its prediction is made of; only of figures that were missed. */

/** Within this factor of the measured value a prediction is no miss. */
const MISS_FACTOR = 1.2;
/** What takes more than this share of a time decides it. */
const DECIDING_SHARE = 0.5;

export const missOf = ({ measured, predicted }: Pick<PointColumn, 'measured' | 'predicted'>): number =>
  Math.abs(Math.log(predicted / measured));
export const isMiss = (column: Pick<PointColumn, 'measured' | 'predicted'>): boolean =>
  missOf(column) >= Math.log(MISS_FACTOR);

const NOVELTY_REASONS: Readonly<Partial<Record<Novelty, string>>> = {
  gpu_unseen: 'GPU hardly or never measured',
  engine_unseen: 'Engine hardly or never measured',
  model_unseen: 'Architecture hardly or never measured',
};

type Reason = string;
type Phase = 'prefill' | 'decode';

/** Why a judged column was missed; `columns` = all of its row. */
export function whyOf(
  ready: ReadyBenchmark,
  novelty: Novelty,
  name: string,
  columns: Readonly<Record<string, PointColumn>>,
): Reason {
  const { benchmark } = ready;
  if (!benchmark.isGenerationKnown) return 'Engine version not stated';
  const unseen = NOVELTY_REASONS[novelty];
  if (unseen) return unseen;
  if (benchmark.kind === 'open_loop' && benchmark.row.regime === 'over_capacity') return 'Over capacity';
  if (isTail(name) && doesMiddleFit(name, columns)) return 'The middle fits, the tail does not';
  return REASON_OF[metricOfColumn(name)](ready);
}

const isTail = (column: string): boolean => /_p9\d$/.test(column);

function doesMiddleFit(tail: string, columns: Readonly<Record<string, PointColumn>>): boolean {
  const middle = columns[tail.replace(/p9\d$/, 'mean')] ?? columns[tail.replace(/p9\d$/, 'p50')];
  return middle !== undefined && !isMiss(middle);
}

const REASON_OF = {
  ttft: reasonOfTtft,
  tpot: reasonOfTpot,
  e2e: reasonOfE2e,
  throughput: reasonOfThroughput,
} satisfies Record<ReturnType<typeof metricOfColumn>, (ready: ReadyBenchmark) => Reason>;

/** The first token: what is received and tokenized, what is waited for, and the steps of the prompt itself; ms. */
function reasonOfTtft(ready: ReadyBenchmark): Reason {
  const { benchmark, plan, means } = ready;
  const { batch, steps } = prefillOf(ready);
  const front = plan.ttftBaseMs + plan.tokenizeMsPerToken * benchmark.promptTokens;
  const own = steps * stepBreakdown(plan, batch).totalMs;
  const waiting = Math.max(0, means.ttftMs - front - own);
  if (front > Math.max(own, waiting)) return `Receiving and tokenizing, ${shareText(front, means.ttftMs)} of TTFT`;
  return waiting > own ? reasonOfWaiting(ready, waiting) : reasonOfStep(ready, 'prefill');
}

function reasonOfWaiting({ benchmark: b, means }: ReadyBenchmark, waitingMs: number): Reason {
  const seatWaitMs = Math.max(0, b.requests - b.seats) / means.requestsPerMs;
  const words =
    b.kind !== 'closed_loop'
      ? 'Prompts queue for a step'
      : seatWaitMs > DECIDING_SHARE * waitingMs
        ? 'More clients than seats'
        : 'Clients fall into step';
  return `${words}: waiting is ${shareText(waitingMs, means.ttftMs)} of TTFT`;
}

/** Time per token: a decode step, and what prompts of others add to it. */
function reasonOfTpot(ready: ReadyBenchmark): Reason {
  const { benchmark, plan, means } = ready;
  const held = means.tpotMs - stepBreakdown(plan, decodeBatchOf(ready)).totalMs;
  if (held <= DECIDING_SHARE * means.tpotMs) return reasonOfStep(ready, 'decode');
  return benchmark.hasSeparatePrefill ? 'Old engine: prompts hold up decodes' : 'Prompts of others hold up decodes';
}

function reasonOfE2e(ready: ReadyBenchmark): Reason {
  const { benchmark, means } = ready;
  const laterMs = Math.max(0, benchmark.outputTokens - 1) * means.tpotMs;
  return means.ttftMs > laterMs ? reasonOfTtft(ready) : reasonOfTpot(ready);
}

/** A queue that never runs dry is as fast as prompts and decodes take of the steps; any other load as its requests are. */
function reasonOfThroughput(ready: ReadyBenchmark): Reason {
  const { benchmark, plan } = ready;
  if (benchmark.kind !== 'offline_max') return reasonOfE2e(ready);
  const { batch, steps } = prefillOf(ready);
  const decode = decodeBatchOf(ready);
  const promptMs = steps * stepBreakdown(plan, { ...batch, decodes: 0, contextTokens: 0 }).totalMs;
  const decodesMs = (benchmark.outputTokens * stepBreakdown(plan, decode).totalMs) / decode.decodes;
  return reasonOfStep(ready, promptMs > decodesMs ? 'prefill' : 'decode');
}

function decodeBatchOf({ benchmark: b, means }: ReadyBenchmark): StepBatch {
  const decodes = decodesOf(b, means);
  const contextTokens = decodes * (b.promptTokens + b.outputTokens / 2);
  return { decodes, contextTokens, promptTokens: 0, promptPairs: 0, promptsEnding: 0 };
}

/** One of the steps that compute a prompt, of a static batch all prompts, and how many there are. */
function prefillOf(ready: ReadyBenchmark): { batch: StepBatch; steps: number } {
  const { benchmark: b } = ready;
  const isStatic = b.kind === 'static_batch';
  const uncached = b.promptTokens - b.cachedTokens;
  const prompts = isStatic ? Math.max(1 / b.streams, Math.min(b.requests, b.seats)) : 1;
  const steps = Math.max(1, Math.ceil((prompts * uncached) / b.maxNumBatchedTokens));
  const promptTokens = (prompts * uncached) / steps;
  const { decodes, contextTokens } = decodeBatchOf(ready);
  const isAlone = isStatic || b.hasSeparatePrefill || b.requests === 1;
  return {
    batch: {
      decodes: isAlone ? 0 : decodes,
      contextTokens: isAlone ? 0 : contextTokens,
      promptTokens,
      promptPairs: promptTokens * (b.cachedTokens + uncached / 2),
      promptsEnding: prompts / steps,
    },
    steps,
  };
}

const HOST = 'host';
type Operator = Exclude<StepPart, 'launch' | 'sequences'> | typeof HOST;

const OPERATOR_WORDS: Readonly<Record<Operator, string>> = {
  projections: 'Projections',
  experts: 'Experts',
  kv_read: 'KV read',
  prompt_attention: 'Attention over the prompt',
  activations: 'Activations',
  head: 'LM head',
  communication: 'Communication between GPUs',
  all_to_all: 'All-to-all of experts',
  [HOST]: 'Host',
};
const WEIGHT_ONLY_WORDS: Readonly<Partial<Record<Operator, string>>> = {
  projections: 'Weight-only kernels',
  experts: 'Weight-only expert kernels',
};

/** The operator that takes the largest share of a step, the host's work taken together. */
function reasonOfStep(ready: ReadyBenchmark, phase: Phase): Reason {
  const { plan, benchmark } = ready;
  const batch = phase === 'decode' ? decodeBatchOf(ready) : prefillOf(ready).batch;
  const { partsMs, hiddenMs, totalMs } = stepBreakdown(plan, batch);
  const { launch, sequences, ...gpuMs } = partsMs;
  const hostMs = launch + Math.max(0, sequences - hiddenMs);
  const step = `a ${phase} step`;
  if (hostMs > DECIDING_SHARE * totalMs) return `Host-bound: the CPU is ${shareText(hostMs, totalMs)} of ${step}`;
  const operators = [...Object.entries(gpuMs), [HOST, hostMs] as const] as [Operator, number][];
  const [operator, ms] = operators.reduce((largest, one) => (one[1] > largest[1] ? one : largest));
  const isWeightOnly = benchmark.deployment.support.kind === 'weight_only';
  const words = (isWeightOnly ? WEIGHT_ONLY_WORDS[operator] : undefined) ?? OPERATOR_WORDS[operator];
  return `${words}, ${shareText(ms, totalMs)} of ${step}`;
}

const shareText = (ms: number, totalMs: number): string => `${Math.round((ms / totalMs) * 100)} %`;
