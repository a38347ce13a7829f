import type { BatchingSubject } from '../engine/batching/subject.ts';
import { weightedQuantile } from '../engine/numerics/weighted-quantile.ts';
import { stepTimeMs } from '../engine/roofline/step-time.ts';
import type { HalfWidths, ServedLoad } from '../engine/simulation/served-load.ts';
import { BLOCK_TOKENS } from '../engine/simulation/request-states.ts';
import type { Timeline } from '../engine/simulation/timeline.ts';
import { bottleneckOf } from '../engine/sizing/bottleneck.ts';
import { stepViewOf } from '../engine/sizing/replica-load.ts';
import { MS_PER_S, secondsFromMs } from '../engine/units.ts';
import type {
  HalfWidthDocument,
  PredictDocument,
  SimulationDocument,
  ThroughputDocument,
  TimelineDocument,
  Warning,
} from '../protocol/documents.ts';
import type { RequestLengths } from '../engine/workload/lengths.ts';
import { formatFixed, plural } from '../protocol/numbers.ts';
import type { PredictInput } from '../protocol/requests.ts';
import { latencySummary, rounded, stepTimeDocument } from './common.ts';
import type { Deployment } from './deployment.ts';
import { latencySummaries, rangesOf, type Latencies } from './predict-parts.ts';
import { SAME_STEPS } from './simulated-remarks.ts';

/** Tokens of a prompt as long as the 95th percentile, and those of them that are computed. */
export interface LongPrompt {
  tokens: number;
  uncachedTokens: number;
}

/** What a simulation gave, whatever it was of. */
export interface SimulatedFigures {
  kind: SimulationDocument['kind'];
  router: SimulationDocument['router'];
  /** Something was left to chance. */
  isDrawn: boolean;
  served: ServedLoad;
  /** null where they say nothing: of recorded requests, of a burst, of what grows while it lasts. */
  halfWidths: HalfWidths | null;
  isPrecise: boolean | null;
  /** Of the whole deployment. */
  throughput: ThroughputDocument;
  utilization: number | null;
  /** The rate is the question's, not a prediction. */
  isRateGiven: boolean;
  /** Why errors of the closed form say nothing of these figures; null = they do. */
  noRanges: string | null;
  /** What was simulated, and how precisely. */
  sentence: string;
  timeline: Timeline | null;
  /** Of recorded requests, whose lengths follow no law; null = as the question draws them. */
  longPrompt: LongPrompt | null;
}

/** The 95th percentile of what a question's lengths draw. */
function longDrawnPrompt({ prompts }: RequestLengths): LongPrompt {
  const promptTokens = prompts.uncachedTokens.map((tokens, i) => tokens + (prompts.cachedTokens[i] as number));
  return {
    tokens: weightedQuantile(promptTokens, prompts.weights, 0.95),
    uncachedTokens: weightedQuantile(prompts.uncachedTokens, prompts.weights, 0.95),
  };
}

/** How long (ms) a long prompt takes that waits for nobody, beside as many decodes as usual. */
function unhinderedMs(
  { plan, lengths, maxNumBatchedTokens }: BatchingSubject,
  served: ServedLoad,
  { tokens, uncachedTokens: uncached }: LongPrompt,
): number {
  const decodes = Math.round(served.meanRunning);
  const context = decodes * lengths.moments.decodeContextMean;
  const budget = Math.max(1, maxNumBatchedTokens - decodes);
  const chunks = Math.max(1, Math.ceil(uncached / budget));
  const perChunk = uncached / chunks;
  const pairs = (perChunk * uncached) / 2;
  return (
    plan.ttftBaseMs + plan.tokenizeMsPerToken * tokens + chunks * stepTimeMs(plan, decodes, context, perChunk, pairs, 1)
  );
}

export const halfWidthDocument = (widths: HalfWidths | null): HalfWidthDocument | null =>
  widths && (widths.ttftMs ?? widths.e2eMs)
    ? {
        ttft_ms: latencySummary(widths.ttftMs),
        tpot_ms: latencySummary(widths.tpotMs),
        e2e_ms: latencySummary(widths.e2eMs),
      }
    : null;

export function simulationDocument(
  {
    kind,
    served,
    halfWidths,
    isPrecise,
    router,
    isDrawn,
  }: Pick<SimulatedFigures, 'kind' | 'served' | 'halfWidths' | 'isPrecise' | 'router' | 'isDrawn'>,
  seed: number | null,
): SimulationDocument {
  return {
    kind,
    seed: isDrawn ? seed : null,
    router,
    requests: served.numMeasured,
    rejected_requests: served.rejected,
    half_width: halfWidthDocument(halfWidths),
    is_precise: isPrecise,
    wall_s: kind === 'steady' ? null : rounded(secondsFromMs(served.wallMs)),
    preemptions_per_request: rounded(served.preemptionsPerRequest),
    cached_fraction: rounded(served.cachedFraction),
    classes:
      served.classes?.map(({ priority, numMeasured, ttftMs, tpotMs, e2eMs }) => ({
        priority,
        requests: numMeasured,
        ttft_ms: latencySummary(ttftMs),
        tpot_ms: latencySummary(tpotMs),
        e2e_ms: latencySummary(e2eMs),
      })) ?? null,
  };
}

