import type { Instance } from '../../engine/hardware/types.ts';
import { gpuGroup, parallelName } from '../../engine/sizing/plan-groups.ts';
import type { PlanGroup } from '../../engine/sizing/types.ts';

/** `fp8` as FP8. */
export const precisionName = (precision: string): string => precision.toUpperCase();

/** `NVIDIA A100 SXM4 80GB` as A100 SXM4 80GB. */
export const gpuName = ({ gpu }: Pick<PlanGroup, 'gpu'>): string =>
  gpu.name.replace(/^(NVIDIA|AMD|Intel|Google Cloud) /, '');

/** A target with the digits it was given with: 2,000. */
export const targetFigure = (ms: number): string => ms.toLocaleString('en-US', { maximumFractionDigits: 6 });

/** `8 × A100 SXM4 80GB`: the GPUs of one instance. */
export function gpusName(instance: Instance, group: PlanGroup): string {
  const count = group.gpuShare < 1 ? group.gpuShare : gpuGroup(instance).gpus;
  return `${count} × ${gpuName(group)}`;
}

/** `a2-ultragpu-8g (8 × A100 SXM4 80GB, FP16, TP 8)`. */
export const planName = (instance: Instance, group: PlanGroup): string =>
  `${instance.name} (${gpusName(instance, group)}, ${precisionName(group.precision)}, ${parallelName(group)})`;
