import { saturationRate } from '../engine/batching/saturation-rate.ts';
import type { BatchingSubject } from '../engine/batching/subject.ts';
import { DEFAULT_DECAY_PER_MS } from '../engine/simulation/arrivals.ts';
import { DEFAULT_PRECISION } from '../engine/simulation/precision.ts';
import { DEFAULT_RULES, serverOf, type SchedulerRules } from '../engine/simulation/simulated-server.ts';
import { drawLoad, type SimulatedLoad } from '../engine/simulation/drawn-load.ts';
import { simulateSteady, type SaturatedSimulation, type SteadySimulation } from '../engine/simulation/steady-state.ts';
import type { RunQuestion } from '../engine/simulation/run-question.ts';
import type { SimulatedServer } from '../engine/simulation/simulated-server.ts';
import {
  dealtTo,
  seedOfStream,
  simulateFleetRun,
  simulateStreams,
  type FleetAnswer,
  type StreamLoad,
} from '../engine/simulation/streams.ts';
import { Timeline } from '../engine/simulation/timeline.ts';
import { LEAST_RATE_PER_MS } from '../engine/sizing/simulated-load.ts';
import { NEAR_CAPACITY_SHARE } from '../engine/uncertainty/novelty.ts';
import { MS_PER_S, msFromSeconds } from '../engine/units.ts';
import type { PredictDocument, Warning } from '../protocol/documents.ts';
import { formatFixed, formatSignificant, plural } from '../protocol/numbers.ts';
import type { PredictInput } from '../protocol/requests.ts';
import { arrivalScv, shareOf } from './arrival-share.ts';
import type { Deployment } from './deployment.ts';
import { figuresDocument, throughputOfServed } from './simulated-figures.ts';
import { allStreams, SATURATION_WORDS, withoutLatency } from './predict-parts.ts';
import { checkTogether, fleetOf, MOST_STREAMS, routerSentence, statedRouter } from './router.ts';

export interface SimulationView {
  hasTimeline: boolean;
  /** Called again and again while it is simulated; what it throws ends that. */
  checkpoint: (() => void) | null;
}

export const rulesOf = ({ hasSeparatePrefill }: Deployment, input: PredictInput): SchedulerRules => ({
  ...DEFAULT_RULES,
  policy: input.scheduling_policy,
  hasSeparatePrefill,
});

/** The load of one scheduler of `schedulers`. */
function loadOf(subject: BatchingSubject, input: PredictInput, schedulers: number): SimulatedLoad {
  if (input.concurrency !== undefined) {
    const users = Math.ceil(input.concurrency / schedulers);
    return { kind: 'closed', users, thinkTimeMs: msFromSeconds(input.think_time) };
  }
  const decayPerMs = input.arrival_decay === null ? DEFAULT_DECAY_PER_MS : input.arrival_decay / MS_PER_S;
  const law = { process: input.arrival, scv: arrivalScv(input), decayPerMs };
  const isAtOnce = input.batch !== undefined || input.rate === 'inf';
  const ratePerMs = isAtOnce ? Infinity : Number(input.rate ?? 0) / schedulers / MS_PER_S;
  return { kind: 'open', ratePerMs: Math.max(ratePerMs, LEAST_RATE_PER_MS), law };
}

/** All schedulers are simulated on one clock: who looks at them, or sends the next when an answer has ended, needs that. */
const isTogether = ({ router, replicas, concurrency }: PredictInput): boolean =>
  replicas > 1 && (router === 'least_loaded' || (router === 'round_robin' && concurrency !== undefined));

const splitSentence = (streams: number): string =>
  streams > 1 ? ` One of ${formatFixed(streams)} schedulers that are alike is simulated, with its share.` : '';

export function saturatedSimulation(
  deployment: Deployment,
  cause: SaturatedSimulation['cause'],
  words: string,
): PredictDocument {
  const kind = cause === 'kv' ? 'kv_capacity' : cause;
  return withoutLatency(deployment, { kind: cause, sentence: words }, { kind, sentence: words });
}

export const NOTHING_FITS =
  'The KV cache holds none of the requests: each needs more than there is, and all are refused. Give shorter ones, more GPUs or a smaller format.';

/** One deployment under one drawn load, simulated: a steady state, or a run from empty of so many requests. */
export function simulatedDocument(
  deployment: Deployment,
  subject: BatchingSubject,
  input: PredictInput,
  view: SimulationView,
): PredictDocument {
  const numRequests = input.batch ?? input.num_prompts;
  return numRequests === null
    ? steadySimulation(deployment, subject, input, view)
    : finiteRun(deployment, subject, input, numRequests, view);
}

