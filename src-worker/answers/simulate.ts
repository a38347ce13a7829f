import { invalidInput } from '../engine/errors.ts';
import type { Facts } from '../engine/facts.ts';
import type { Model, ModelSource } from '../engine/model/types.ts';
import { meanOf, sampleQuantile } from '../engine/numerics/sample.ts';
import { drawPriorities } from '../engine/simulation/drawn-load.ts';
import { serverOf } from '../engine/simulation/simulated-server.ts';
import { canFindBlocks, replayedTrace, type TraceCut } from '../engine/simulation/replayed-trace.ts';
import type { SimulatedRequests } from '../engine/simulation/requests.ts';
import { simulateFleetRun } from '../engine/simulation/streams.ts';
import { Timeline } from '../engine/simulation/timeline.ts';
import { MS_PER_S, msFromSeconds, secondsFromMs } from '../engine/units.ts';
import { requestLengths, type RequestLengths } from '../engine/workload/lengths.ts';
import type { RequestTrace } from '../engine/workload/trace.ts';
import type { PredictDocument, TraceDocument, Warning } from '../protocol/documents.ts';
import { formatFixed, formatPercent, plural } from '../protocol/numbers.ts';
import type { PredictInput, SimulateInput } from '../protocol/requests.ts';
import type { TraceToReplay } from '../protocol/worker-api.ts';
import { rounded } from './common.ts';
import { deploy, type Deployment } from './deployment.ts';
import { checkLoad } from './load-options.ts';
import { allStreams, notFitting } from './predict-parts.ts';
import { checkTogether, fleetOf, sentenceOfRouter } from './router.ts';
import { NOTHING_FITS, rulesOf, saturatedSimulation, simulatedDocument } from './simulated-document.ts';
import { figuresDocument, throughputOfServed, type LongPrompt } from './simulated-figures.ts';

/** Called again and again while something is simulated; what it throws ends that. */
type Checkpoint = (() => void) | null;

/** One deployment simulated, with its timeline: under a load that is drawn, or with the requests of a trace. */
export function answerSimulate(
  input: SimulateInput,
  trace: TraceToReplay | null,
  source: ModelSource,
  facts: Facts,
  checkpoint: Checkpoint = null,
): PredictDocument {
  checkLoad(input, trace !== null);
  return trace ? replayed(input, trace, source, facts, checkpoint) : drawn(input, source, facts, checkpoint);
}

function drawn(input: SimulateInput, source: ModelSource, facts: Facts, checkpoint: Checkpoint): PredictDocument {
  const { trace_speed: speed, input_tokens: inputTokens, output_tokens: outputTokens, ...rest } = input;
  if (inputTokens === null || outputTokens === null) {
    const missing = inputTokens === null ? 'input_tokens' : 'output_tokens';
    throw invalidInput(
      'lengths_needed',
      `${missing} is missing: say how long prompts and answers are (--input-tokens, --output-tokens), or give a trace that has its own (--trace).`,
      {},
    );
  }
  if (speed !== 1) {
    throw invalidInput(
      'trace_speed_unused',
      `trace_speed ${speed} belongs to --trace: a load has a rate of its own.`,
      {},
    );
  }
  const question: PredictInput = { ...rest, input_tokens: inputTokens, output_tokens: outputTokens };
  const deployment = deploy(question, source, facts);
  const { subject } = deployment;
  if (!subject) return notFitting(deployment);
  return simulatedDocument(deployment, subject, question, { hasTimeline: true, checkpoint });
}

/** Options that a trace leaves nothing to say of. */
function checkTraceOptions(input: SimulateInput): void {
  const given = (['input_tokens', 'output_tokens'] as const).find((key) => input[key] !== null);
  const spread = (['input_cv', 'output_cv', 'prefix_tokens'] as const).find((key) => input[key] !== 0);
  const cached = (['cacheable_ratio', 'prefix_hit_rate'] as const).find((key) => input[key] !== null);
  const option = given ?? spread ?? cached;
  if (option === undefined) return;
  throw invalidInput(
    'lengths_unused',
    `${option} ${String(input[option])} contradicts --trace, which has the lengths of its requests: leave one of them out.`,
    {},
  );
}

/** What of a trace is replayed: its first `count` requests. */
interface TracePart {
  trace: RequestTrace;
  count: number;
}

