import type { LoadState } from './load-state.ts';
import type { LatencyPercentiles, Part, Spread } from './spread.ts';
import type { BatchingSubject } from './subject.ts';
import { interruptions, law, setInterruptions, setLaw } from './time-per-token.ts';

/** TTFT quantiles that E2E is mixed from, with their weights (QUEUEING.md 3.7). */
const TTFT_NODES: readonly (readonly [probability: number, weight: number])[] = [
  [0.1, 0.2],
  [0.3, 0.2],
  [0.5, 0.2],
  [0.69, 0.18],
  [0.84, 0.12],
  [0.93, 0.06],
  [0.975, 0.03],
  [0.993, 0.01],
];
export const TTFT_PROBABILITIES = Float64Array.from(TTFT_NODES, ([probability]) => probability);
const TTFT_WEIGHTS = Float64Array.from(TTFT_NODES, ([, weight]) => weight);
/** [node of TTFT] ms and squares of widths of the deposits of one output length and one interruption. */
const firstMs = new Float64Array(TTFT_NODES.length);
const NO_WIDTHS = new Float64Array(TTFT_NODES.length);
const part: Part = { chance: 0, fixedMs: 0, squareWidth: 0 };

/**
 * Deposits E2E (ms) into `spread`: TTFT with the mean of `ttftMs` and `ttftNodesMs` at TTFT_PROBABILITIES, and the time of the
 * tokens after the first, by the length of the answer and what interrupts it.
 */
export function depositEndToEnd(
  { state, times }: LoadState,
  ttftMs: LatencyPercentiles,
  ttftNodesMs: Float64Array,
  subject: BatchingSubject,
  spread: Spread,
): void {
  const { tokens, weights, widths } = subject.lengths.outputs;
  // What the nodes of TTFT miss of its mean is added, so that E2E has the mean its parts add up to.
  let missedMs = ttftMs.mean;
  for (let k = 0; k < firstMs.length; k += 1) missedMs -= (ttftNodesMs[k] as number) * (TTFT_WEIGHTS[k] as number);
  for (let k = 0; k < firstMs.length; k += 1) firstMs[k] = (ttftNodesMs[k] as number) + missedMs;
  for (let i = 0; i < tokens.length; i += 1) {
    const n = Math.max(0, (tokens[i] as number) - 1);
    law.tokens = Math.max(n, 1);
    setLaw(state, times);
    setInterruptions(state.step);
    const cell = (widths[i] as number) * (law.baseMs + law.interruptedMs);
    const slow = cell * cell + 12 * n * n * law.slowVariance;
    for (let j = 0; j < interruptions.count; j += 1) {
      const fast = interruptions.ms[j] as number;
      part.chance = (weights[i] as number) * (interruptions.weights[j] as number);
      part.fixedMs = n * (law.baseMs + fast);
      part.squareWidth = slow + (fast > 0 ? n * n * interruptions.squareWidth : 0);
      spread.addPart(part, firstMs, NO_WIDTHS, TTFT_WEIGHTS);
    }
  }
}
