import { ConfigIqError } from '../errors.ts';
import type { Gpu } from '../hardware/types.ts';
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

/**
 * Fewer measurements of a GPU, an engine generation or a kind of model say nothing of how far predictions of it are off: the
 * errors that ranges come from are of parts with at least as many.
 */
export const FEWEST_ROWS = 4;

/** Was the GPU measured often enough? Profiles that do not say what they were measured on have a factor of its own for it. */
const isGpuMeasured = ({ coverage, gpuBandwidthFactors }: CalibrationProfile, id: string): boolean =>
  coverage ? (coverage.gpus[id] ?? 0) >= FEWEST_ROWS : gpuBandwidthFactors[id] !== undefined;

const NEUTRAL: FamilyFactors = { bandwidth: 1, compute: 1, gpuIds: [] };

/**
 * Factors of the GPU's family: the one that lists it, else the one that stands for its architecture and kind of memory,
 * else factors of 1 (FIDELITY.md section 5, transfer rule 1). `isMeasured` is false unless the GPU itself was measured, so
 * that the answer can say it extrapolates.
 */
export function familyOf(
  profile: CalibrationProfile,
  { id, architecture, memoryType }: Pick<Gpu, 'id' | 'architecture' | 'memoryType'>,
): { name: string | null; factors: FamilyFactors; isMeasured: boolean } {
  const { families } = profile;
  let kin: string | null = null;
  // A fit asks this for every plan it compiles, so nothing is allocated on the way.
  for (const name in families) {
    const factors = families[name] as FamilyFactors;
    if (factors.gpuIds.includes(id)) return { name, factors, isMeasured: isGpuMeasured(profile, id) };
    const { standsFor } = factors;
    const isKin = standsFor?.architectures.includes(architecture) && memoryType.startsWith(standsFor.memory);
    if (isKin && kin === null) kin = name;
  }
  return { name: kin, factors: kin === null ? NEUTRAL : (families[kin] as FamilyFactors), isMeasured: false };
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
