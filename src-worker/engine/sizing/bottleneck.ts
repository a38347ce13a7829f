import type { SaturationKind } from '../batching/subject.ts';
import type { StepView } from './types.ts';

export type BottleneckKind =
  'memory_bandwidth' | 'compute' | 'communication' | 'overhead' | 'kv_capacity' | 'seats' | 'queueing';

export interface Bottleneck {
  kind: BottleneckKind;
  sentence: string;
}

export interface BottleneckQuestion {
  /** Why there is no steady state; null when there is one. */
  saturation: SaturationKind | null;
  ttftP95Ms: number;
  /** The same of a request that waits for nobody: the difference is waiting. */
  unhinderedTtftP95Ms: number;
  meanRunning: number;
  step: StepView;
}

const ms = (value: number): string => (value >= 10 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(2));

const SATURATED: Record<SaturationKind, Bottleneck> = {
  compute: {
    kind: 'compute',
    sentence: 'The GPU cannot work off what arrives: prefill and decode steps grow without end.',
  },
  kv: { kind: 'kv_capacity', sentence: 'The KV cache is full before the load is carried.' },
  seats: { kind: 'seats', sentence: 'All seats (max_num_seqs) are taken before the load is carried.' },
};

const LARGEST_PART: Record<string, string> = {
  projections: 'reading and multiplying weights',
  experts: 'reading and multiplying experts',
  kv_read: 'reading the KV cache',
  prompt_attention: 'attention over prompts',
  activations: 'moving activations',
  head: 'the output head',
  communication: 'all-reduces between GPUs',
  all_to_all: 'tokens to experts on other GPUs and back',
  launch: 'launch and scheduling',
  sequences: 'per-sequence work of the engine',
};

const ROOF_WORDS: Record<keyof StepView['roofsMs'], string> = {
  memory_bandwidth: 'memory bandwidth',
  compute: 'compute',
  communication: 'communication between GPUs',
  overhead: 'overhead of the engine',
};

/**
 * What limits the answer, in words (DESIGN.md section 3): saturated -> its cause; waiting more than half of TTFT P95 ->
 * queueing; else the largest of memory, compute, communication and overhead in the mean step.
 */
export function bottleneckOf(question: BottleneckQuestion): Bottleneck {
  if (question.saturation) return SATURATED[question.saturation];
  const waitingMs = question.ttftP95Ms - question.unhinderedTtftP95Ms;
  if (waitingMs > question.ttftP95Ms / 2) {
    const sentence = `Waiting sets TTFT P95: ${ms(waitingMs)} of ${ms(question.ttftP95Ms)} ms are spent behind other requests.`;
    return { kind: 'queueing', sentence };
  }
  const roofs = Object.entries(question.step.roofsMs) as [keyof StepView['roofsMs'], number][];
  const [kind] = roofs.reduce((best, roof) => (roof[1] > best[1] ? roof : best));
  const { total = 0, ...parts } = question.step.decode;
  const [part, partMs] = Object.entries(parts).reduce((best, entry) => (entry[1] > best[1] ? entry : best), ['', 0]);
  const sequences = Math.round(question.meanRunning);
  const running =
    sequences >= 1 ? ` with ${sequences.toLocaleString('en-US')} sequence${sequences === 1 ? '' : 's'} running` : '';
  const sentence = `The step is limited by ${ROOF_WORDS[kind]}; its largest part is ${LARGEST_PART[part] ?? part}, ${ms(partMs)} of the ${ms(total)} ms of a decode step${running}.`;
  return { kind, sentence };
}