function replayed(
  input: SimulateInput,
  file: TraceToReplay,
  source: ModelSource,
  facts: Facts,
  checkpoint: Checkpoint,
): PredictDocument {
  checkTraceOptions(input);
  const { trace } = file;
  const count = Math.min(trace.arrivalMs.length, input.num_prompts ?? Infinity);
  const part = { trace, count };
  const { trace_speed: speed, ...rest } = input;
  const question: PredictInput = { ...rest, input_tokens: 1, output_tokens: 1 };
  const deployment = deploy(question, source, facts, {
    lengthsOf: (model) => lengthsOf(part, model),
    shown: { ...input, trace: file.file },
  });
  const { subject } = deployment;
  const document = traceDocument(file, part, speed);
  if (!subject) return { ...notFitting(deployment), trace: document };

  const streams = Math.min(allStreams(deployment, question), count);
  const timeline = new Timeline();
  const { urgent_fraction: urgent, seed, replicas } = input;
  const router = replicas === 1 ? null : input.router;
  if (router === 'least_loaded') checkTogether(deployment, question);
  const { requests, cut } = replayedTrace(trace, { count, speed, maxContextTokens: deployment.maxContextTokens });
  const priorities = urgent === null ? null : drawPriorities(count, urgent, seed);
  const outcome = simulateFleetRun(
    serverOf(subject, rulesOf(deployment, question)),
    { requests: { ...requests, priorities }, clients: null },
    { fleet: fleetOf(deployment, question, 'round_robin'), seed, most: Infinity, observer: timeline, checkpoint },
  );
  if (cut.requests > 0) deployment.warnings.push(cutWarning(cut, part, deployment));
  const blocks = trace.prefixBlocks;
  if (blocks && !canFindBlocks(blocks)) deployment.warnings.push(oddBlocks(blocks.blockTokens));
  if (!outcome) return { ...saturatedSimulation(deployment, 'kv', NOTHING_FITS), trace: document };
  const { served, busy } = outcome;
  const waiting = waitingAt(timeline, document.duration_s) * streams;
  if (waiting > WAITING_SHARE * count) deployment.warnings.push(overCapacity(waiting, count));
  const within =
    deployment.streams > 1
      ? ` A replica deals what it gets out round robin over its ${formatFixed(deployment.streams)} streams.`
      : '';
  const pace = speed === 1 ? 'at the pace they were recorded at' : `${speed} times as fast as recorded`;
  return {
    ...figuresDocument(deployment, subject, question, {
      kind: 'trace',
      router,
      isDrawn: urgent !== null || router === 'random',
      // Of a scheduler on average, those that got no request among them.
      served: {
        ...served,
        requestsPerMs: served.requestsPerMs / streams,
        meanRunning: (served.meanRunning * busy) / streams,
      },
      halfWidths: null,
      isPrecise: null,
      throughput: throughputOfServed(served, 1),
      utilization: null,
      isRateGiven: false,
      noRanges: NO_RANGES,
      sentence: `Replayed: ${plural(count, 'request')} of ${file.file}, ${pace}, from an empty deployment to the last answer; nothing is discarded.${sentenceOfRouter(router, replicas)}${within}`,
      timeline,
      longPrompt: longPromptOf(requests, served.cachedFraction),
    }),
    trace: document,
  };
}

function longPromptOf({ promptTokens }: SimulatedRequests, cachedFraction: number): LongPrompt {
  const sorted = promptTokens.slice().sort();
  const tokens = sorted[Math.ceil(0.95 * sorted.length) - 1] ?? 0;
  return { tokens, uncachedTokens: tokens * (1 - cachedFraction) };
}

/** Where more than this share of all requests wait when the last one comes, more came than were served. */
const WAITING_SHARE = 0.05;

/** Requests that wait for a scheduler after so many seconds. */
function waitingAt(timeline: Timeline, atS: number): number {
  const atMs = msFromSeconds(atS);
  return timeline.bins().find(({ toMs }) => toMs >= atMs)?.waiting ?? 0;
}

const overCapacity = (waiting: number, count: number): Warning => ({
  code: 'over_capacity',
  sentence: `More requests come than are served: when the last one comes about ${formatFixed(Math.round(waiting))} of ${formatFixed(count)} still wait. Latencies grow as long as that lasts; more replicas, or fewer requests, bring them down.`,
});

const NO_RANGES = 'How far replays of recorded requests are off was not held against measurements.';

/** The lengths of a trace as what memory is planned for and shown steps are made of: mean, spread and P99 of them. */
function lengthsOf({ trace, count }: TracePart, { maxContextTokens }: Model): RequestLengths {
  const prompts = trace.promptTokens.subarray(0, count);
  const outputs = trace.outputTokens.subarray(0, count);
  const limit = maxContextTokens ?? Infinity;
  const law = (tokens: Float64Array) => {
    const mean = meanOf(tokens);
    const std = Math.sqrt(meanOf(tokens.map((value) => (value - mean) ** 2)));
    const [min, max] = tokens.reduce(([least, most], value) => [Math.min(least, value), Math.max(most, value)], [
      Infinity,
      1,
    ] as [number, number]);
    return { mean, std, min, max };
  };
  const lengths = requestLengths({ promptParts: [law(prompts)], output: law(outputs), cache: null, maxContextTokens });
  return {
    ...lengths,
    promptP99Tokens: Math.min(sampleQuantile(prompts, 0.99), limit),
    outputP99Tokens: Math.min(sampleQuantile(outputs, 0.99), limit),
  };
}

function traceDocument(file: TraceToReplay, { trace, count }: TracePart, speed: number): TraceDocument {
  const durationMs = (trace.arrivalMs[count - 1] ?? 0) / speed;
  const notes = [...file.notes];
  const all = trace.arrivalMs.length;
  if (count < all) notes.unshift(`The first ${formatFixed(count)} of ${plural(all, 'request')} are replayed.`);
  return {
    file: file.file,
    format: file.format,
    requests: count,
    duration_s: rounded(secondsFromMs(durationMs)),
    requests_per_s: durationMs > 0 ? rounded((count / durationMs) * MS_PER_S) : null,
    mean_input_tokens: rounded(meanOf(trace.promptTokens.subarray(0, count))),
    mean_output_tokens: rounded(meanOf(trace.outputTokens.subarray(0, count))),
    notes,
    skipped_rows: file.skippedRows,
    skipped: file.skipped,
  };
}

function cutWarning(cut: TraceCut, { trace, count }: TracePart, { maxContextTokens, base }: Deployment): Warning {
  const offered =
    count * (meanOf(trace.promptTokens.subarray(0, count)) + meanOf(trace.outputTokens.subarray(0, count)));
  return {
    code: 'context_cut',
    sentence: `${formatPercent(cut.requests / count)} of the requests are longer than the ${formatFixed(maxContextTokens)} tokens of ${String(base.input['model'])} and were cut: ${formatPercent(cut.tokens / offered)} of all tokens.`,
  };
}

const oddBlocks = (blockTokens: number): Warning => ({
  code: 'prefix_blocks_unused',
  sentence: `Prefix blocks of ${blockTokens} tokens do not fill KV blocks of 16: hits of the prefix cache are not replayed.`,
});
