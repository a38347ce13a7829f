import type { Facts } from '../../engine/facts.ts';
import type { Gpu, Instance } from '../../engine/hardware/types.ts';
import type { ModelSource } from '../../engine/model/types.ts';
import { chooseOffer } from '../../engine/sizing/offers.ts';
import { checkPlanGroup, gpuGroup, gpuOf, planKey, tensorParallelChoices } from '../../engine/sizing/plan-groups.ts';
import { isInScope } from '../../engine/sizing/scope.ts';
import { hostMemoryRefusal } from '../../engine/sizing/host-memory.ts';
import type { PlanGroup, ReasonCode, SizingDemand, SizingSubject } from '../../engine/sizing/types.ts';
import { pointsOfDemand } from '../../engine/sweep/demand-axes.ts';
import { ROWS_PER_UNIT, type SweepPlan } from '../../engine/sweep/plan.ts';
import type { DemandSpace, SweepSpace } from '../../engine/sweep/types.ts';
import { SCHEMA_VERSION, type SweepPlanDocument } from '../../protocol/documents.ts';
import type { SizeInput, SweepSpec } from '../../protocol/requests.ts';
import { versionsOf } from '../common.ts';
import { subjectOf } from '../prepared.ts';

/** What stands between the question and its capacity searches, counted without any of them. */
export interface SearchSurvey {
  /** Capacity searches: instances with equal groups of GPUs share one. */
  searches: number;
  /** Instances in scope that are sold. */
  instances: number;
  /** Rows of one load and zone, over all inputs: each instance has one, those no longer sold included. */
  rows: number;
  /** Those of each input, in their order. */
  rowsOfInputs: number[];
  /** Combinations of instance, precision and tensor parallelism. */
  plans: number;
  removed: Map<ReasonCode, number>;
}

const SENTENCES: Record<ReasonCode, string> = {
  memory: 'The weights and the longest request do not fit into the memory of the GPUs.',
  tp_heads: "The tensor parallelism does not divide the heads of the model's layers.",
  link_domain: 'The tensor parallelism needs more GPUs than the instance has.',
  compute_capability: 'The engine does not run on the GPU.',
  dtype_unsupported: 'The GPU cannot compute the precision.',
  host_memory: 'The host has too little memory to load the weights.',
  context_exceeded: 'Requests are longer than the context of the model.',
  sla_missed: 'The targets are missed.',
  price_unknown: 'No on-demand price is known.',
  spot_unknown: 'No spot price is known.',
  retired: 'The instance is no longer sold.',
  zone_unknown: 'In which zones the instance is sold is not known.',
  not_in_zone: 'The instance is not sold in the zones.',
  region_filtered: 'The instance is not sold in the region.',
  max_gpus: 'One instance has more GPUs than the limit.',
  pp_layers: 'The model has fewer layers than pipeline stages.',
  model_unsupported: 'The engine does not run the layers of the model on the GPU.',
};

/** `link_domain` where stages were asked for. */
const STAGES_BEYOND = 'The stages of a replica need more GPUs than the instance has.';

/** A place and a price list that a point asks for. */
export type SurveyedPlace = Pick<SizingDemand, 'pricing' | 'zone' | 'region'>;

/** Every place and price list that points of a sweep ask for. */
export const placesOf = ({ pricings, regions, zones }: DemandSpace): SurveyedPlace[] =>
  pricings.flatMap((pricing) =>
    regions.flatMap((region) => zones.map((zone) => ({ pricing: pricing as SurveyedPlace['pricing'], region, zone }))),
  );

/**
 * Goes through every combination of instance, precision and tensor parallelism of a sweep's inputs with the engine's own
 * checks, in the order in which a row would give its reason; a search or a load has no part in them. A place removes an
 * instance only when none of `places` sells it. `models` by id. Throws invalid input as the questions themselves would.
 */
