import type { Facts } from '../engine/facts.ts';
import { analyzeGenerator } from '../engine/model/analyze.ts';
import type { Model, ModelSource } from '../engine/model/types.ts';
import type { Instance } from '../engine/hardware/types.ts';
import { chooseOffer } from '../engine/sizing/offers.ts';
import { evaluatePlans, plansInScope, unknownPlans, type EvaluatedPlans } from '../engine/sizing/evaluated-plans.ts';
import { plannedShare } from '../engine/sizing/planned-load.ts';
import type { PlanCapacity, PlanToSimulate, SizingDemand, SizingScope, SizingSubject } from '../engine/sizing/types.ts';
import { MS_PER_S } from '../engine/units.ts';
import { fractionalCache, requestLengths, type RequestLengths } from '../engine/workload/lengths.ts';
import type { Workload } from '../engine/workload/types.ts';
import type { SizeInput } from '../protocol/requests.ts';
import { demandFor, sizingDemand } from './demand.ts';
import { checkLooking } from './load-options.ts';
import { checkGpuFilter, factsFor } from './own-hardware.ts';
import { planMemoryOf, type KnownSubject } from './plan-memory.ts';
import {
  checkPlace,
  overriddenWorkload,
  resolveCalibration,
  resolveEngine,
  resolveGpus,
  resolveInstances,
  resolvePrecisions,
  resolveProviders,
  resolveWorkload,
} from './resolve.ts';

/** A request whose names are resolved and whose capacity searches are done; users, zone and price come later. */
export interface PreparedSizing {
  input: SizeInput;
  /** With own hardware in the place of all instances, where the request names some. */
  facts: Facts;
  model: Model;
  subject: SizingSubject;
  scope: SizingScope;
  evaluated: EvaluatedPlans;
}

export function lengthsOf(workload: Workload, model: Model): RequestLengths {
  return requestLengths({
    promptParts: workload.context ? [workload.input, workload.context] : [workload.input],
    output: workload.output,
    cache: fractionalCache(workload.prefixCache),
    maxContextTokens: model.maxContextTokens,
  });
}

const scvOf = ({ arrival }: Workload): number =>
  arrival.process === 'poisson' ? 1 : arrival.process === 'constant' ? 0 : arrival.burstiness;

/** Names become entries of the catalogs. `known` holds the plans that were evaluated for the same subject before. */
export function resolved(
  input: SizeInput,
  source: ModelSource,
  catalogs: Facts,
): { prepared: Omit<PreparedSizing, 'evaluated'>; known: KnownSubject } {
  checkLooking(input);
  const facts = factsFor(input, catalogs);
  const providers = resolveProviders(input.provider, facts);
  checkPlace(input, facts);
  const workload = overriddenWorkload(resolveWorkload(input.workload, facts), input);
  const calibration = resolveCalibration(input.calibration, facts);
  const engine = resolveEngine('vllm', facts);
  const gpuIds = resolveGpus(input.gpu, facts);
  checkGpuFilter(input, gpuIds, facts);
  const instanceIds = resolveInstances(input.instance, facts, providers);
  const known = planMemoryOf(catalogs).subject(subjectKey(input, source, workload), () => {
    const model = analyzeGenerator(source);
    return { model, lengths: lengthsOf(workload, model) };
  });
  const { model, lengths } = known;
  const unshared: SizingSubject = {
    model,
    workload,
    lengths,
    targets: workload.targets,
    scvArrival: scvOf(workload),
    router: input.router,
    sharedPerMs: null,
    precisions: resolvePrecisions(input.quantization, model),
    kvBytesPerElement: input.kv_cache_dtype === 'fp8' ? 1 : 2,
    tensorParallel: input.tp,
    pipelineParallel: input.pp,
    calibration,
    engine,
    method: input.method,
    strictContext: input.strict_context,
  };
  const subject = dependsOnShare(input, workload)
    ? { ...unshared, sharedPerMs: offeredPerMs(input, unshared) }
    : unshared;
  const scope: SizingScope = { providers, gpuIds, instanceIds, includeRetired: input.include_retired };
  return { prepared: { input, facts, model, subject, scope }, known };
}

/**
 * Does the capacity of a replica follow from how many share the load? It does behind a router that deals in turn, or looks. The
 * simulation knows what a random split leaves of bursts, too; the closed form takes each replica to get them whole, so that a
 * capacity holds for every number of users. Method mg1 takes what comes as Poisson, whoever deals it.
 */
function dependsOnShare({ method, router }: SizeInput, { arrival }: Workload): boolean {
  if (method === 'mg1') return false;
  return router !== 'random' || (method === 'simulation' && arrival.process !== 'poisson');
}

const offeredPerMs = (input: SizeInput, subject: SizingSubject): number =>
  demandFor({ input, subject }, null).rateReqPerS / MS_PER_S;

