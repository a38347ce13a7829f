import type { Instance } from '../hardware/types.ts';
import { weightBytes } from '../model/weights.ts';
import { bytesFromGib, gibFromBytes } from '../units.ts';
import type { PlanGroup, Refusal, SizedPlan, SizingSubject } from './types.ts';
import { precisionOnDisk } from './vllm-command.ts';

/* Where a checkpoint is loaded from: the memory and the disks of the host. */

/** Host memory a start needs beside the checkpoint (NUMBERS.md, "Host memory"). */
const HOST_RESERVE_BYTES = bytesFromGib(4);

/** Bytes of the file that is read, which vLLM may quantize only while loading. */
const checkpointBytes = ({ model, engine }: SizingSubject, { precision }: PlanGroup): number =>
  weightBytes(model, precisionOnDisk(precision, model.checkpoint, engine));

/** A host whose memory is too small to load the checkpoint at all; null where it is not, or is not known. */
export function hostMemoryRefusal(subject: SizingSubject, instance: Instance, group: PlanGroup): Refusal | null {
  if (instance.hostMemoryBytes === null) return null;
  const checkpoint = checkpointBytes(subject, group);
  const least = checkpoint / 4 + HOST_RESERVE_BYTES;
  if (instance.hostMemoryBytes >= least) return null;
  return {
    reason: 'host_memory',
    detail: `Loading ${gibFromBytes(checkpoint).toFixed(1)} GiB of weights needs at least ${gibFromBytes(least).toFixed(1)} GiB of host memory; ${instance.name} has ${gibFromBytes(instance.hostMemoryBytes).toFixed(1)}.`,
    margin: {
      metric: 'host_memory',
      value: gibFromBytes(instance.hostMemoryBytes),
      limit: gibFromBytes(least),
      unit: 'GiB',
    },
  };
}

/** True where the checkpoint does not fit into host memory at once: loading works, but from disk. */
export function isHostMemoryTight(subject: SizingSubject, plan: SizedPlan): boolean {
  const bytes = plan.instance.hostMemoryBytes;
  return bytes !== null && bytes < checkpointBytes(subject, plan.group) + HOST_RESERVE_BYTES;
}

/** Bytes of the checkpoint where the instance's own disks are known to be too small for it; null otherwise. */
export function bytesBeyondDisk(subject: SizingSubject, { instance, group }: SizedPlan): number | null {
  const bytes = checkpointBytes(subject, group);
  return instance.localSsdBytes !== null && instance.localSsdBytes < bytes ? bytes : null;
}
