import type { BottleneckKind } from '../../engine/sizing/bottleneck.ts';
import { parallelName, replicaGpus } from '../../engine/sizing/plan-groups.ts';
import { metricLabel } from '../../engine/sizing/plan-refusals.ts';
import { loadWithoutCapacity, replicaOf } from '../../engine/sizing/replica-subject.ts';
import type { PlanGroup, ReplicaLoad, Refusal } from '../../engine/sizing/types.ts';
import { gibFromBytes, MS_PER_S } from '../../engine/units.ts';
import type { Remark } from '../../protocol/documents.ts';
import { formatMs, formatSignificant, plural } from '../../protocol/numbers.ts';
import { PLACE_REASONS } from '../../protocol/place-reasons.ts';
import type { SizeInput } from '../../protocol/requests.ts';
import type { LoadMiss, Miss } from './nearest.ts';
import { gpuName, planName, targetFigure } from './names.ts';
import type { Probe } from './probe.ts';

/** Requests/ms at which a replica is idle. */
const IDLE_PER_MS = 1e-9;

/** What a replica runs out of. Waiting is no limit of its own: it comes of one of these. */
type Resource = Exclude<BottleneckKind, 'queueing'>;

const WORDS: Record<Resource, string> = {
  memory_bandwidth: 'Memory bandwidth',
  compute: 'Compute',
  communication: 'Communication between the GPUs',
  overhead: 'The overhead of the engine',
  kv_capacity: 'Room in the KV cache',
  seats: 'The number of seats (max_num_seqs)',
};

/** Prompts make up most of what is computed. */
function isMostlyPrefill({ prepared }: Probe): boolean {
  const { uncachedMean, outputMean } = prepared.subject.lengths.moments;
  return uncachedMean > outputMean;
}

const wordsFor = (resource: Resource, probe: Probe): string =>
  resource === 'compute' && isMostlyPrefill(probe) ? 'Prefill compute' : WORDS[resource];

/** What the steps that a metric measures spend most time on, at a rate; null where there is no steady state. */
function resourceAt(load: ReplicaLoad, ratePerMs: number, metric: string): Resource | null {
  const outcome = load.at(ratePerMs);
  if (outcome.kind === 'saturated') return null;
  // The first token waits for a step with a whole prompt in it, however rare such steps are.
  const shownPerMs = metric.startsWith('ttft') ? Math.max(ratePerMs, 1 / outcome.meanStepMs) : ratePerMs;
  const { roofsMs } = load.stepParts(outcome.meanRunning, shownPerMs, outcome.meanStepMs);
  const roofs = Object.entries(roofsMs) as [keyof typeof roofsMs, number][];
  return roofs.reduce((most, roof) => (roof[1] > most[1] ? roof : most))[0];
}

/** What ends the capacity of a replica: a full cache, taken seats, or what it spends its time on where a target is reached. */
function capacityLimit(load: ReplicaLoad): Resource {
  const { capacity } = load;
  if (capacity.binding === 'kv') return 'kv_capacity';
  if (capacity.binding === 'seats') return 'seats';
  return resourceAt(load, capacity.ratePerMs, capacity.binding) ?? 'compute';
}

function loadLimit({ load }: LoadMiss, { row }: Miss, probe: Probe): Remark<string> {
  const kind = capacityLimit(load);
  const { binding, ratePerMs } = load.capacity;
  const rate = `${formatSignificant(ratePerMs * MS_PER_S)} requests/s`;
  const target = probe.prepared.subject.targets.find(({ metric }) => metric === binding);
  const ends = target ? `reaches ${metricLabel(binding)} ${targetFigure(target.targetMs)} ms at` : 'is full at';
  const sentence = `${wordsFor(kind, probe)} is the limit: one replica on ${replicaName(row)} ${ends} ${rate}.`;
  return { kind, sentence };
}

/** `TP 8 of a2-ultragpu-8g (…)` would say it twice: the GPUs of one replica are enough. */
const replicaName = ({ group }: Miss['row']): string => `${replicaGpus(group)} × ${gpuName(group)}`;

function idleLimit({ row }: Miss, probe: Probe): Remark<string> {
  const { refusal, group, instance } = row;
  const replica = replicaOf(probe.prepared.subject, group, instance);
  const { margin } = refusal;
  const kind =
    replica && margin && resourceAt(loadWithoutCapacity(probe.prepared.subject, replica), IDLE_PER_MS, margin.metric);
  if (!kind || !margin || margin.unit !== 'ms') return { kind: refusal.reason, sentence: refusal.detail };
  const sentence =
    `${wordsFor(kind, probe)} is the limit: ${metricLabel(margin.metric)} is ${formatMs(margin.value)} ms on an idle replica ` +
    `of ${replicaName(row)}, the target is ${targetFigure(margin.limit)} ms.`;
  return { kind, sentence };
}

