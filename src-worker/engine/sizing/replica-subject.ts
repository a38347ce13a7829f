import type { BatchingSubject } from '../batching/subject.ts';
import { fabricFor } from '../communication/fabric.ts';
import { formatNeed, precisionSupport, type PrecisionSupport } from '../hardware/precision.ts';
import type { Instance } from '../hardware/types.ts';
import type { MemoryFit } from '../memory/fit.ts';
import { compileStepPlan, type StepSubject } from '../roofline/step-plan.ts';
import { sharedArrivalsOf, subjectOfShare } from './arrival-law.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { batchingLoad, type LoadCapacity } from './replica-load.ts';
import { simulatedReplica } from './simulated-load.ts';
import { loadOfStreams, streamShare } from './streams.ts';
import type { PlanGroup, ReplicaLoad, SizingMethod, SizingSubject } from './types.ts';

/** One replica of a plan, for whoever looks into it: what its steps are compiled from, and the replica under load. */
export interface Replica {
  step: StepSubject;
  /** One of its streams under load: the replica itself where it has one stage. */
  batching: BatchingSubject;
  /** Batches in flight, one for each pipeline stage. */
  streams: number;
}

/** What one replica needs of a plan. */
type Checked = Pick<PlanGroup, 'gpu' | 'gpuShare' | 'tensorParallel' | 'pipelineParallel' | 'precision' | 'limits'>;

/** One request at a time passes the stages alone. */
export const streamsFor = (method: SizingMethod, pipelineParallel: number): number =>
  method === 'mg1' ? 1 : pipelineParallel;

/** The replica of a plan that fits. */
export function replicaWith(
  subject: SizingSubject,
  group: Checked,
  { kvCacheTokens }: MemoryFit,
  support: Exclude<PrecisionSupport, { kind: 'unsupported' }>,
  instance: Instance,
): Replica {
  const { gpu, gpuShare, tensorParallel, pipelineParallel, precision, limits } = group;
  const { model, kvBytesPerElement, calibration, engine, lengths, scvArrival } = subject;
  const fabric = fabricFor(gpu, tensorParallel, instance);
  const between = pipelineParallel > 1 ? fabricFor(gpu, tensorParallel * pipelineParallel, instance) : null;
  const pipeline = between && { stages: pipelineParallel, fabric: between };
  const hardware = { gpu, gpuShare, precision, support, kvBytesPerElement, tensorParallel, fabric, pipeline };
  const step: StepSubject = { model, ...hardware, calibration, generation: engine.generation };
  const streams = streamsFor(subject.method, pipelineParallel);
  const scheduler = streamShare({ maxNumSeqs: limits.maxNumSeqs, kvCacheTokens }, streams);
  const { maxNumBatchedTokens } = limits;
  const batching: BatchingSubject = {
    plan: compileStepPlan(step),
    lengths,
    maxNumBatchedTokens,
    maxNumSeqs: scheduler.maxNumSeqs,
    kvCacheTokens: scheduler.kvCacheTokens,
    scvArrival,
    population: null,
  };
  return { step, batching, streams };
}

/** null where the plan does not fit or the GPU lacks the format: then no step of it runs. */
export function replicaOf(subject: SizingSubject, group: PlanGroup, instance: Instance): Replica | null {
  const { gpu, precision, memory } = group;
  const support = precisionSupport(gpu, precision, formatNeed(subject.engine, precision, subject.model.checkpoint));
  if (!memory?.fits || support.kind === 'unsupported') return null;
  return replicaWith(subject, group, memory, support, instance);
}

/** Stands for a capacity nobody found, so that a replica that misses its targets can still be asked for its latency. */
const NO_CAPACITY = {
  found: { kind: 'found' as const, ratePerMs: 0, binding: 'compute' as const },
  replicasFor: () => Infinity,
} satisfies LoadCapacity;

/** The latency of a replica whose capacity was not found: its `capacity` says nothing. */
export function loadWithoutCapacity(subject: SizingSubject, { batching, streams }: Replica): ReplicaLoad {
  return loadOfStreams(LOADS[subject.method](batching, subject, streams), streams);
}

const LOADS: Record<SizingMethod, (replica: BatchingSubject, subject: SizingSubject, streams: number) => ReplicaLoad> =
  {
    batching: (replica, subject, streams) =>
      batchingLoad(replica, subject.targets, NO_CAPACITY, subjectOfShare(replica, sharedArrivalsOf(subject, streams))),
    mg1: (replica, { targets }) => oneAtATime(replica, targets).load(NO_CAPACITY),
    simulation: (replica, subject, streams) =>
      simulatedReplica(replica, sharedArrivalsOf(subject, streams), subject.targets, NO_CAPACITY.found).load(
        NO_CAPACITY,
      ),
  };
