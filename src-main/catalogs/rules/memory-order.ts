import { doubtful, wrong } from './entries.ts';
import type { CatalogRule, Finding } from './types.ts';

/**
 * The driver keeps little (ECC on GDDR takes 6.25 %, 45 of 48 on an L40S), and CUDA little more. Collected GPUs: driver to
 * marketed 0.925 (P4) to 1; usable to driver 0.972 (T4) to 0.999 (V100).
 */
const LOWEST_DRIVER_TO_MARKETED = 0.9;
const LOWEST_USABLE_TO_DRIVER = 0.95;

export const memoryOrder: CatalogRule = {
  name: 'memory-order',
  sentence: 'Memory that is usable is at most what the driver reports, and that at most what is marketed.',
  checkGpus: (gpus) =>
    gpus.flatMap(
      ({ id, memory_usable_gib: usable, memory_driver_gib: driver, memory_marketed_gb: marketed }): Finding[] => {
        const driverField = 'memory_driver_gib';
        const usableField = 'memory_usable_gib';
        if (driver > marketed)
          return [
            wrong(id, driverField, driver, `is more than the ${marketed} GB it is sold with: is it GB given for GiB?`),
          ];
        if (usable > driver)
          return [wrong(id, usableField, usable, `is more than the driver's ${driver} GiB: is it GB given for GiB?`)];
        if (driver < LOWEST_DRIVER_TO_MARKETED * marketed) {
          const text = `is far below the ${marketed} GB it is sold with: is one of them in another unit?`;
          return [doubtful(id, driverField, driver, text)];
        }
        if (usable < LOWEST_USABLE_TO_DRIVER * driver) {
          const text = `is far below the driver's ${driver} GiB: give what CUDA reports as total.`;
          return [doubtful(id, usableField, usable, text)];
        }
        return [];
      },
    ),
};