function memoryLimit({ row }: Miss): Remark<string> {
  const { group, instance, refusal } = row;
  const { memory } = group;
  const gpus = replicaGpus(group);
  if (refusal.margin?.metric !== 'memory_per_gpu' || !memory) return { kind: refusal.reason, sentence: refusal.detail };
  const usable = Math.max(0, memory.budgetBytes - memory.activationBytes - memory.overheadBytes);
  const gib = (bytes: number): string => `${gibFromBytes(bytes * gpus).toFixed(1)} GiB`;
  const sentence =
    memory.weightsBytes > usable
      ? `Memory is the limit: the weights need ${gib(memory.weightsBytes)}; the nearest, ${replicaName(row)} of ${instance.name}, ${gpus === 1 ? 'has' : 'have'} ${gib(usable)} for them.`
      : `Memory is the limit: beside ${gib(memory.weightsBytes)} of weights, ${replicaName(row)} of ${instance.name} ${gpus === 1 ? 'has' : 'have'} too little left for the KV cache of the longest request.`;
  return { kind: refusal.reason, sentence };
}

/** Names what stands in the way of the nearest configuration. */
export function limitOf(miss: Miss | null, probe: Probe): Remark<string> {
  if (!miss) return unsoldLimit(probe);
  const { refusal, instance, group } = miss.row;
  if (miss.load) return loadLimit(miss.load, miss, probe);
  if (refusal.reason === 'max_gpus' && refusal.margin) {
    const { value, limit } = refusal.margin;
    const sentence = `The number of GPUs is the limit: the nearest, ${planName(instance, group)}, needs ${value}; the limit is ${limit}.`;
    return { kind: refusal.reason, sentence };
  }
  if (refusal.reason === 'sla_missed') return idleLimit(miss, probe);
  if (refusal.reason === 'memory') return memoryLimit(miss);
  return { kind: refusal.reason, sentence: refusal.detail };
}

/** `TP 8`, or `TP 2 × PP 4`, as asked for. */
const askedGroup = ({ tp, pp }: SizeInput) => ({ tensorParallel: tp ?? 1, pipelineParallel: pp });

/** Why nothing could be compared: nothing is sold there, at a price that is known, or at all. */
function unsoldLimit({ outcome, sizing, prepared }: Probe): Remark<string> {
  const place = sizing.zone ?? sizing.region;
  const there = place === null ? '' : ` in ${place}`;
  const inPlace = outcome.excluded.filter(({ refusal }) => !PLACE_REASONS.includes(refusal.reason));
  const [first] = inPlace.length > 0 ? commonestFirst(inPlace) : commonestFirst(outcome.excluded);
  if (!first) return { kind: 'nothing_in_scope', sentence: 'No instance in the catalog matches the filters.' };
  const { reason, detail } = first.refusal;
  const instances = plural(inPlace.length, 'instance');
  const sentences: Partial<Record<Refusal['reason'], string>> = {
    price_unknown: `No on-demand price is known${there} for what was asked for (${instances}).`,
    spot_unknown: `No spot price is known${there} for what was asked for (${instances}).`,
    not_in_zone: `Nothing of what was asked for is sold${there}.`,
    zone_unknown: `Nothing of what was asked for is known to be sold${there}.`,
    region_filtered: `Nothing of what was asked for is sold${there}.`,
    retired: 'All of what was asked for is withdrawn from sale.',
    link_domain: `No instance${there} has the ${replicaGpus(askedGroup(prepared.input))} GPUs that ${parallelName(askedGroup(prepared.input))} needs.`,
  };
  return { kind: reason, sentence: sentences[reason] ?? detail };
}

/** By how many share the reason; among as many, as they stand in the catalog. */
function commonestFirst<Row extends { refusal: Refusal; group: PlanGroup | null }>(rows: readonly Row[]): Row[] {
  const counts = new Map<string, number>();
  for (const { refusal } of rows) counts.set(refusal.reason, (counts.get(refusal.reason) ?? 0) + 1);
  const count = ({ refusal }: Row): number => counts.get(refusal.reason) ?? 0;
  return [...rows].sort((a, b) => count(b) - count(a));
}
