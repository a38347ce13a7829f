import type {
  MemoryDocument,
  Recommendation,
  Roofline,
  RooflinePoint,
  StepTimeDocument,
} from '../../src-worker/protocol/documents.ts';
import { formatFixed, formatMs } from '../../src-worker/protocol/numbers.ts';

/** One part of a whole, as a bar and a table show it. */
export interface Part {
  label: string;
  value: number;
  /** The value as it is written, with its unit. */
  text: string;
  /** A custom property of the theme: `--part-memory`. */
  color: string;
  isHatched?: boolean;
  note?: string;
  /** Of the metric registry, where the part is a metric: what its explanation is about. */
  metricId?: string;
}

/** What the parts of a step are called, and which color of the theme each takes. */
const STEP_PARTS: Record<string, { label: string; color: string }> = {
  projections: { label: 'Attention and dense weights', color: '--part-memory' },
  weights: { label: 'Read weights', color: '--part-memory' },
  experts: { label: 'Expert weights', color: '--chart-seq-4' },
  kv_read: { label: 'Read KV cache', color: '--chart-seq-3' },
  prompt_attention: { label: 'Prompt attention', color: '--part-compute' },
  activations: { label: 'Activations', color: '--chart-seq-2' },
  head: { label: 'Output head', color: '--chart-seq-5' },
  communication: { label: 'Communication', color: '--part-comm' },
  all_to_all: { label: 'Tokens to experts and back', color: '--part-comm' },
  launch: { label: 'Launch and scheduling', color: '--part-overhead' },
  sequences: { label: 'Work per sequence', color: '--mem-reserve' },
  overhead: { label: 'Overhead', color: '--part-overhead' },
};

/** Parts smaller than this share join one line, so that the bar stays readable. */
const LEAST_SHARE = 0.02;

/** What the projections of a step wait for. */
export type PhaseLimit = 'memory' | 'compute';

/**
 * The named parts of a step, the largest first; `total` is the whole and no part. Projections read weights and compute with
 * them: they take the color of what limits the step.
 */
export function stepParts(step: StepTimeDocument, limit: PhaseLimit = 'memory'): Part[] {
  const colorOf = (name: string): string =>
    name === 'projections' ? `--part-${limit}` : (STEP_PARTS[name]?.color ?? '--part-overhead');
  const parts = Object.entries(step).filter(([name, ms]) => name !== 'total' && ms > 0);
  const total = parts.reduce((sum, [, ms]) => sum + ms, 0);
  const large = parts.filter(([, ms]) => ms / total >= LEAST_SHARE).sort((a, b) => b[1] - a[1]);
  const rest = parts.filter(([, ms]) => ms / total < LEAST_SHARE);
  const restMs = rest.reduce((sum, [, ms]) => sum + ms, 0);
  const shown: Part[] = large.map(([name, ms]) => ({
    label: STEP_PARTS[name]?.label ?? name.replaceAll('_', ' '),
    value: ms,
    text: `${formatMs(ms)} ms`,
    color: colorOf(name),
  }));
  if (restMs > 0) {
    shown.push({
      label: 'Everything else',
      value: restMs,
      text: `${formatMs(restMs)} ms`,
      color: '--line-strong',
      note: rest.map(([name]) => STEP_PARTS[name]?.label ?? name).join(', '),
    });
  }
  return shown;
}

/** One GPU's memory, as vLLM divides it. */
export function memoryParts(memory: MemoryDocument): Part[] {
  const gib = (value: number) => `${formatFixed(value, 1)} GiB`;
  const all: Part[] = [
    {
      label: 'Weights',
      value: memory.weights_gib,
      text: gib(memory.weights_gib),
      color: '--mem-weights',
      metricId: 'weights_gib',
    },
    {
      label: `KV cache, ${formatFixed(memory.kv_cache_tokens)} tokens`,
      value: memory.kv_cache_gib,
      text: gib(memory.kv_cache_gib),
      color: '--mem-kv',
      metricId: 'kv_cache_gib',
    },
    {
      label: 'Activations',
      value: memory.activation_gib,
      text: gib(memory.activation_gib),
      color: '--mem-activation',
      metricId: 'activation_gib',
    },
    {
      label: 'Graphs and context',
      value: memory.overhead_gib,
      text: gib(memory.overhead_gib),
      color: '--part-overhead',
      metricId: 'overhead_gib',
    },
    {
      label: 'Left free',
      value: memory.free_gib,
      text: gib(memory.free_gib),
      color: '--mem-reserve',
      metricId: 'free_gib',
      isHatched: true,
      note: 'What gpu_memory_utilization leaves to the driver and others.',
    },
  ];
  return all.filter((part) => part.value > 0);
}

/** Mean decode step of a row, in ms; null where the document does not say. */
export const decodeMs = (row: Recommendation): number | null => row.step_time_ms.decode['total'] ?? null;

/** What limits the planned step of a phase, by where it stands beside the ridge of the roofline. */
export function phaseLimit(roofline: Roofline | null, phase: RooflinePoint['phase']): PhaseLimit {
  const planned = roofline?.points.find((point) => point.phase === phase && point.is_planned);
  return planned && roofline && planned.flop_per_byte >= roofline.ridge_flop_per_byte ? 'compute' : 'memory';
}
