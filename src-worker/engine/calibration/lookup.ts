import { ConfigIqError } from '../errors.ts';
import type { CalibrationProfile, FamilyFactors, GenerationOverheads } from './types.ts';

/** The value of one constant of a profile; a profile that lacks it is broken data, not a default. */
export function constantOf(profile: CalibrationProfile, name: string): number {
  const constant = profile.constants[name];
  if (!constant) {
    throw new ConfigIqError(
      'file',
      'calibration_incomplete',
      `Calibration profile "${profile.name}" has no constant "${name}": add it to catalogs/calibration.`,
      { profile: profile.name, constant: name },
    );
  }
  return constant.value;
}

const NEUTRAL: FamilyFactors = { bandwidth: 1, compute: 1, gpuIds: [] };

/**
 * Factors of the GPU's family. A GPU no family names takes factor 1 (FIDELITY.md section 5, transfer rule 1) and is
 * reported as unmeasured, so that the answer can say it extrapolates.
 */
export function familyOf(
  profile: CalibrationProfile,
  gpuId: string,
): { name: string | null; factors: FamilyFactors; isMeasured: boolean } {
  for (const [name, factors] of Object.entries(profile.families)) {
    if (factors.gpuIds.includes(gpuId)) {
      return { name, factors, isMeasured: profile.gpuBandwidthFactors[gpuId] !== undefined };
    }
  }
  return { name: null, factors: NEUTRAL, isMeasured: false };
}

/** Overheads of an engine generation; an unknown one is an error, the caller resolves versions before. */
export function generationOf(profile: CalibrationProfile, generation: string): GenerationOverheads {
  const overheads = profile.generations[generation];
  if (!overheads) {
    throw new ConfigIqError(
      'file',
      'calibration_incomplete',
      `Calibration profile "${profile.name}" has no engine generation "${generation}".`,
      { profile: profile.name, generation },
    );
  }
  return overheads;
}