function steadySimulation(
  deployment: Deployment,
  subject: BatchingSubject,
  input: PredictInput,
  { hasTimeline, checkpoint }: SimulationView,
): PredictDocument {
  const streams = allStreams(deployment, input);
  const together = isTogether(input);
  if (together) checkTogether(deployment, input);
  const simulated = together ? streams : 1;
  const whole = loadOf(subject, input, streams / simulated);
  const load = whole.kind === 'open' && !together ? { ...whole, share: shareOf(input, deployment.streams) } : whole;
  const timelines: Timeline[] = [];
  const question: RunQuestion = {
    subject,
    rules: rulesOf(deployment, input),
    load,
    seed: input.seed,
    urgentFraction: input.urgent_fraction,
    checkpoint,
    fleet: together ? fleetOf(deployment, input, 'random') : null,
    observe: hasTimeline
      ? () => {
          const timeline = new Timeline();
          timelines.push(timeline);
          return timeline;
        }
      : null,
  };
  const steady = simulateSteady(question);
  const saturationPerMs = saturationRate(subject).perMs;
  if (steady.kind === 'saturated') {
    if (steady.isRefused) return saturatedSimulation(deployment, steady.cause, NOTHING_FITS);
    const offeredPerMs = whole.kind === 'open' ? whole.ratePerMs / simulated : Infinity;
    const share = offeredPerMs / saturationPerMs;
    const limit = `${formatSignificant(saturationPerMs * deployment.streams * MS_PER_S)} requests/s`;
    const sentence =
      share < 1
        ? disagreement(share, input.replicas > 1 ? `${limit} per replica` : limit)
        : `${SATURATION_WORDS[steady.cause]} In closed form a replica saturates at ${limit}.`;
    return saturatedSimulation(deployment, steady.cause, sentence);
  }
  const isOpen = load.kind === 'open';
  if (
    !together &&
    input.concurrency !== undefined &&
    input.concurrency > streams &&
    input.concurrency % streams !== 0
  ) {
    deployment.warnings.push(unevenUsers(input.concurrency, streams));
  }
  // In steady state as many are served as come, however many the draw had. Where users cannot be dealt out evenly, the
  // fullest scheduler is simulated, and all users are served as often as its.
  const scale = isOpen ? Number(input.rate) / MS_PER_S / steady.requestsPerMs : (input.concurrency ?? 1) / load.users;
  const ratePerMs = (isOpen ? load.ratePerMs : steady.requestsPerMs) / simulated;
  const split = together
    ? ' All are simulated together.'
    : splitSentence(Math.min(streams, input.concurrency ?? Infinity));
  return figuresDocument(deployment, subject, input, {
    kind: 'steady',
    router: statedRouter(input),
    isDrawn: true,
    served: { ...steady, requestsPerMs: steady.requestsPerMs / simulated },
    halfWidths: steady.halfWidths,
    isPrecise: steady.isPrecise,
    throughput: throughputOfServed(steady, scale),
    utilization: Math.min(1, ratePerMs / saturationPerMs),
    isRateGiven: isOpen,
    noRanges: null,
    sentence: `Simulated in steady state, seed ${input.seed}: the figures are of ${formatFixed(steady.numMeasured)} requests, after those that came while the replica filled.${routerSentence(input)}${split} ${precisionSentence(steady)}`,
    timeline: timelines.at(-1) ?? null,
    longPrompt: null,
  });
}

/** The simulation has no steady state at `share` of the rate at which the closed form saturates. */
const disagreement = (share: number, limit: string): string =>
  `What waits still grew in the simulation; the closed form puts saturation at ${limit}, ${share >= NEAR_CAPACITY_SHARE ? 'within its error' : 'well above: the two disagree'}.`;

const unevenUsers = (users: number, streams: number): Warning => ({
  code: 'uneven_users',
  sentence: `${formatFixed(users)} users on ${streams} schedulers: latencies are of those with ${Math.ceil(users / streams)} users, the fullest.`,
});

const LATENCY_WORDS = { ttftMs: 'TTFT', tpotMs: 'TPOT', e2eMs: 'E2E' };

/** How wide the widest of the intervals is that were asked to be narrow. */
function precisionSentence(steady: SteadySimulation): string {
  const asked = `${(DEFAULT_PRECISION.relativeHalfWidth * 100).toFixed(0)} %`;
  const widths = DEFAULT_PRECISION.statistics.flatMap(({ latency, statistic }) => {
    const value = steady[latency]?.[statistic];
    const width = steady.halfWidths[latency]?.[statistic];
    if (value === undefined || width === undefined || value <= 0) return [];
    return [{ name: `${LATENCY_WORDS[latency]} ${statistic.toUpperCase()}`, relative: width / value }];
  });
  if (steady.isPrecise) return `With 95 % confidence P95 of TTFT, TPOT and E2E are within ${asked} of a longer run's.`;
  const [widest] = widths.sort((a, b) => b.relative - a.relative);
  if (!widest) return 'The requests are too few to tell how precise the figures are.';
  return `Not as precise as asked for: ${widest.name} is known to ±${Number((widest.relative * 100).toPrecision(2))} % (95 % confidence), and ±${asked} were asked for. What waits comes and goes slowly under this load.`;
}

