import type { Instance } from '../hardware/types.ts';
import type { PlanGroup } from './types.ts';

/** GPUs of an instance as they count: a vGPU slice is one GPU with a share. */
export function gpuGroup(instance: Instance): { gpus: number; share: number } {
  return instance.gpuCount >= 1
    ? { gpus: Math.floor(instance.gpuCount), share: 1 }
    : { gpus: 1, share: instance.gpuCount };
}

/** GPUs of one replica. */
export const replicaGpus = (group: Pick<PlanGroup, 'tensorParallel' | 'pipelineParallel'>): number =>
  group.tensorParallel * group.pipelineParallel;

/** Whole replicas that one instance holds; GPUs beyond them stand idle. */
export const replicasPerInstance = (
  instance: Instance,
  group: Pick<PlanGroup, 'tensorParallel' | 'pipelineParallel'>,
): number => Math.floor(gpuGroup(instance).gpus / replicaGpus(group));

/** `TP 2` or `TP 2 x PP 4`. */
export const parallelName = ({
  tensorParallel,
  pipelineParallel,
}: Pick<PlanGroup, 'tensorParallel' | 'pipelineParallel'>): string =>
  pipelineParallel === 1 ? `TP ${tensorParallel}` : `TP ${tensorParallel} × PP ${pipelineParallel}`;
