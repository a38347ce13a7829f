import { PrefillTable } from '../prefill-table.ts';
import type { RegularArrivals } from '../regular-arrivals.ts';
import type { Part, Spread } from '../spread.ts';
import { NodeTimes, type NodePrefills } from './node-times.ts';
import type { Ahead, Around } from './prefills.ts';

/**
 * What the distribution of TTFT is worked out in, all of it written over by every rate. It belongs to the caller, so that sweeps
 * over rates allocate nothing and callers do not meet in it.
 */
export class FirstTokenScratch {
  /** Steps with prompts beside what decodes, and beside nothing. */
  readonly busyTable = new PrefillTable();
  readonly idleTable = new PrefillTable();
  /** The nodes of prompts as they are, and merged in pairs for rare combinations. */
  readonly fine = new NodeTimes(true);
  readonly coarse = new NodeTimes(false);
  /** What one combination adds: its chance, the residual of the step in progress and all that is the same for every prompt. */
  readonly part: Part = { chance: 0, fixedMs: 0, squareWidth: 0 };
  readonly ahead: Ahead = { leftOver: 0, beside: 0, before: 0, after: 0 };
  readonly around: Around = { arrivalsPerMs: 0, meanTokens: 0, slowSquare: 0 };
  /** Chance of what is found on arrival. */
  readonly found = { chance: 0 };
  /** Mean ms that arrivals wait for the step in progress, or for others in step with them; of what was deposited last. */
  readonly waited = { meanMs: 0 };
  /** What regular arrivals are. */
  readonly regular: RegularArrivals = {
    gapMs: 0,
    decodeOnlyMs: 0,
    handedOutBefore: 0,
    lastStepMs: 0,
    prefillMs: new Float64Array(0),
    weights: new Float64Array(0),
    sharedSavingMs: 0,
  };
  /** ms of a step with so many prompt tokens while nobody decodes yet on average, and later. */
  readonly burstMs = (tokens: number): number => (this.idleTable.ms(tokens) + this.busyTable.ms(tokens)) / 2;
  readonly laterMs = (tokens: number): number => this.busyTable.ms(tokens);
}

/** The deposits of one combination of what is found and who shares the step, `part`. */
export function depositPart(part: Part, prefills: NodePrefills, { nodes, shares }: NodeTimes, spread: Spread): void {
  if (!nodes) return;
  const { ms, squares, hasLate, lateMs, lateChances } = prefills;
  const { weights } = nodes;
  if (!hasLate) {
    spread.addPart(part, ms, squares, weights);
    return;
  }
  shares.fill(0, weights.length);
  for (let i = 0; i < weights.length; i += 1) shares[i] = (weights[i] as number) * (1 - (lateChances[i] as number));
  spread.addPart(part, ms, squares, shares);
  for (let i = 0; i < weights.length; i += 1) shares[i] = (weights[i] as number) * (lateChances[i] as number);
  spread.addPart(part, lateMs, squares, shares);
}
