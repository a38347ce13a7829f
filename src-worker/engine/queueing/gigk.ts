import { erlangC } from './erlang.ts';
import { arrivalCvUsed, gapService, isPoisson, type Arrivals } from './arrival.ts';
import type { Delay } from './delay.ts';
import { heavyTrafficDelay } from './heavy-traffic.ts';
import { lawDefinition } from './laws/registry.ts';
import type { LawDefinition } from './laws/definition.ts';
import { offeredLoad } from './mg1.ts';
import { mgkShape, mgkWaiting } from './mgk.ts';
import { walkMaximum, type WaitMasses } from './random-walk.ts';
import type { ServiceLaw, UnitService } from './service.ts';
import { summary, type MethodNote, type QueueOutcome } from './summary.ts';
import { solveTail } from './tail-root.ts';

/**
 * Queues whose arrivals are not Poisson: independent gaps, gamma or constant (GI/G/1, GI/G/k). One server is exact but for its
 * lattice (random-walk.ts). Several servers are an approximation, which with Poisson arrivals is the M/G/k of mgk.ts: the
 * probability of waiting is Erlang's C with servers / z servers (W. S. Hayward's use of the peakedness z, in A. A. Fredericks,
 * "Congestion in blocking systems", Bell System Tech. J. 59 (1980)), and a wait that is not 0 is that of the GI/G/1 with a
 * server k times as fast, stretched as the M/G/k is. Its errors against simulation are in GIGK_ERROR_WORDS.
 */

export interface GigkQuestion {
  arrivalRateReqPerS: number;
  arrivals: Arrivals;
  service: ServiceLaw;
  /** Whole number, at least 1. */
  servers: number;
}

/** Gap less service in standard deviations of their difference, below which the limit of heavy traffic is as good as exact. */
const LEAST_DRIFT = 1e-5;

interface Wait {
  mean: number;
  /** P(W > 0). */
  probability: number;
  delay: Delay;
}

/** The wait of the lattice as a delay, stretched and with `probability` of waiting at all. */
function latticeWait(masses: WaitMasses, service: UnitService, probability: number, stretch: number): Wait {
  const waits = 1 - masses.none;
  const scale = waits > 0 ? probability / waits : 0;
  const step = masses.step * stretch;
  const { cdf } = masses;
  const cellTail = (k: number): number => (k < 0 ? probability : scale * (1 - (cdf[k] as number)));
  const edgeOf = (k: number): number => (k < 0 ? 0 : (k + 0.5) * step);
  const waitTail = (t: number): number => {
    const k = Math.floor(t / step + 0.5) - 1;
    if (k + 1 >= cdf.length) return 0;
    const low = edgeOf(k);
    const high = edgeOf(k + 1);
    return cellTail(k) + ((cellTail(k + 1) - cellTail(k)) * (t - low)) / (high - low);
  };
  const waitQuantile = (tail: number): number => {
    if (tail >= probability) return 0;
    let low = 0;
    let high = cdf.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (cellTail(middle) <= tail) high = middle;
      else low = middle + 1;
    }
    const above = cellTail(low - 1);
    const below = cellTail(low);
    const share = above > below ? (above - tail) / (above - below) : 1;
    return edgeOf(low - 1) + share * (edgeOf(low) - edgeOf(low - 1));
  };
  const responseTail = responseTailOf(waitCells(cellTail, edgeOf, cdf.length), service, probability);
  return {
    mean: scale * stretch * masses.mean,
    probability,
    delay: {
      waitTail: (t) => (t > 0 ? waitTail(t) : probability),
      waitQuantile,
      responseTail,
      responseQuantile: (tail) => solveTail(responseTail, tail, waitQuantile(tail) + 1),
    },
  };
}

/** Waits in cells of uneven width: edges, ascending from 0, and the probability of each. */
interface WaitCells {
  edges: Float64Array;
  masses: Float64Array;
}

/** A cell holds at most this, and at most this share of what lies beyond it. */
const MOST_MASS = 0.004;
const MOST_SHARE = 0.02;
/** What lies beyond this tail is put into one cell. */
const LAST_TAIL = 1e-9;

function waitCells(cellTail: (k: number) => number, edgeOf: (k: number) => number, count: number): WaitCells {
  const edges = [0];
  const masses: number[] = [];
  let tailBefore = cellTail(-1);
  for (let k = 0; k < count && tailBefore > LAST_TAIL; k += 1) {
    const tail = cellTail(k);
    if (tailBefore - tail < Math.min(MOST_MASS, MOST_SHARE * tailBefore) && k + 1 < count) continue;
    edges.push(edgeOf(k));
    masses.push(tailBefore - tail);
    tailBefore = tail;
  }
  return { edges: Float64Array.from(edges), masses: Float64Array.from(masses) };
}

/** P(W + S > t): the service's law averaged over every cell of the wait, by the integral of its distribution function. */
function responseTailOf(
  { edges, masses }: WaitCells,
  service: UnitService,
  probability: number,
): (t: number) => number {
  // The integral of P(S <= u) over u from 0 to x.
  const integral = (x: number): number => (x > 0 ? x * (1 - service.tail(x)) - service.partialMean(x) : 0);
  return (t) => {
    if (t <= 0) return 1;
    let tail = (1 - probability) * service.tail(t) + probability;
    let above = integral(t);
    for (let i = 0; i < masses.length && above > 0; i += 1) {
      const low = edges[i] as number;
      const high = edges[i + 1] as number;
      const below = integral(t - high);
      tail -= ((masses[i] as number) * (above - below)) / (high - low);
      above = below;
    }
    return Math.max(0, tail);
  };
}

