import { gammaLower } from '../numerics/gamma.ts';
import type { LoadOnArrival } from './arrival-finds.ts';
import type { MeanStep } from './mean-step.ts';
import type { BatchingSubject } from './subject.ts';

/**
 * Prompts that come one gap after the other: an arrival meets the prefill of the one before, or of those before it, only where
 * that has not ended a gap later. What it finds is a chain on the time until all earlier prompts have ended, on a grid.
 */

/** What regular arrivals are to a replica with given decodes; ms. */
export interface RegularArrivals {
  gapMs: number;
  /** A step without prompts. */
  decodeOnlyMs: number;
  /** Share of a step before its end from which on an arrival misses the next one. */
  handedOutBefore: number;
  /** The step in which the last piece of a prompt is computed, on average. */
  lastStepMs: number;
  /** [node] ms from the start of its first step to its first token, and its chance. */
  prefillMs: Float64Array;
  weights: Float64Array;
  /** ms that a prompt saves by sharing the last step of the one before. */
  sharedSavingMs: number;
}

/** Cells of the grid, and times the chain is followed at most: as often as prompts wait for each other in a row. */
const BINS = 24;
const ROUNDS = 24;
/** Change of all chances together below which the chain has settled, and a chance below which its cell is left out. */
const CONVERGED = 1e-4;
const NEXT_TO_NEVER = 1e-7;
/** Ranges are never narrower than this, ms: only a division is kept from being by 0. */
const LEAST_WIDTH_MS = 1e-9;

/** What arrivals find: nobody's prefill, or one that ends after a time that falls into a bin. Written over by every call. */
export const foundPrefills = {
  /** Chance that no prefill is under way. */
  noneChance: 1,
  /** [bin] chance of finding one that ends in it. */
  chances: new Float64Array(BINS),
  /** [edge] ms at which bins begin and end: finer where little is left, as one prompt in thousands is as long as hundreds. */
  edgesMs: new Float64Array(BINS + 1),
  /** [bin] their middles and widths, ms. */
  leftMs: new Float64Array(BINS),
  widthsMs: new Float64Array(BINS),
};

/** [edge] share of the longest at which bins begin and end. */
const EDGE_SHARES = Float64Array.from({ length: BINS + 1 }, (_, edge) => (edge / BINS) ** 2);

function setBins(longestMs: number): void {
  const { edgesMs, leftMs, widthsMs } = foundPrefills;
  for (let edge = 0; edge <= BINS; edge += 1) edgesMs[edge] = longestMs * (EDGE_SHARES[edge] as number);
  for (let bin = 0; bin < BINS; bin += 1) {
    const low = edgesMs[bin] as number;
    const high = edgesMs[bin + 1] as number;
    leftMs[bin] = (low + high) / 2;
    widthsMs[bin] = high - low;
  }
}

const following = new Float64Array(BINS);
/** [bin][node] ms from arrival to the first token of somebody who finds a prefill that ends in the middle of the bin. */
let endings = new Float64Array(0);

/** Spreads `weight` evenly over [low, high]; returns what lies at or below 0: those who find nothing. */
function spreadOver(low: number, high: number, weight: number): number {
  if (high <= 0) return weight;
  const { edgesMs } = foundPrefills;
  const width = Math.max(high - low, LEAST_WIDTH_MS);
  const none = low < 0 ? (weight * -low) / width : 0;
  const from = Math.max(low, 0);
  const to = Math.max(high, from + LEAST_WIDTH_MS);
  const density = (weight - none) / (to - from);
  const longestMs = edgesMs[BINS] as number;
  const first = Math.min(BINS - 1, Math.floor(BINS * Math.sqrt(from / longestMs)));
  const last = Math.min(BINS - 1, Math.floor(BINS * Math.sqrt(to / longestMs)));
  for (let bin = first; bin <= last; bin += 1) {
    const start = bin === first ? from : (edgesMs[bin] as number);
    const end = bin === last ? to : (edgesMs[bin + 1] as number);
    following[bin] = (following[bin] as number) + density * (end - start);
  }
  return none;
}