export function surveySearches(
  inputs: readonly SizeInput[],
  places: readonly SurveyedPlace[],
  models: ReadonlyMap<string, ModelSource>,
  catalogs: Facts,
): SearchSurvey {
  const survey: SearchSurvey = {
    searches: 0,
    instances: 0,
    rows: 0,
    rowsOfInputs: [],
    plans: 0,
    removed: new Map(),
  };
  /** Plans by what their search depends on beside them: inputs that differ in their scope alone share them. */
  const known = new Map<unknown, Map<string, PlanGroup>>();
  const placeRefusals = new Map<Instance, ReasonCode | null>();
  const seen = new Set<Instance>();
  for (const input of inputs) {
    const source = models.get(input.model);
    if (!source) throw new Error(`the sweep was planned without the model ${input.model}`);
    const { subject, scope, facts } = subjectOf(input, source, catalogs);
    const gpus = new Map(facts.gpus.map((gpu) => [gpu.id, gpu]));
    const groups = known.get(subject.lengths) ?? new Map<string, PlanGroup>();
    known.set(subject.lengths, groups);
    const before = searchesIn(groups);
    const rowsBefore = survey.rows;
    for (const instance of facts.instances) {
      const gpu = gpuOf(instance, gpus);
      if (!gpu || !isInScope(scope, instance)) continue;
      // Undefined = not looked at yet: null is an answer, and most of them.
      const looked = placeRefusals.get(instance);
      const place = looked === undefined ? placeRefusal(instance, input, places) : looked;
      placeRefusals.set(instance, place);
      if (place !== 'retired') seen.add(instance);
      survey.rows += 1;
      surveyInstance(survey, subject, groups, { instance, gpu, place, maxGpus: input.max_gpus });
    }
    survey.rowsOfInputs.push(survey.rows - rowsBefore);
    survey.searches += searchesIn(groups) - before;
  }
  survey.instances = seen.size;
  return survey;
}

function searchesIn(groups: ReadonlyMap<string, PlanGroup>): number {
  let searches = 0;
  for (const { refusal } of groups.values()) if (!refusal) searches += 1;
  return searches;
}

interface Surveyed {
  instance: Instance;
  gpu: Gpu;
  place: ReasonCode | null;
  maxGpus: number | null;
}

function surveyInstance(
  survey: SearchSurvey,
  subject: SizingSubject,
  groups: Map<string, PlanGroup>,
  { instance, gpu, place, maxGpus }: Surveyed,
): void {
  const { gpus } = gpuGroup(instance);
  const choices = tensorParallelChoices(gpus, subject.tensorParallel, subject.pipelineParallel);
  const count = (reason: ReasonCode | null, plans = 1) => {
    survey.plans += plans;
    if (reason !== null) survey.removed.set(reason, (survey.removed.get(reason) ?? 0) + plans);
  };
  for (const precision of subject.precisions) {
    if (choices.length === 0) count(place ?? 'link_domain');
    for (const tp of choices) {
      if (place === 'retired') {
        count(place);
        continue;
      }
      // An instance that is not sold where it is asked for is searched all the same: its group may be another's too.
      const key = planKey(instance, tp, precision, subject.pipelineParallel);
      const group = groups.get(key) ?? checkPlanGroup(subject, gpu, instance, tp, precision);
      groups.set(key, group);
      const tooMany = maxGpus !== null && gpus > maxGpus ? 'max_gpus' : null;
      count(place ?? group.refusal?.reason ?? hostMemoryRefusal(subject, instance, group)?.reason ?? tooMany);
    }
  }
}

/** Why an instance cannot be had, whatever the load; null where one of the zones sells it. */
function placeRefusal(instance: Instance, input: SizeInput, places: readonly SurveyedPlace[]): ReasonCode | null {
  if (instance.status === 'retired' && !input.include_retired) return 'retired';
  let reason: ReasonCode | null = null;
  for (const place of places) {
    const choice = chooseOffer(instance, place);
    if (choice.kind === 'offer') return null;
    reason ??= choice.refusal.reason;
  }
  return reason;
}

/**
 * Bytes of a row, of one that differs from the one before in what prices are multiplied by alone, of what stands once for an instance at a
 * load, and of an offer in each batch that has it. Measured over loads alone, loads and headrooms, regions, zones: 0.77, 0.80, 1.5
 * and 1.3 MB stored, 1.3, 0.78, 1.5 and 1.6 estimated; 2.55 million rows of 9,901 factors: 1.1 MB.
 */
const BYTES_PER_ROW = 1.3;
const BYTES_PER_REPRICED_ROW = 0.43;
const BYTES_PER_SIZING = 50;
const BYTES_PER_OFFER = 7;

