import { FEWEST_ROWS } from '../calibration/lookup.ts';
import type { CalibrationProfile, Novelty, UncertainTrait } from '../calibration/types.ts';
import type { SpreadQuestion } from './factor.ts';

/** What of a question a profile may have been measured on: catalog id, engine generation, first of `architectures`. */
export interface Questioned {
  gpuId: string;
  generation: string;
  architecture: string;
}

/** Key of the three together in the tables of a profile. */
export const groupKey = ({ gpuId, generation, architecture }: Questioned): string =>
  [gpuId, generation, architecture].join('|');

/** Number of measurements of each part of the question alone, and of the three together. */
export interface MeasuredRows {
  gpu: number;
  generation: number;
  architecture: number;
  group: number;
}

/** Zeros where the profile does not say what it was measured on: then nothing of a question counts as seen. */
export function measuredRows({ coverage }: CalibrationProfile, question: Questioned): MeasuredRows {
  const { gpuId, generation, architecture } = question;
  return {
    gpu: coverage?.gpus[gpuId] ?? 0,
    generation: coverage?.generations[generation] ?? 0,
    architecture: coverage?.architectures[architecture] ?? 0,
    group: coverage?.groups[groupKey({ gpuId, generation, architecture })] ?? 0,
  };
}

const isSeen = (rows: number): boolean => rows >= FEWEST_ROWS;

/**
 * How far a question lies from what the profile was measured on: `group_seen` alone where the three were measured together,
 * else `group_new` with one class for each part that never was, or hardly ever. Never empty.
 */
export function noveltiesOf(profile: CalibrationProfile, question: Questioned): Novelty[] {
  const rows = measuredRows(profile, question);
  if (isSeen(rows.group)) return ['group_seen'];
  return [
    'group_new',
    ...(isSeen(rows.gpu) ? [] : (['gpu_unseen'] as const)),
    ...(isSeen(rows.generation) ? [] : (['engine_unseen'] as const)),
    ...(isSeen(rows.architecture) ? [] : (['model_unseen'] as const)),
  ];
}

/** What decides how sure a profile is of a question. */
export function spreadQuestionOf(
  profile: CalibrationProfile,
  question: Questioned,
  traits: readonly UncertainTrait[],
): SpreadQuestion {
  return {
    novelties: noveltiesOf(profile, question),
    traits,
    generationRows: measuredRows(profile, question).generation,
    leastFactors: profile.ownErrors?.[groupKey(question)] ?? {},
  };
}

/** Share of a decode step beyond which launching and per-sequence work set its time: that is the host's, not the GPU's. */
const HOST_BOUND_SHARE = 0.5;
/** Share of the saturation rate from which small errors of the step grow into large ones of the latency. */
export const NEAR_CAPACITY_SHARE = 0.85;

export interface Traited {
  isMixtureOfExperts: boolean;
  /** Weights are stored small and multiplied at the 16-bit rate. */
  isWeightOnly: boolean;
  /** ms of the parts of a decode step at this load, `total` beside them. */
  decodeParts: Record<string, number>;
  /** Load / saturation rate; null where nothing arrives (a static batch). */
  utilization: number | null;
  /** Clients that wait for their answer before they ask again fall into step. */
  isClosedLoop?: boolean;
}

/** What makes a prediction less sure whatever its novelty. */
export function traitsOf({
  isMixtureOfExperts,
  isWeightOnly,
  decodeParts,
  utilization,
  isClosedLoop = false,
}: Traited): UncertainTrait[] {
  const { launch = 0, sequences = 0, total = 0 } = decodeParts;
  const traits: [trait: UncertainTrait, applies: boolean][] = [
    ['mixture_of_experts', isMixtureOfExperts],
    ['weight_only', isWeightOnly],
    ['host_bound', launch + sequences > HOST_BOUND_SHARE * total],
    ['near_capacity', utilization !== null && utilization >= NEAR_CAPACITY_SHARE],
    ['closed_loop', isClosedLoop],
  ];
  return traits.filter(([, applies]) => applies).map(([trait]) => trait);
}