/** Everything of a request that the evaluation of a plan depends on, besides the plan itself and the catalogs. */
function subjectKey(input: SizeInput, source: ModelSource, workload: Workload): string {
  const { input: text, context, output, arrival, prefixCache, targets } = workload;
  const { kv_cache_dtype, calibration, method, router, strict_context, users, rate, think_time } = input;
  return JSON.stringify([
    source,
    [text, context, output, arrival, prefixCache, targets],
    [kv_cache_dtype, calibration, method, router, strict_context],
    dependsOnShare(input, workload) ? [users, rate, think_time] : null,
  ]);
}

/** Everything but the capacity searches. */
export const subjectOf = (input: SizeInput, source: ModelSource, facts: Facts): Omit<PreparedSizing, 'evaluated'> =>
  resolved(input, source, facts).prepared;

/**
 * Resolves a request and searches the capacity of every plan in scope that is known neither from an earlier request nor by
 * `capacities`.
 */
export function prepareSizing(
  input: SizeInput,
  source: ModelSource,
  facts: Facts,
  capacities: readonly PlanCapacity[] = [],
): PreparedSizing {
  const { prepared, known } = resolved(input, source, facts);
  const { subject, scope } = prepared;
  const isAsked = subject.method === 'simulation' ? isSoldAt(demandOf(prepared)) : undefined;
  const sources = { known: known.plans, capacities, ...(isAsked && { isAsked }) };
  return { ...prepared, evaluated: evaluatePlans(subject, scope, prepared.facts, sources) };
}

const demandOf = (prepared: Omit<PreparedSizing, 'evaluated'>): SizingDemand =>
  sizingDemand(prepared, demandFor(prepared, null), prepared.input.zone);

/** A simulated search takes a tenth of a second: what is not sold where it is asked for goes without. */
const isSoldAt =
  (demand: SizingDemand) =>
  (instance: Instance): boolean =>
    chooseOffer(instance, demand).kind === 'offer';

/**
 * What an answer by method simulation would still have to simulate on this thread: plans whose capacity, or whose planned load,
 * is not known here.
 */
export function plansToSimulate(input: SizeInput, source: ModelSource, facts: Facts): PlanToSimulate[] {
  const { prepared, known } = resolved(input, source, facts);
  const demand = demandOf(prepared);
  const keys = plansInScope(prepared.subject, prepared.scope, prepared.facts, isSoldAt(demand));
  return keys.flatMap((key): PlanToSimulate[] => {
    const plan = known.plans.get(key);
    if (!plan) return [{ key, capacity: null }];
    if (!plan.load || !plan.capacity) return [];
    if (plan.load.remembers(plannedShare(plan.load, demand).ratePerReplicaPerMs)) return [];
    return [{ key, capacity: plan.capacity() }];
  });
}

/** Simulates the capacity of these plans, where it is not known, and their planned load. */
export function simulatePlans(
  input: SizeInput,
  source: ModelSource,
  facts: Facts,
  plans: readonly PlanToSimulate[],
): PlanCapacity[] {
  const { prepared, known } = resolved(input, source, facts);
  const demand = demandOf(prepared);
  const capacities = plans.flatMap(({ key, capacity }) => (capacity ? [{ key, capacity }] : []));
  const keys = new Set(plans.map(({ key }) => key));
  evaluatePlans(prepared.subject, prepared.scope, prepared.facts, { known: known.plans, capacities, keys });
  return plans.flatMap(({ key }) => {
    const plan = known.plans.get(key);
    if (!plan?.capacity) return [];
    if (!plan.load) return [{ key, capacity: plan.capacity() }];
    const { ratePerReplicaPerMs: ratePerMs } = plannedShare(plan.load, demand);
    return [{ key, capacity: plan.capacity(), loads: [{ ratePerMs, outcome: plan.load.at(ratePerMs) }] }];
  });
}

/** Keys of the plans that an answer to the request would have to evaluate; none where searches cannot be handed over. */
export function missingPlans(input: SizeInput, source: ModelSource, facts: Facts): string[] {
  if (input.method !== 'batching') return [];
  const { prepared, known } = resolved(input, source, facts);
  return unknownPlans(prepared.subject, prepared.scope, prepared.facts, known.plans);
}

/** Evaluates the plans of these keys, and gives the capacities that were searched for. */
export function searchPlans(
  input: SizeInput,
  source: ModelSource,
  facts: Facts,
  keys: readonly string[],
): PlanCapacity[] {
  const { prepared, known } = resolved(input, source, facts);
  const { subject, scope } = prepared;
  evaluatePlans(subject, scope, prepared.facts, { known: known.plans, keys: new Set(keys) });
  return keys.flatMap((key) => {
    const capacity = known.plans.get(key)?.capacity;
    return capacity ? [{ key, capacity: capacity() }] : [];
  });
}
