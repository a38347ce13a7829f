import { instanceId } from '../hardware/resolve.ts';
import type { Instance } from '../hardware/types.ts';
import type { SizingScope } from './types.ts';

/** Whether the filters leave an instance, be it sold or withdrawn from sale. */
export const isInScope = ({ providers, gpuIds, instanceIds }: SizingScope, instance: Instance): boolean =>
  (providers.length === 0 || providers.includes(instance.provider)) &&
  (gpuIds.length === 0 || gpuIds.includes(instance.gpuId)) &&
  (instanceIds.length === 0 || instanceIds.includes(instanceId(instance)));
