import { engineName } from '../../engine/memory/engine-name.ts';
import { headroomRule, type HeadroomRule } from '../../engine/sizing/headroom.ts';
import { priceDate, zonesOfPrice } from '../../engine/sizing/offers.ts';
import { replicaGpus } from '../../engine/sizing/plan-groups.ts';
import type { ChosenPlan } from '../../engine/sizing/types.ts';
import { gibFromBytes, MS_PER_S, percentFromFraction } from '../../engine/units.ts';
import type { ExplanationPart } from '../../protocol/documents.ts';
import { formatDate, formatFixed } from '../../protocol/numbers.ts';
import type { SizeInput } from '../../protocol/requests.ts';
import { rounded } from '../common.ts';
import type { Explained } from './subject.ts';

/** A figure that others are worked out from. */
export type InputOf = (about: Explained) => ExplanationPart;

const input = (label: string, value: number | null, unit: string, source: string): ExplanationPart => ({
  label,
  value: value === null ? null : rounded(value),
  unit,
  source,
});

const headroomOf = ({ input: question, facts }: Explained['plan']['prepared']): HeadroomRule =>
  headroomRule(question.headroom, facts.headroom);
const headroomSource = ({ input: question, facts }: Explained['plan']['prepared']): string =>
  `headroom ${question.headroom} % of the question${facts.headroom ? `, by the table of ${facts.headroom.origin}` : ''}`;

const TERA = 1e12;
const KIB = 1024;

/** A preset's figure, unless the question put another in its place. */
function lengthSource({ plan }: Explained, key: 'input_tokens' | 'output_tokens'): string {
  const { input: question, subject } = plan.prepared;
  const { workload, lengths } = subject;
  const from = question[key] === null ? `workload ${workload.name}` : 'the question';
  if (lengths.cut) return `${from}, cut to the context of the model`;
  const [stated, served] =
    key === 'output_tokens'
      ? [workload.output.mean, lengths.moments.outputMean]
      : [workload.input.mean + (workload.context?.mean ?? 0), lengths.moments.promptMean];
  return Math.round(stated) === Math.round(served) ? from : `${from}: ${formatFixed(stated)}, truncated to its bounds`;
}

const calibration = ({ plan }: Explained): string => `calibration ${plan.prepared.subject.calibration.name}`;
const engine = ({ plan }: Explained): string => `default of ${engineName(plan.prepared.subject.engine)}`;
const gpuSource = ({ chosen }: Explained): string =>
  `GPU catalog, ${chosen.group.gpu.name}: ${chosen.group.gpu.source}`;

function priceSource({ instance, offer }: ChosenPlan, { pricing, zone }: SizeInput): string {
  if (instance.own) return offer.priceSource ?? 'own hardware: no price was given';
  const terms = pricing === 'spot' ? 'spot' : 'on demand';
  const zones = zonesOfPrice(offer, pricing);
  const place = zone ?? (zones ? `${zones.join(', ')} of ${offer.region}` : offer.region);
  return `${instance.provider} ${instance.name}, ${place}, ${terms}, as of ${formatDate(priceDate(offer, pricing))}: ${offer.priceSource ?? 'no source named'}`;
}

const SEARCH = 'search, to 0.1 %';
const searchOf = ({ latency }: ChosenPlan): string => (latency.simulated ? `simulations, ${SEARCH}` : SEARCH);
const saturationSearch = ({ latency }: ChosenPlan): string => (latency.simulated ? `closed form, ${SEARCH}` : SEARCH);

