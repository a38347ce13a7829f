import type { CalibrationProfile, Novelty, UncertainTrait } from '../calibration/types.ts';

/** What of a question a profile may have been measured on: catalog id, engine generation, first of `architectures`. */
export interface Questioned {
  gpuId: string;
  generation: string;
  architecture: string;
}

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
    group: coverage?.groups[[gpuId, generation, architecture].join('|')] ?? 0,
  };
}

/**
 * How far a question lies from what the profile was measured on: `group_seen` alone where the three were measured together,
 * else `group_new` with one class for each part that never was. Never empty.
 */
export function noveltiesOf(profile: CalibrationProfile, question: Questioned): Novelty[] {
  const rows = measuredRows(profile, question);
  if (rows.group > 0) return ['group_seen'];
  return [
    'group_new',
    ...(rows.gpu > 0 ? [] : (['gpu_unseen'] as const)),
    ...(rows.generation > 0 ? [] : (['engine_unseen'] as const)),
    ...(rows.architecture > 0 ? [] : (['model_unseen'] as const)),
  ];
}

/** Share of a decode step beyond which launching and per-sequence work set its time: that is the host's, not the GPU's. */
const HOST_BOUND_SHARE = 0.5;
/** Share of the saturation rate from which small errors of the step grow into large ones of the latency. */
const NEAR_CAPACITY_SHARE = 0.85;

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