/** A finite run: its requests and users are dealt out over all schedulers, and the figures are of all of them. */
function finiteRun(
  deployment: Deployment,
  subject: BatchingSubject,
  input: PredictInput,
  numRequests: number,
  { hasTimeline, checkpoint }: SimulationView,
): PredictDocument {
  const all = allStreams(deployment, input);
  const load = loadOf(subject, input, all);
  const isAtOnce = load.kind === 'open' && load.ratePerMs === Infinity;
  const isStream = load.kind === 'open' && !isAtOnce;
  const streams = Math.min(all, isStream ? Infinity : numRequests, input.concurrency ?? Infinity);
  const timeline = hasTimeline ? new Timeline() : null;
  const router = statedRouter(input);
  const together = isTogether(input);
  if (together) checkTogether(deployment, input);
  const simulated = together ? all : Math.min(streams, MOST_STREAMS);
  const server = serverOf(subject, rulesOf(deployment, input));
  const outcome =
    isStream || (router !== null && router !== 'even')
      ? simulateFleetRun(
          server,
          drawLoad(subject, loadOf(subject, input, 1), numRequests, input.seed, input.urgent_fraction),
          {
            fleet: fleetOf(deployment, input, 'random'),
            seed: input.seed,
            most: MOST_STREAMS,
            observer: timeline,
            checkpoint,
          },
        )
      : evenRun(server, { subject, load, input, numRequests, streams, simulated }, timeline, checkpoint);
  if (!outcome) return saturatedSimulation(deployment, 'kv', NOTHING_FITS);
  const { served, halfWidths, requests: drawn, busy } = outcome;
  const saturationPerMs = saturationRate(subject).perMs;
  const offeredPerMs = load.kind === 'closed' ? served.requestsPerMs / simulated : load.ratePerMs;
  const utilization = Math.min(1, offeredPerMs / saturationPerMs);
  const isOver = load.kind === 'open' && !isAtOnce && offeredPerMs > saturationPerMs;
  if (isOver) {
    const limit = formatSignificant(saturationPerMs * allStreams(deployment, input) * MS_PER_S);
    const sentence = `More arrive than are served (about ${limit} requests/s in the long run): what waits grows as long as the run lasts, so latencies grow with num_prompts.`;
    deployment.warnings.push({ code: 'over_capacity', sentence });
  }
  const others =
    streams > simulated
      ? ` ${simulated} of ${formatFixed(streams)} replicas or streams are simulated, the others taken to be like them.`
      : streams > 1
        ? ` ${formatFixed(streams)} schedulers (replicas and their streams) are simulated.`
        : '';
  const document = figuresDocument(deployment, subject, input, {
    kind: 'run',
    router,
    isDrawn: true,
    // Of a replica on average, those that got no request among them.
    served: {
      ...served,
      requestsPerMs: served.requestsPerMs / simulated,
      meanRunning: (served.meanRunning * busy) / simulated,
    },
    // A burst at the start, and what grows while it lasts, are no noise.
    halfWidths: load.kind === 'closed' || isAtOnce || isOver ? null : halfWidths,
    isPrecise: null,
    throughput: throughputOfServed(served, numRequests / drawn),
    utilization: isAtOnce ? null : utilization,
    isRateGiven: load.kind === 'open' && !isAtOnce && !isOver,
    noRanges: isOver ? OVER_CAPACITY_NO_RANGES : null,
    sentence: `Simulated, seed ${input.seed}: a run of ${plural(numRequests, 'request')}${isAtOnce ? ' sent at once' : ''} from an empty deployment to the last answer; nothing is discarded, so the figures hold for a run of this length.${routerSentence(input)}${others}`,
    timeline,
    longPrompt: null,
  });
  return document;
}

interface EvenRun {
  subject: BatchingSubject;
  /** Of one scheduler. */
  load: SimulatedLoad;
  input: PredictInput;
  numRequests: number;
  streams: number;
  simulated: number;
}

/** Users, or requests sent at once, dealt out evenly: each scheduler has its own. */
function evenRun(
  server: SimulatedServer,
  { subject, load, input, numRequests, streams, simulated }: EvenRun,
  timeline: Timeline | null,
  checkpoint: SimulationView['checkpoint'],
): FleetAnswer | null {
  const loads = function* (): Generator<StreamLoad> {
    for (let i = 0; i < simulated; i += 1) {
      const own: SimulatedLoad =
        load.kind === 'closed' ? { ...load, users: dealtTo(i, input.concurrency ?? 1, streams) } : load;
      const count = dealtTo(i, numRequests, streams);
      yield drawLoad(subject, own, count, seedOfStream(input.seed, i), input.urgent_fraction);
    }
  };
  const outcome = simulateStreams(server, loads(), timeline, checkpoint);
  let requests = 0;
  for (let i = 0; i < simulated; i += 1) requests += dealtTo(i, numRequests, streams);
  return outcome && { ...outcome, requests, busy: simulated };
}

const OVER_CAPACITY_NO_RANGES =
  'More arrive than are served: how long requests wait depends on how long the run lasts far more than on errors of step times.';
