import type { CalibrationPriors } from '../../src-worker/engine/calibration/types.ts';
import { priorsFileSchema } from '../../src-worker/protocol/catalog-files.ts';
import { readCatalogFile } from './files.ts';

/** Where calibrations start from. Throws fileError. */
export function loadPriors(catalogsFolder: string): CalibrationPriors {
  const { content } = readCatalogFile(catalogsFolder, 'priors.json', priorsFileSchema);
  const { source, constants, families, generations, machines, allReduceUs, nearestFabrics } = content;
  const { gpuBandwidthFactors, precisionComputeFactors, precisionBandwidthFactors } = content;
  return {
    source,
    constants,
    families,
    gpuBandwidthFactors,
    precisionComputeFactors,
    precisionBandwidthFactors,
    allReduceUs,
    nearestFabrics,
    generations,
    machines,
  };
}
