import { servedContextTokens } from '../../engine/sizing/served-context.ts';
import { HOURS_PER_MONTH, MS_PER_S, SECONDS_PER_HOUR } from '../../engine/units.ts';
import type { Explanation, ExplanationPart } from '../../protocol/documents.ts';
import { metric } from '../../protocol/metrics.ts';
import { formatFixed, formatMs, formatPercent, formatSignificant, formatUsd } from '../../protocol/numbers.ts';
import { INPUTS, type InputName } from './inputs.ts';
import {
  activationParts,
  e2eMeanParts,
  freeParts,
  kvCacheParts,
  overheadParts,
  percentileParts,
  stepParts,
  tpotMeanParts,
  ttftMeanParts,
  weightParts,
} from './parts.ts';
import type { Explained } from './subject.ts';

/** What the registry does not say of a metric: its formula with the figures of a configuration, and what it rests on. */
export interface Account {
  kind: Explanation['kind'];
  calculation: (about: Explained, value: number, parts: readonly ExplanationPart[]) => string;
  parts?: (about: Explained) => ExplanationPart[];
  inputs: readonly InputName[];
  assumptions: readonly AssumptionName[];
}

export type AssumptionName = 'arrivals' | 'split' | 'lengths' | 'planned' | 'mean_step' | 'price' | 'memory';

/** `38 ms`, `$2.56`, `75 %`, as the window and the reports write them. */
function shown(id: string, value: number): string {
  const { format, unit } = metric(id);
  const text = format(value);
  if (unit === '' || unit.startsWith('US$')) return text;
  return unit.startsWith('%') ? `${text} ${unit}` : `${text} ${unit}`;
}

const rate = (perS: number): string => `${formatSignificant(perS)} requests/s`;
const perReplica = ({ chosen }: Explained): number => chosen.ratePerReplicaPerMs * MS_PER_S;
const capacityOf = ({ chosen }: Explained): number => chosen.load.ratePerMsAtCapacity * MS_PER_S;
const tokens = (count: number): string => formatFixed(count);

/** `17 + 12 − 3 + 9`, each as its part is written; what would read as zero is left to the list of parts. */
function termsText(parts: readonly ExplanationPart[], format: (value: number) => string): string {
  return parts
    .filter(({ value }) => /[1-9]/.test(format(value ?? 0)))
    .map(({ label, value }, index) => {
      const amount = value ?? 0;
      const sign = index === 0 ? (amount < 0 ? '−' : '') : amount < 0 ? ' − ' : ' + ';
      return `${sign}${format(Math.abs(amount))} (${label})`;
    })
    .join('');
}

const sumText =
  (id: string, format: (value: number) => string): Account['calculation'] =>
  (_, value, parts) =>
    `${termsText(parts, format)} = ${shown(id, value)}`;

const LATENCY_PARTS = { ttft: ttftMeanParts, tpot: tpotMeanParts, e2e: e2eMeanParts };
const LATENCY_INPUTS: Record<keyof typeof LATENCY_PARTS, readonly InputName[]> = {
  ttft: [
    'promptTokens',
    'computedTokens',
    'ratePerReplica',
    'running',
    'computePeak',
    'computeReached',
    'batchedTokens',
  ],
  tpot: ['running', 'context', 'weights', 'bandwidthPeak', 'bandwidthReached', 'ratePerReplica', 'computedTokens'],
  e2e: ['outputTokens', 'promptTokens', 'ratePerReplica', 'running', 'bandwidthReached', 'computeReached'],
};

const PERCENTILE_WORDS: Record<string, string> = { p50: 'Half', p90: '90 %', p95: '95 %', p99: '99 %' };

function latencyAccount(kind: keyof typeof LATENCY_PARTS, statistic: string): Account {
  const id = `${kind}_${statistic}`;
  const isMean = statistic === 'mean';
  const name = statistic.toUpperCase();
  return {
    kind: 'predicted',
    parts: (about) => {
      const mean = LATENCY_PARTS[kind](about);
      if (isMean) return mean;
      const value = metric(id).value(about.recommendation);
      return value === null ? [] : percentileParts(mean, value, name);
    },
    calculation: (about, value, parts) => {
      const sum = sumText(id, formatMs)(about, value, parts);
      if (isMean) return sum;
      return `${sum}. ${PERCENTILE_WORDS[statistic] ?? name} of the requests stay at or below: the distribution is computed over the lengths of the workload and what an arrival finds, and read there.`;
    },
    inputs: LATENCY_INPUTS[kind],
    assumptions: ['arrivals', 'split', 'lengths', 'planned', 'mean_step'],
  };
}

const latencies: Record<string, Account> = Object.fromEntries(
  (['ttft', 'tpot', 'e2e'] as const).flatMap((kind) =>
    ['mean', 'p50', 'p90', 'p95', 'p99'].map((statistic) => [`${kind}_${statistic}`, latencyAccount(kind, statistic)]),
  ),
);