/**
 * Differences to simulation over the 126 cases of `npm run bench:queue`: 2, 8 and 32 servers, utilization 0.5 to 0.9, constant
 * gaps and gamma gaps of cv 0.5 and 2, services of cv 0 to 2. Large in share are waits that hardly occur.
 */
const GIGK_ERROR_WORDS =
  'against simulation the P95 of the response is off by 1 % in half of the cases and 5 % in nine of ten, that of the wait by 3 % and 22 %';

function note(law: LawDefinition, arrivals: Arrivals, servers: number): MethodNote {
  const letter = arrivalCvUsed(arrivals) === 0 ? 'D' : 'GI';
  const words = `${letter === 'D' ? 'constant' : 'gamma'} gaps between arrivals and ${law.words}`;
  return servers === 1
    ? {
        method: `${letter}/${law.letter}/1 with ${words}, numerically exact (within 0.1 %): Spitzer's identity on a lattice`,
        isExact: true,
      }
    : {
        method: `${letter}/${law.letter}/k with ${words}, approximate: Erlang C of servers over peakedness, waits of the ${letter}/${law.letter}/1 with a server k times as fast; ${GIGK_ERROR_WORDS}`,
        isExact: false,
      };
}

/**
 * Wait and response of a queue with one or several servers and any of the arrivals; `unstable` from utilization 1 on. Poisson
 * arrivals, and gamma gaps of cv 1, are answered by mgkWaiting. Constant gaps and constant service never wait.
 */
export function gigkWaiting({ arrivalRateReqPerS, arrivals, service, servers }: GigkQuestion): QueueOutcome {
  if (isPoisson(arrivals)) return mgkWaiting({ arrivalRateReqPerS, service, servers });
  const utilization = offeredLoad(arrivalRateReqPerS, service.meanMs) / servers;
  if (!(utilization < 1)) return { kind: 'unstable', utilization };
  const law = lawDefinition(service);
  const cv = law.cvUsed(service.cv);
  const arrivalCv = arrivalCvUsed(arrivals);
  const wait = waitOf(law, cv, arrivalCv, utilization, servers);
  return {
    kind: 'steady',
    utilization,
    waitProbability: wait.probability,
    waitMs: summary(wait.mean, wait.delay.waitQuantile, service.meanMs),
    responseMs: summary(wait.mean + 1, wait.delay.responseQuantile, service.meanMs),
    ...note(law, arrivals, servers),
  };
}

function waitOf(law: LawDefinition, cv: number, arrivalCv: number, utilization: number, servers: number): Wait {
  if (cv === 0 && arrivalCv === 0) return nobodyWaits(law, cv);
  const shape = mgkShape(servers, utilization, cv * cv);
  /** Kingman's limit of heavy traffic, in mean service times. */
  const typical = (cv * cv + (arrivalCv / utilization) ** 2) / (2 * (1 / utilization - 1));
  if (1 / utilization - 1 < LEAST_DRIFT * Math.hypot(cv, arrivalCv)) {
    const stretched = typical * shape.stretch;
    const delay = heavyTrafficDelay(stretched, shape.waitProbability, 1);
    return { mean: shape.waitProbability * stretched, probability: shape.waitProbability, delay };
  }
  const unit = law.service(cv);
  const service = { mean: 1, deviation: cv, unit };
  const gap = { mean: 1 / utilization, deviation: arrivalCv / utilization, unit: gapService(arrivalCv || 1) };
  const masses = walkMaximum(service, gap, Math.log(100) * typical);
  const probability = servers === 1 ? 1 - masses.none : erlangC(servers / peakedness(unit, cv, arrivalCv), utilization);
  return latticeWait(masses, unit, probability, shape.stretch);
}

/** Below this peakedness, arrivals and services are so even that what Erlang's C says is 0 all the same. */
const LEAST_PEAKEDNESS = 0.01;
/** Points at which the squared tail of a service is read: at q / (1 - q), q the middles of as many equal parts of (0, 1). */
const PEAKEDNESS_POINTS = 400;

/**
 * Variance over mean of the requests in service when nobody ever waits: 1 + (ca^2 - 1) times the integral of P(S > t)^2 over the
 * mean service, for gaps that are short against the service. 1 for Poisson arrivals, ca^2 for constant service.
 */
function peakedness(service: UnitService, cv: number, arrivalCv: number): number {
  let integral = 0;
  for (let i = 0; i < PEAKEDNESS_POINTS; i += 1) {
    const q = (i + 0.5) / PEAKEDNESS_POINTS;
    integral += (service.tail(q / (1 - q)) / (1 - q)) ** 2 / PEAKEDNESS_POINTS;
  }
  return Math.max(LEAST_PEAKEDNESS, 1 + (arrivalCv * arrivalCv - 1) * (cv === 0 ? 1 : Math.min(1, integral)));
}

/** The response is the service. */
function nobodyWaits(law: LawDefinition, cv: number): Wait {
  return { mean: 0, probability: 0, delay: law.delay(cv, { utilization: 0, waitProbability: 0, stretch: 1 }) };
}