export const INPUTS = {
  promptTokens: (about) =>
    input(
      'mean prompt',
      about.plan.prepared.subject.lengths.moments.promptMean,
      'tokens',
      lengthSource(about, 'input_tokens'),
    ),
  computedTokens: (about) => {
    const cache = about.plan.prepared.subject.workload.prefixCache;
    const source = cache ? 'prompt without what the prefix cache holds' : 'no prefix is cached';
    return input('prompt tokens computed', about.plan.prepared.subject.lengths.moments.uncachedMean, 'tokens', source);
  },
  outputTokens: (about) =>
    input(
      'mean answer',
      about.plan.prepared.subject.lengths.moments.outputMean,
      'tokens',
      lengthSource(about, 'output_tokens'),
    ),
  context: (about) =>
    input(
      'mean context of a running sequence',
      about.plan.prepared.subject.lengths.moments.decodeContextMean,
      'tokens',
      'prompt and what is answered so far, over time',
    ),
  rate: ({ plan }) =>
    input(
      'planned load',
      plan.demand.rateReqPerS,
      'requests/s',
      plan.demand.users === null ? 'the question' : 'users of the question at the pace of the P50 targets',
    ),
  replicas: ({ chosen }) =>
    input(
      'replicas',
      chosen.replicas,
      'replicas',
      'planned load over the share of a replica’s capacity that headroom leaves',
    ),
  instances: ({ chosen }) =>
    input('instances', chosen.instances, 'instances', `replicas, ${chosen.replicasPerInstance} on each`),
  ratePerReplica: ({ chosen }) =>
    input('load of a replica', chosen.ratePerReplicaPerMs * MS_PER_S, 'requests/s', 'planned load over replicas'),
  capacity: ({ chosen }) =>
    input('capacity of a replica', chosen.load.ratePerMsAtCapacity * MS_PER_S, 'requests/s', searchOf(chosen)),
  saturation: ({ chosen }) =>
    input('saturation of a replica', chosen.load.saturation().perMs * MS_PER_S, 'requests/s', saturationSearch(chosen)),
  headroom: ({ plan }) =>
    input(
      'share of capacity to plan with',
      percentFromFraction(headroomOf(plan.prepared).utilizationTarget),
      '%',
      headroomSource(plan.prepared),
    ),
  burst: ({ plan }) => input('burst factor', headroomOf(plan.prepared).burstFactor, '×', headroomSource(plan.prepared)),
  price: ({ chosen, plan }) =>
    input(
      'price of an instance',
      chosen.cost?.usdPerHourPerInstance ?? null,
      'US$/h',
      priceSource(chosen, plan.prepared.input),
    ),
  hourlyCost: ({ chosen }) => input('hourly cost', chosen.cost?.usdPerHour ?? null, 'US$/h', 'instances times price'),
  bandwidthPeak: (about) =>
    input('memory bandwidth, data sheet', (about.rates.peakBytesPerMs * MS_PER_S) / TERA, 'TB/s', gpuSource(about)),
  bandwidthReached: (about) =>
    input('memory bandwidth, reached', (about.rates.weightBytesPerMs * MS_PER_S) / TERA, 'TB/s', calibration(about)),
  computePeak: (about) =>
    input(
      'compute, data sheet',
      (about.replica.step.support.peakFlopPerS * about.replica.step.gpuShare) / TERA,
      'TFLOP/s',
      gpuSource(about),
    ),
  computeReached: (about) =>
    input('compute, reached', (about.rates.gemmFlopPerMs * MS_PER_S) / TERA, 'TFLOP/s', calibration(about)),
  weights: ({ memory }) =>
    input('weights on a GPU', gibFromBytes(memory.weightsBytes), 'GiB', 'config.json of the model and the precision'),
  gpuMemory: (about) =>
    input(
      'memory of a GPU',
      gibFromBytes(about.memory.totalBytes),
      'GiB',
      about.chosen.instance.own?.gpu ? 'given with the question, less what the driver keeps' : gpuSource(about),
    ),
  memoryShare: (about) =>
    input('gpu_memory_utilization', about.chosen.group.limits.gpuMemoryUtilization, '', engine(about)),
  seats: (about) => {
    const { limits, seats } = about.chosen.group;
    const isFewer = seats !== null && seats.seats < seats.byDefault;
    const source = isFewer ? 'sequences of mean length that the KV cache holds' : engine(about);
    return input('max_num_seqs', limits.maxNumSeqs, 'sequences', source);
  },
  batchedTokens: (about) =>
    input('max_num_batched_tokens', about.chosen.group.limits.maxNumBatchedTokens, 'tokens', engine(about)),
  kvBytes: ({ memory }) =>
    input(
      'KV cache of a token on a GPU',
      memory.kvBytesPerToken / KIB,
      'KiB',
      'config.json of the model and the KV precision',
    ),
  running: ({ chosen }) =>
    input(
      'running sequences',
      chosen.latency.meanRunning,
      'sequences',
      'rate of a replica times the time in the batch',
    ),
  tensorParallel: ({ chosen }) => input('GPUs of a replica', replicaGpus(chosen.group), 'GPUs', 'the plan'),
} satisfies Record<string, InputOf>;

export type InputName = keyof typeof INPUTS;

export const inputsOf = (about: Explained, names: readonly InputName[]): ExplanationPart[] =>
  names.map((name) => INPUTS[name](about));
