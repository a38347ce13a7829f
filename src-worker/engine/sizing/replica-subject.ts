import type { BatchingSubject } from '../batching/subject.ts';
import { fabricFor } from '../communication/fabric.ts';
import { precisionSupport } from '../hardware/precision.ts';
import type { Instance } from '../hardware/types.ts';
import { compileStepPlan, type StepSubject } from '../roofline/step-plan.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { batchingLoad } from './replica-load.ts';
import type { Capacity, PlanGroup, ReplicaLoad, SizingSubject } from './types.ts';

/** One replica of a plan, for whoever looks into it: what its steps are compiled from, and the replica under load. */
export interface Replica {
  step: StepSubject;
  batching: BatchingSubject;
}

/** null where the plan does not fit or the GPU lacks the format: then no step of it runs. */
export function replicaOf(subject: SizingSubject, group: PlanGroup, instance: Instance): Replica | null {
  const { gpu, gpuShare, tensorParallel, precision, limits, memory } = group;
  const support = precisionSupport(gpu, precision);
  if (!memory?.fits || support.kind === 'unsupported') return null;
  const { model, kvBytesPerElement, calibration, engine, lengths, scvArrival } = subject;
  const fabric = fabricFor(gpu, tensorParallel, instance);
  const hardware = { gpu, gpuShare, precision, support, kvBytesPerElement, tensorParallel, fabric };
  const step: StepSubject = { model, ...hardware, calibration, generation: engine.generation };
  const { maxNumBatchedTokens, maxNumSeqs } = limits;
  const { kvCacheTokens } = memory;
  const scheduler = { maxNumBatchedTokens, maxNumSeqs, kvCacheTokens, scvArrival, population: null };
  return { step, batching: { plan: compileStepPlan(step), lengths, ...scheduler } };
}

/** Stands for a capacity nobody found, so that a replica that misses its targets can still be asked for its latency. */
const NO_CAPACITY: Extract<Capacity, { kind: 'found' }> = { kind: 'found', ratePerMs: 0, binding: 'compute' };

/** The latency of a replica whose capacity was not found: its `capacity` says nothing. */
export function loadWithoutCapacity(subject: SizingSubject, replica: Replica): ReplicaLoad {
  return subject.method === 'mg1'
    ? oneAtATime(replica.batching, subject.targets).load(NO_CAPACITY)
    : batchingLoad(replica.batching, NO_CAPACITY);
}