const hourly = ({ chosen }: Explained): string => formatUsd(chosen.cost?.usdPerHour);

const costs: Record<string, Account> = {
  usd_per_hour: {
    kind: 'computed',
    parts: (about) => {
      const { chosen, recommendation } = about;
      const label = `${formatFixed(chosen.instances)} × ${chosen.instance.name}`;
      return [{ label, value: recommendation.cost.usd_per_hour, unit: 'US$/h', source: INPUTS.price(about).source }];
    },
    calculation: ({ chosen }, value) =>
      `${formatFixed(chosen.instances)} × ${formatUsd(chosen.cost?.usdPerHourPerInstance)} = ${shown('usd_per_hour', value)}`,
    inputs: ['instances', 'price'],
    assumptions: ['price'],
  },
  usd_per_month: {
    kind: 'computed',
    calculation: (about, value) => `${hourly(about)} × ${HOURS_PER_MONTH} h = ${shown('usd_per_month', value)}`,
    inputs: ['hourlyCost', 'instances', 'price'],
    assumptions: ['price'],
  },
  usd_per_request: {
    kind: 'computed',
    calculation: (about, value) =>
      `${hourly(about)} / (${formatFixed(SECONDS_PER_HOUR)} s × ${rate(about.plan.demand.rateReqPerS)}) = ${shown('usd_per_request', value)}`,
    inputs: ['hourlyCost', 'rate', 'price'],
    assumptions: ['price', 'planned'],
  },
  usd_per_1m_output_tokens: {
    kind: 'computed',
    calculation: (about, value) =>
      `${hourly(about)} / (${formatFixed(SECONDS_PER_HOUR)} s × ${rate(about.plan.demand.rateReqPerS)} × ${formatSignificant(about.replica.batching.lengths.moments.outputMean)} tokens) × 1,000,000 = ${shown('usd_per_1m_output_tokens', value)}`,
    inputs: ['hourlyCost', 'rate', 'outputTokens', 'price'],
    assumptions: ['price', 'planned'],
  },
};

/** What ended the search for a capacity: a target, or what the replica lacks. */
export function bindingText({ chosen }: Explained): string {
  const { binding } = chosen.load.capacity;
  const lacks: Record<string, string> = {
    compute: 'the GPU no longer keeps up',
    kv: 'the KV cache is nearly full',
    seats: 'nearly all of max_num_seqs are taken',
  };
  return lacks[binding] ?? `${metric(binding).label} breaks its target`;
}

