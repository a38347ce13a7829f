import type { StepPlan } from '../roofline/step-plan.ts';
import { stepTimeMs } from '../roofline/step-time.ts';

/** Sequences of one length that start together. */
export interface BatchOfEquals {
  sequences: number;
  /** Of these, how many there is room for at a time. */
  running: number;
  promptTokens: number;
  /** Of these, without those found in the prefix cache; at least one. */
  uncachedTokens: number;
  /** A whole number. */
  outputTokens: number;
  maxNumBatchedTokens: number;
}

/** Sequences whose prompts end in one step: they share all times. ms from the start of the batch. */
export interface Cohort {
  sequences: number;
  firstMs: number;
  lastMs: number;
}

/** Sequences of a cohort and the step with which it ends. */
interface Decoding {
  cohort: Cohort;
  endStep: number;
}

/** What rounding leaves of a token. */
const ROUNDING = 1e-6;

/** Pairs of a prompt's token with those before it, in the first `tokens` of prompts one after the other. */
function pairsUntil(tokens: number, { promptTokens, uncachedTokens }: BatchOfEquals): number {
  const cached = promptTokens - uncachedTokens;
  const whole = Math.floor(tokens / uncachedTokens + ROUNDING);
  const rest = Math.max(0, tokens - whole * uncachedTokens);
  return whole * uncachedTokens * (cached + uncachedTokens / 2) + rest * (cached + rest / 2);
}

/**
 * The steps of a batch of equal sequences, as a scheduler that serves in order makes them: whoever decodes goes first, prompts fill
 * what is left of a step, whoever is next begins as soon as there is room. Nothing is left to chance, so that following them is
 * exact; stretches in which nobody begins or ends are taken at their middle, where a step that grows with its context has its mean.
 */
export function followBatch(plan: StepPlan, batch: BatchOfEquals): Cohort[] {
  const { sequences, running, promptTokens, uncachedTokens, outputTokens, maxNumBatchedTokens } = batch;
  const allTokens = sequences * uncachedTokens;
  const laterTokens = outputTokens - 1;
  const cohorts: Cohort[] = [];
  const decoding: Decoding[] = [];
  let next = 0;
  let step = 0;
  let timeMs = 0;
  let computedTokens = 0;
  let started = 0;
  let ended = 0;
  let contextTokens = 0;
  while (computedTokens < allTokens - ROUNDING || next < decoding.length) {
    const decodes = started - ended;
    const room = Math.max(0, maxNumBatchedTokens - decodes);
    const seated = Math.min(sequences, ended + running) * uncachedTokens;
    const tokens = Math.max(0, Math.min(room, seated - computedTokens));
    // Without prompts nothing changes until the next cohort ends.
    const steps = tokens > ROUNDING ? 1 : Math.max(1, (decoding[next]?.endStep ?? step + 1) - step);
    const until = computedTokens + tokens;
    const whole = Math.min(sequences, Math.floor(until / uncachedTokens + ROUNDING));
    const ending = whole - started;
    const pairs = pairsUntil(until, batch) - pairsUntil(computedTokens, batch);
    const context = contextTokens + (decodes * (steps - 1)) / 2;
    timeMs += steps * stepTimeMs(plan, decodes, context, tokens, pairs, ending);
    step += steps;
    contextTokens += decodes * steps;
    computedTokens = until;
    started = whole;
    if (ending > 0) {
      const cohort = { sequences: ending, firstMs: timeMs, lastMs: timeMs };
      cohorts.push(cohort);
      decoding.push({ cohort, endStep: step + laterTokens });
      contextTokens += ending * (promptTokens + 1);
    }
    for (let last = decoding[next]; last && last.endStep <= step; last = decoding[next]) {
      last.cohort.lastMs = timeMs;
      ended += last.cohort.sequences;
      contextTokens -= last.cohort.sequences * (promptTokens + 1 + laterTokens);
      next += 1;
    }
  }
  return cohorts;
}