/** `streams`: figures of a replica are those of all its streams, which are alike. */
function timelineDocument(
  timeline: Timeline | null,
  subject: BatchingSubject,
  streams: number,
): TimelineDocument | null {
  if (!timeline) return null;
  const bins = timeline.bins();
  const [first] = bins;
  if (!first) return null;
  const totalBlocks = Math.max(1, Math.floor(subject.kvCacheTokens / BLOCK_TOKENS));
  const ofCache = (blocks: number): number => rounded(Math.min(1, blocks / totalBlocks));
  return {
    bin_s: rounded(secondsFromMs(timeline.widthMs)),
    from_s: bins.map(({ fromMs }) => rounded(secondsFromMs(fromMs))),
    running: bins.map(({ running }) => rounded(running * streams)),
    waiting: bins.map(({ waiting }) => rounded(waiting * streams)),
    kv_cache_fraction: bins.map(({ usedBlocks }) => ofCache(usedBlocks)),
    max_running: bins.map(({ mostRunning }) => mostRunning * streams),
    max_waiting: bins.map(({ mostWaiting }) => mostWaiting * streams),
    max_kv_cache_fraction: bins.map(({ mostUsedBlocks }) => ofCache(mostUsedBlocks)),
    preemptions: bins.map(({ preemptions }) => preemptions * streams),
  };
}

const rejectedWarning = (rejected: number, all: number): Warning => ({
  code: 'never_fits',
  sentence: `${formatFixed(rejected)} of ${plural(all, 'request')} need more KV cache than there is: they are refused and are in none of the figures.`,
});

/** The document of what a simulation gave. */
export function figuresDocument(
  deployment: Deployment,
  subject: BatchingSubject,
  input: PredictInput,
  figures: SimulatedFigures,
): PredictDocument {
  const { served, throughput, utilization, isRateGiven, noRanges, sentence, timeline } = figures;
  const { ttftMs, tpotMs, e2eMs, requestsPerMs, promptsPerStep, rejected, numMeasured } = served;
  const latencies: Latencies = { ttftMs, tpotMs, e2eMs };
  const ratePerMs = requestsPerMs > 0 ? requestsPerMs : 0;
  const step = stepViewOf(subject, served.meanRunning, ratePerMs, ratePerMs > 0 ? promptsPerStep / ratePerMs : 0);
  const running = served.meanRunning * deployment.streams;
  const warnings = [...deployment.warnings];
  if (rejected > 0) warnings.push(rejectedWarning(rejected, rejected + numMeasured));
  return {
    ...deployment.base,
    ...latencySummaries(latencies),
    throughput,
    utilization: utilization === null ? null : rounded(utilization),
    saturated: false,
    saturation: null,
    batch: { mean_running: rounded(running), max_running: served.maxRunning * deployment.streams },
    step_time_ms: { decode: stepTimeDocument(step.decode), prefill: stepTimeDocument(step.prefill) },
    bottleneck: bottleneckOf({
      saturation: null,
      ttftP95Ms: ttftMs.p95,
      unhinderedTtftP95Ms: unhinderedMs(subject, served, figures.longPrompt ?? longDrawnPrompt(subject.lengths)),
      meanRunning: running,
      step,
    }),
    trust: { kind: figures.isPrecise === false ? 'uncertain' : 'ok', sentence },
    ...simulatedRanges(
      deployment,
      subject,
      { latencies, throughput, utilization, decodeParts: step.decode, isRateGiven },
      noRanges,
    ),
    simulation: simulationDocument(figures, input.seed),
    timeline: timelineDocument(timeline, subject, deployment.streams),
    trace: null,
    warnings,
  };
}

/** Ranges of the closed form: most of its errors are those of step times, which the simulation shares. */
function simulatedRanges(
  deployment: Deployment,
  subject: BatchingSubject,
  figures: Parameters<typeof rangesOf>[2],
  noRanges: string | null,
): ReturnType<typeof rangesOf> {
  if (noRanges !== null) return { interval: null, interval_reason: noRanges, interval_basis: null };
  const ranges = rangesOf(deployment, subject, figures);
  const basis = ranges.interval_basis;
  return { ...ranges, interval_basis: basis && { ...basis, sentence: `${basis.sentence} ${SAME_STEPS}` } };
}

/** Of the whole deployment, from what was simulated of it. */
export const throughputOfServed = (served: ServedLoad, factor: number): ThroughputDocument => ({
  requests_per_s: rounded(served.requestsPerMs * factor * MS_PER_S),
  output_tokens_per_s: rounded(served.outputTokensPerMs * factor * MS_PER_S),
  total_tokens_per_s: rounded((served.outputTokensPerMs + served.inputTokensPerMs) * factor * MS_PER_S),
});
