/* Why points of a run have no answer: protocol of what is said in place of one. */

/**
 * Reasons that say by how much something was missed, those worth a second thought first: what misses a target may pass with another
 * load, what does not fit will not.
 */
const MEASURED_REASONS: readonly string[] = ['sla_missed', 'max_gpus', 'memory', 'host_memory', 'context_exceeded'];

/** How near what does not pass came: by its reason first, then by the factor between value and limit. Less is nearer. */
export interface Nearness {
  order: number;
  gap: number;
}

/** Null where the reason, or the figures, do not say by how much. */
export function nearness(reason: string, value: number, limit: number): Nearness | null {
  const order = MEASURED_REASONS.indexOf(reason);
  const gap = Math.abs(Math.log(value / limit));
  return order < 0 || !Number.isFinite(gap) ? null : { order, gap };
}

export const byNearness = (one: Nearness, other: Nearness): number => one.order - other.order || one.gap - other.gap;

/** A configuration that does not pass, and by how much. */
export interface NearMiss {
  /** Its point: values of the axes that vary, by name. */
  at: Record<string, number | string>;
  provider: string;
  instance: string;
  gpu: string;
  quantization: string | null;
  tensor_parallel: number | null;
  pipeline_parallel: number | null;
  reason: string;
  detail: string;
  margin: { metric: string; value: number; limit: number; unit: string };
}

export interface Shortfall {
  /** Points without an answer. */
  points: number;
  /** How many of them have each reason as that of most of their rows, the commonest first. */
  reasons: { reason: string; points: number }[];
  /** The least violation of all their rows; null where none says by how much. */
  nearest: NearMiss | null;
}