/** About what the rows of a sweep take in the database. */
function storedBytes({ demand, inputs, sizingsPerInput }: SweepSpace<SizeInput>, survey: SearchSurvey): number {
  const rows = survey.rows * pointsOfDemand(demand);
  const sizings = survey.rows * sizingsPerInput;
  const atCatalogPrice = rows / demand.priceFactors.length;
  const offersInBatch = atCatalogPrice / (sizingsPerInput * inputs.length);
  const batches = inputs.length * Math.ceil(rows / inputs.length / ROWS_PER_UNIT);
  // Where there is one place, what follows a point is the same point at another factor.
  const perRepriced = demand.regions.length * demand.zones.length === 1 ? BYTES_PER_REPRICED_ROW : BYTES_PER_ROW;
  return Math.round(
    atCatalogPrice * BYTES_PER_ROW +
      (rows - atCatalogPrice) * perRepriced +
      sizings * BYTES_PER_SIZING +
      batches * offersInBatch * BYTES_PER_OFFER,
  );
}

/** What a sweep, or a part of it, will compute and store. */
export interface SweepShare {
  /** Inputs that are searched, each once. */
  inputs: SizeInput[];
  points: number;
  rows: number;
  /** Instances times loads. */
  sizings: number;
}

/** Everything. */
export const wholeShare = (space: SweepSpace<SizeInput>, survey: SearchSurvey): SweepShare => ({
  inputs: space.inputs,
  points: space.points,
  rows: survey.rows * pointsOfDemand(space.demand),
  sizings: survey.rows * space.sizingsPerInput,
});

/** The units of a shard. Rows are counted; its loads are taken to be as many as the share of its rows. `survey`: of the whole sweep. */
export function shardShare(plan: SweepPlan<SizeInput>, survey: SearchSurvey): SweepShare {
  const whole = wholeShare(plan, survey);
  const rowsOf = new Map(plan.inputs.map((input, place) => [input, survey.rowsOfInputs[place] ?? 0]));
  const rows = plan.units.reduce((sum, { input, points }) => sum + points * (rowsOf.get(input) ?? 0), 0);
  const sizings = whole.rows === 0 ? 0 : Math.ceil((whole.sizings * rows) / whole.rows);
  return { inputs: [...new Set(plan.units.map(({ input }) => input))], points: plan.plannedPoints, rows, sizings };
}

/** How much of a sweep a shard is, and how long it will take. */
export interface PlannedShard {
  shard: NonNullable<SweepSpec['shard']>;
  share: SweepShare;
  searches: number;
  estimatedMs: number | null;
}

/** A sweep before it starts: how many points, how many searches, and what is ruled out already. */
export function sweepPlanDocument(
  spec: SweepSpec,
  space: SweepSpace<SizeInput>,
  survey: SearchSurvey,
  facts: Facts,
  estimatedMs: number | null,
  planned: PlannedShard | null = null,
): SweepPlanDocument {
  const sentenceOf = (reason: ReasonCode): string =>
    reason === 'link_domain' && ((spec.base.pp ?? 1) > 1 || spec.axes.pp) ? STAGES_BEYOND : SENTENCES[reason];
  const removed = [...survey.removed].map(([reason, plans]) => ({ reason, sentence: sentenceOf(reason), plans }));
  const { points, rows } = wholeShare(space, survey);
  const bytes = storedBytes(space, survey);
  return {
    schema_version: SCHEMA_VERSION,
    ...(planned && { shard: shardDocument(planned, bytes / rows) }),
    points,
    rows,
    estimated_bytes: bytes,
    axes: space.axes,
    searches: survey.searches,
    instances: survey.instances,
    estimated_ms: estimatedMs,
    removed: removed.sort((a, b) => b.plans - a.plans || (a.reason < b.reason ? -1 : 1)),
    plans: survey.plans,
    versions: versionsOf(facts, spec.base.calibration),
  };
}

const shardDocument = (
  { shard, share, searches, estimatedMs }: PlannedShard,
  bytesPerRow: number,
): NonNullable<SweepPlanDocument['shard']> => ({
  index: shard.index,
  of: shard.of,
  points: share.points,
  rows: share.rows,
  // A shard may be empty, and a sweep without an instance in scope has no rows at all.
  estimated_bytes: share.rows === 0 ? 0 : Math.round(share.rows * bytesPerRow),
  searches,
  estimated_ms: estimatedMs,
});