/** ms from arrival to the start of one's own first step, for somebody who finds a prefill that ends after `leftMs`. */
export function waitAfter(arrivals: RegularArrivals, leftMs: number): number {
  const { lastStepMs, sharedSavingMs, handedOutBefore, decodeOnlyMs } = arrivals;
  // Before the last step begins it can still be shared.
  if (leftMs > lastStepMs * (1 + handedOutBefore)) return leftMs - sharedSavingMs;
  return leftMs < handedOutBefore * lastStepMs ? leftMs + decodeOnlyMs : leftMs;
}

/** Fills `foundPrefills`. */
export function findPrefills(arrivals: RegularArrivals): void {
  const { gapMs, decodeOnlyMs, handedOutBefore, prefillMs, weights } = arrivals;
  const found = foundPrefills;
  found.noneChance = 1;
  found.chances.fill(0);
  const nodes = weights.length;
  let longestMs = 0;
  for (let i = 0; i < nodes; i += 1) longestMs = Math.max(longestMs, prefillMs[i] as number);
  const waitMs = handedOutBefore * decodeOnlyMs;
  if (longestMs + waitMs + decodeOnlyMs <= gapMs) return;
  // A few of the longest in a row.
  setBins(2 * Math.max(longestMs, 2 * (longestMs + waitMs + decodeOnlyMs - gapMs)));
  const { leftMs, widthsMs } = found;
  if (endings.length < BINS * nodes) endings = new Float64Array(BINS * nodes);
  for (let bin = 0; bin < BINS; bin += 1) {
    const wait = waitAfter(arrivals, leftMs[bin] as number);
    for (let i = 0; i < nodes; i += 1) endings[bin * nodes + i] = wait + (prefillMs[i] as number);
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    following.fill(0);
    let none = 0;
    for (let i = 0; i < nodes; i += 1) {
      const low = waitMs + (prefillMs[i] as number) - gapMs;
      none += spreadOver(low, low + decodeOnlyMs, found.noneChance * (weights[i] as number));
      for (let bin = 0; bin < BINS; bin += 1) {
        const chance = (found.chances[bin] as number) * (weights[i] as number);
        if (chance < NEXT_TO_NEVER) {
          none += chance;
          continue;
        }
        const left = (endings[bin * nodes + i] as number) - gapMs;
        const half = (widthsMs[bin] as number) / 2;
        none += spreadOver(left - half, left + half, chance);
      }
    }
    let change = Math.abs(none - found.noneChance);
    found.noneChance = none;
    for (let bin = 0; bin < BINS; bin += 1) {
      change += Math.abs((following[bin] as number) - (found.chances[bin] as number));
      found.chances[bin] = following[bin] as number;
    }
    if (change < CONVERGED) return;
  }
}

export const NUM_BINS = BINS;

/** Share of regular prompts that have a step of their own: all where two steps pass between two arrivals, none where one does. */
export function shareApart({ stateMs, decodeOnlyMs }: MeanStep, arrivalsPerMs: number): number {
  return Math.min(1, Math.max(0, 2 - arrivalsPerMs * ((stateMs[1] as number) + decodeOnlyMs)));
}

/**
 * Share of arrivals that find others as Poisson arrivals do: the squared CV of the gaps, or fewer where a prefill is so short that
 * hardly a gamma gap ends within it.
 */
export function randomShare(subject: BatchingSubject, { arrivalsPerMs, scvArrival, step }: LoadOnArrival): number {
  if (scvArrival === 0 || scvArrival >= 1) return Math.min(1, scvArrival);
  const full = subject.lengths.moments.uncachedMean / step.roomTokens;
  const prefillMs = Math.floor(full) * step.fullChunkMs + (step.stateMs[1] as number);
  const mean = arrivalsPerMs * prefillMs;
  const met = gammaLower(1 / scvArrival, mean / scvArrival) / -Math.expm1(-mean);
  return Math.min(scvArrival, met);
}