const loads: Record<string, Account> = {
  speed_per_user: {
    kind: 'predicted',
    calculation: ({ recommendation }, value) =>
      `${formatFixed(MS_PER_S)} ms / ${formatMs(recommendation.tpot_ms.p50)} ms = ${shown('speed_per_user', value)}`,
    inputs: ['running', 'context', 'bandwidthReached'],
    assumptions: ['arrivals', 'planned'],
  },
  planned_requests_per_s: {
    kind: 'computed',
    calculation: ({ plan }, value) => `${plan.demand.explanation} = ${shown('planned_requests_per_s', value)}`,
    inputs: ['rate', 'outputTokens'],
    assumptions: [],
  },
  output_tokens_per_s: {
    kind: 'computed',
    calculation: ({ plan, replica }, value) =>
      `${rate(plan.demand.rateReqPerS)} × ${formatSignificant(replica.batching.lengths.moments.outputMean)} tokens = ${shown('output_tokens_per_s', value)}`,
    inputs: ['rate', 'outputTokens'],
    assumptions: ['planned'],
  },
  capacity_requests_per_s: {
    kind: 'predicted',
    calculation: (about, value) =>
      `At ${shown('capacity_requests_per_s', value)} every target is still met; just above, ${bindingText(about)}. The replica saturates at ${rate(about.chosen.load.saturation().perMs * MS_PER_S)}.`,
    inputs: ['promptTokens', 'outputTokens', 'seats', 'batchedTokens', 'bandwidthReached', 'computeReached'],
    assumptions: ['arrivals', 'lengths', 'mean_step'],
  },
  capacity_share: {
    kind: 'predicted',
    calculation: (about, value) =>
      `${formatSignificant(about.plan.demand.rateReqPerS)} / ${formatFixed(about.chosen.replicas)} = ${rate(perReplica(about))} of ${formatSignificant(capacityOf(about))}: ${shown('capacity_share', value)}`,
    inputs: ['rate', 'replicas', 'capacity', 'headroom'],
    assumptions: ['arrivals', 'split'],
  },
  room: {
    kind: 'predicted',
    calculation: (about, value) =>
      `${formatSignificant(capacityOf(about))} / ${rate(perReplica(about))} = ${shown('room', value)}`,
    inputs: ['capacity', 'ratePerReplica'],
    assumptions: ['arrivals', 'split'],
  },
  utilization: {
    kind: 'predicted',
    calculation: (about, value) =>
      `${rate(perReplica(about))} of ${formatSignificant(about.chosen.load.saturation().perMs * MS_PER_S)}: ${shown('utilization', value)}`,
    inputs: ['ratePerReplica', 'saturation'],
    assumptions: ['arrivals', 'split'],
  },
  replicas: {
    kind: 'predicted',
    calculation: (about, value) => {
      const share = about.plan.sizing.headroom.utilizationTarget;
      const { rateReqPerS } = about.plan.demand;
      const exact = rateReqPerS / (share * capacityOf(about));
      return `${formatSignificant(rateReqPerS)} / (${formatPercent(share)} × ${rate(capacityOf(about))}) = ${formatSignificant(exact)}, rounded up to ${shown('replicas', value)}`;
    },
    inputs: ['rate', 'headroom', 'capacity'],
    assumptions: ['arrivals', 'split'],
  },
  mean_running: {
    kind: 'predicted',
    calculation: (about, value) =>
      `${rate(perReplica(about))} × ${formatSignificant(value / perReplica(about))} s in the batch = ${shown('mean_running', value)}`,
    inputs: ['ratePerReplica', 'outputTokens', 'seats'],
    assumptions: ['arrivals', 'mean_step'],
  },
  burst_ttft_p95: {
    kind: 'predicted',
    calculation: ({ recommendation, ...about }, value) =>
      `${formatSignificant(recommendation.burst.factor)} × ${rate(about.chosen.ratePerReplicaPerMs * MS_PER_S)} = ${rate(recommendation.burst.factor * about.chosen.ratePerReplicaPerMs * MS_PER_S)} on each replica: ${shown('burst_ttft_p95', value)} in place of ${formatMs(recommendation.ttft_ms.p95)} ms`,
    inputs: ['ratePerReplica', 'burst', 'promptTokens', 'computeReached'],
    assumptions: ['arrivals', 'split', 'lengths'],
  },
};

const gib = (value: number): string => formatFixed(value, 2);
const memoryAccount = (id: string, parts: Account['parts'] & object, inputs: readonly InputName[]): Account => ({
  kind: 'computed',
  parts,
  calculation: sumText(id, gib),
  inputs,
  assumptions: ['memory'],
});

const memories: Record<string, Account> = {
  weights_gib: memoryAccount('weights_gib', weightParts, ['tensorParallel']),
  kv_cache_gib: memoryAccount('kv_cache_gib', kvCacheParts, ['gpuMemory', 'memoryShare', 'weights']),
  activation_gib: memoryAccount('activation_gib', activationParts, ['seats', 'batchedTokens']),
  overhead_gib: memoryAccount('overhead_gib', overheadParts, ['tensorParallel']),
  free_gib: memoryAccount('free_gib', freeParts, ['gpuMemory', 'memoryShare']),
  kv_cache_tokens: {
    kind: 'computed',
    calculation: (about, value) => {
      const kib = INPUTS.kvBytes(about).value;
      const served = tokens(servedContextTokens(about.plan.prepared.subject));
      return `${gib(about.recommendation.memory.kv_cache_gib)} GiB / ${formatSignificant(kib)} KiB a token = ${shown('kv_cache_tokens', value)}; the longest request has ${served}`;
    },
    inputs: ['kvBytes', 'gpuMemory', 'memoryShare', 'weights'],
    assumptions: ['memory'],
  },
};

const steps: Record<string, Account> = {
  decode_step_ms: {
    kind: 'predicted',
    parts: ({ recommendation }) => stepParts(recommendation.step_time_ms.decode),
    calculation: sumText('decode_step_ms', formatMs),
    inputs: ['running', 'context', 'weights', 'bandwidthPeak', 'bandwidthReached', 'computeReached'],
    assumptions: ['mean_step'],
  },
  prefill_step_ms: {
    kind: 'predicted',
    parts: ({ recommendation }) => stepParts(recommendation.step_time_ms.prefill),
    calculation: sumText('prefill_step_ms', formatMs),
    inputs: ['computedTokens', 'promptTokens', 'computePeak', 'computeReached', 'batchedTokens'],
    assumptions: ['mean_step'],
  },
};

const ACCOUNTS: Record<string, Account> = { ...latencies, ...costs, ...loads, ...memories, ...steps };

/** Every metric of the registry has one; a metric without is a mistake in this program. */
export function accountOf(id: string): Account {
  const account = ACCOUNTS[id];
  if (!account) throw new Error(`The metric "${id}" has no explanation.`);
  return account;
}
