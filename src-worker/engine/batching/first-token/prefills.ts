import { othersPerMs, type MeanStep } from '../mean-step.ts';
import type { PrefillTable } from '../prefill-table.ts';
import { NEGLIGIBLE } from '../step-sharers.ts';
import type { BatchingSubject } from '../subject.ts';
import type { NodePrefills, NodeTimes } from './node-times.ts';

/* How long prompts take from their first step to their first token, behind and beside prompts of others. */

/**
 * Prompt tokens of others that wait already (`leftOver`), that share the step (`beside`), and of these the ones that are computed
 * before a request's own and after it, in the same steps where there is room.
 */
export interface Ahead {
  leftOver: number;
  beside: number;
  before: number;
  after: number;
}

/** Prompts of others that arrive in a ms and the tokens of one, and what the slow spread of steps adds to squares of widths, per square of ms. */
export interface Around {
  arrivalsPerMs: number;
  meanTokens: number;
  slowSquare: number;
}

/** Sets what is around a request at a rate of arrivals and a relative slow spread of the step time. */
export function setAround(
  around: Around,
  subject: BatchingSubject,
  arrivalsPerMs: number,
  relativeSpread: number,
): void {
  around.arrivalsPerMs = othersPerMs(subject, arrivalsPerMs);
  around.meanTokens = subject.lengths.moments.uncachedMean;
  around.slowSquare = 12 * relativeSpread * relativeSpread;
}

/**
 * For every node the ms from the start of the step in which a prompt can first take part to the end of its prefill behind and
 * beside what is `ahead`: the step in which it ends, and the full ones before that. Whether others come during those is a chance;
 * where it is not told, as many come as do on average.
 */
function timePrefills(
  prefills: NodePrefills,
  times: NodeTimes,
  table: PrefillTable,
  step: MeanStep,
  ahead: Ahead,
  around: Around,
): void {
  const { nodes, lastTokens, lastMs, beforeMs, lateTokens, lateLastMs } = times;
  if (!nodes) return;
  const { uncachedTokens } = nodes;
  const { lateChances } = prefills;
  const count = uncachedTokens.length;
  const room = step.roomTokens;
  const { leftOver, before, after } = ahead;
  prefills.hasLate = false;
  for (let i = 0; i < count; i += 1) {
    const own = uncachedTokens[i] as number;
    const first = leftOver + before + own;
    lateChances[i] = 0;
    if (first <= room) {
      const all = Math.min(room, first + after);
      lastTokens[i] = all;
      lateTokens[i] = all;
      beforeMs[i] = 0;
      continue;
    }
    const full = Math.ceil(first / room) - 1;
    const fullMs = full * table.fullMs;
    const rest = first - full * room + after;
    const late = around.arrivalsPerMs * fullMs;
    beforeMs[i] = fullMs;
    if (!times.tellsLate) {
      lastTokens[i] = Math.min(room, rest + late * around.meanTokens);
      continue;
    }
    const chance = -Math.expm1(-late);
    lastTokens[i] = Math.min(room, rest);
    lateTokens[i] = chance > 0 ? Math.min(room, rest + (late / chance) * around.meanTokens) : Math.min(room, rest);
    lateChances[i] = chance;
    if (chance > NEGLIGIBLE) prefills.hasLate = true;
  }
  table.times(lastTokens, lastMs, count);
  if (prefills.hasLate) table.times(lateTokens, lateLastMs, count);
}

/** Fills `prefills`: every node's own prefill behind and beside what is `ahead`, with steps as `table` has them. */
export function computePrefills(
  prefills: NodePrefills,
  times: NodeTimes,
  table: PrefillTable,
  step: MeanStep,
  ahead: Ahead,
  around: Around,
): void {
  const { nodes, pairsMs, tokenizeMs, relativeWidths, lastMs, lateLastMs, beforeMs } = times;
  if (!nodes) return;
  const { decodeOnlyMs } = step;
  const { slowSquare } = around;
  const { ms, squares, lateMs } = prefills;
  const count = nodes.weights.length;
  prefills.aheadTokens = ahead.leftOver + ahead.before + ahead.after;
  timePrefills(prefills, times, table, step, ahead, around);
  for (let i = 0; i < count; i += 1) {
    const prefill = (beforeMs[i] as number) + (lastMs[i] as number) + (pairsMs[i] as number);
    const computeMs = prefill > decodeOnlyMs ? prefill : decodeOnlyMs;
    const cellMs = (relativeWidths[i] as number) * (computeMs - decodeOnlyMs);
    ms[i] = computeMs + (tokenizeMs[i] as number);
    squares[i] = cellMs * cellMs + slowSquare * computeMs * computeMs;
    if (prefills.hasLate) lateMs[i] = (ms[i] as number) + (lateLastMs[i] as number) - (lastMs[i] as number);
  }
}
