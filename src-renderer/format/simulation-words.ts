import type { PredictDocument, SimulationDocument } from '../../src-worker/protocol/documents.ts';
import {
  formatFixed,
  formatMs,
  formatPercent,
  formatSignificant,
  formatTick,
  plural,
} from '../../src-worker/protocol/numbers.ts';
import { gpuLabel } from './names.ts';
import type { Verdict } from './verdict.ts';

/** What a simulation came to, in words. */

const MS_PER_MIN = 60_000;
const MS_PER_H = 60 * MS_PER_MIN;

const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 1);

export const replicasOf = ({ input }: PredictDocument): number => numberOf(input['replicas']);

/** `2 × H100 80GB`, of so many replicas. */
function gpusWords({ input }: PredictDocument, replicas: number): string {
  const gpus = ['tp', 'pp', 'dp'].reduce((product, key) => product * numberOf(input[key]), replicas);
  return `${formatFixed(gpus)} × ${gpuLabel(String(input['gpu']))}`;
}

/** What has to hold the model: each replica does by itself. */
const holderWords = (document: PredictDocument): string =>
  replicasOf(document) > 1 ? `One replica (${gpusWords(document, 1)})` : gpusWords(document, 1);

/** ms of a headline in the unit that reads best: 119 ms, 1.50 min, 6.68 h. */
function headlineTime(ms: number | null): string {
  if (ms === null || ms < MS_PER_MIN) return `${formatMs(ms)} ms`;
  return ms < MS_PER_H ? `${formatSignificant(ms / MS_PER_MIN)} min` : `${formatSignificant(ms / MS_PER_H)} h`;
}

const ROUTER_WORDS: Record<NonNullable<SimulationDocument['router']>, string> = {
  random: 'requests dealt at random',
  round_robin: 'requests dealt in turn',
  least_loaded: 'requests dealt to the least loaded',
  even: 'users and requests dealt out evenly',
};

/** `requests dealt in turn over 4 replicas`; null for one. */
function routerWords(document: PredictDocument): string | null {
  const router = document.simulation?.router ?? null;
  return router === null ? null : `${ROUTER_WORDS[router]} over ${plural(replicasOf(document), 'replica')}`;
}

/** `10 requests/s`, `50 users at once`, `300 requests of day.csv`. */
export function loadWords({ input, trace }: PredictDocument): string {
  if (trace) return `${plural(trace.requests, 'request')} of ${trace.file}`;
  const { rate, concurrency, batch } = input;
  if (typeof rate === 'number') return `${formatTick(rate)} requests/s`;
  if (typeof batch === 'number') return `${plural(batch, 'request')} at once`;
  return typeof concurrency === 'number' ? `${plural(concurrency, 'user')} at once` : 'the load';
}

/** Warnings that the figures do not stand by themselves with. */
const DOUBTS: Record<string, string> = {
  over_capacity: 'more arrive than are served',
  never_fits: 'requests that never fit are left out',
};

/** Why the figures are to be taken with care; none where they stand by themselves. */
function doubtsOf({ warnings, simulation, trace }: PredictDocument): string[] {
  return [
    ...warnings.flatMap(({ code }) => DOUBTS[code] ?? []),
    ...(simulation?.is_precise === false ? ['the figures are less precise than asked for'] : []),
    ...((trace?.skipped_rows ?? 0) > 0 ? ['rows of the trace were skipped'] : []),
  ];
}

export function simulationVerdict(document: PredictDocument): Verdict {
  const { memory, saturated, saturation, ttft_ms: ttft, bottleneck } = document;
  const replicas = replicasOf(document);
  const deployment = gpusWords(document, replicas);
  const load = loadWords(document);
  if (!memory.fits) {
    return {
      kind: 'none',
      sentence: `${holderWords(document)} cannot hold the model`,
      why: bottleneck?.sentence ?? 'It does not fit.',
    };
  }
  if (saturated) {
    return {
      kind: 'none',
      sentence: `${deployment} cannot keep up with ${load}`,
      why: `${saturation?.sentence ?? ''} Without a steady state there are no latencies to give.`.trim(),
    };
  }
  const doubts = doubtsOf(document);
  const { throughput, utilization, batch } = document;
  const router = routerWords(document);
  const parts = [
    `${deployment}, ${load}`,
    ...(router === null ? [] : [router]),
    `${formatSignificant(throughput.requests_per_s)} served a second`,
    ...(utilization === null ? [] : [`${formatPercent(utilization)} of its saturation rate`]),
    `${formatSignificant(batch.mean_running)} requests run at a time${replicas > 1 ? ' per replica' : ''}`,
  ];
  return {
    kind: doubts.length > 0 ? 'near' : 'met',
    ...(doubts.length > 0 ? { mark: `Take it with care: ${doubts.join('; ')}.` } : {}),
    sentence: `Half of the answers begin within ${headlineTime(ttft.p50)}, 19 in 20 within ${headlineTime(ttft.p95)}`,
    why: `${parts.join('; ')}.`,
  };
}

/** What helps a load that is not carried, by what stops it. */
export const SATURATION_CURES: Record<'compute' | 'kv' | 'seats', string> = {
  compute: 'More replicas, more GPUs each (tensor parallel), smaller weights, or fewer requests help.',
  kv: 'More GPUs each, smaller weights or an FP8 KV cache leave more room for requests; more replicas share the load.',
  seats: 'More seats (max_num_seqs), if the KV cache has room for them, or more replicas help.',
};

/** What helps where the model does not fit. */
export const MEMORY_CURE = 'More GPUs each (tensor parallel), smaller weights (FP8, INT4) or a larger GPU help.';

export interface SimulationFact {
  label: string;
  figure: string;
  unit: string;
  detail: string;
}

/** What else is worth knowing of a simulation, beside latencies. */
export function simulationFacts(document: PredictDocument): SimulationFact[] {
  const { throughput, batch, simulation, timeline, memory, step_time_ms: step, trace, utilization } = document;
  const preempted = simulation?.preemptions_per_request ?? 0;
  const peak = timeline ? timeline.max_kv_cache_fraction.reduce((most, value) => Math.max(most, value), 0) : null;
  const fact = (label: string, figure: string, unit: string, detail = ''): SimulationFact => ({
    label,
    figure,
    unit,
    detail,
  });
  const length = simulation?.wall_s ?? null;
  return [
    fact(
      'Throughput',
      formatSignificant(throughput.requests_per_s),
      'requests/s',
      `${formatFixed(throughput.output_tokens_per_s)} output tokens/s`,
    ),
    utilization === null
      ? fact('Length', formatSignificant(length), 's', trace ? 'from the first request to the last answer' : '')
      : fact('Utilization', formatPercent(utilization), '', 'of the rate at which it saturates'),
    fact(
      'Running',
      formatSignificant(batch.mean_running),
      'requests',
      `per replica on average, ${formatFixed(batch.max_running)} at most`,
    ),
    fact('KV cache', formatPercent(peak), '', `at its fullest, of ${formatFixed(memory.kv_cache_tokens)} tokens`),
    fact(
      'Preemptions',
      preempted === 0 ? 'none' : formatSignificant(preempted, 2),
      preempted === 0 ? '' : 'per request',
      preempted === 0 ? 'no request gave way' : 'requests gave way and were computed again',
    ),
    fact('Decode step', formatMs(step?.decode['total'] ?? null), 'ms', 'with as many as run on average'),
  ];
}
