import { expect, test } from 'vitest';
import { cutPieces, pieces } from '../../../src-worker/engine/batching/pieces.ts';
import type { PromptNodes } from '../../../src-worker/engine/workload/lengths.ts';

const ROOM = 100;

/** Of every token of the last piece the tokens of its prompt that it attends to: all before it, cached or computed, and half of itself. */
function attendedByLastPiece(cached: number, uncached: number): { tokens: number; attended: number } {
  let [tokens, attended] = [0, 0];
  for (let token = 0; token < uncached; token += 1) {
    // The piece that ends the prompt begins at the last whole multiple of the room before its end.
    if (token < Math.floor((uncached - 1) / ROOM) * ROOM) continue;
    tokens += 1;
    attended += cached + token + 0.5;
  }
  return { tokens, attended };
}

test.each([
  [[[0, 30]]],
  [[[200, 30]]],
  [[[40, 150]]],
  [
    [
      [0, 250],
      [300, 60],
      [1000, 100],
    ],
  ],
])('cached and uncached tokens %o: pairs of the last pieces, token by token', (prompts) => {
  const weight = 1 / prompts.length;
  const nodes: PromptNodes = {
    cachedTokens: Float64Array.from(prompts, ([cached]) => cached as number),
    uncachedTokens: Float64Array.from(prompts, ([, uncached]) => uncached as number),
    weights: new Float64Array(prompts.length).fill(weight),
    widths: new Float64Array(prompts.length),
  };
  pieces.roomTokens = ROOM;
  cutPieces(nodes);
  const last = prompts.map(([cached = 0, uncached = 0]) => attendedByLastPiece(cached, uncached));
  const tokens = last.reduce((sum, one) => sum + one.tokens, 0);
  const attended = last.reduce((sum, one) => sum + one.attended, 0);
  expect(pieces.meanTokens).toBeCloseTo(tokens * weight, 9);
  expect(pieces.pairsPerToken).toBeCloseTo(attended / tokens, 9);
});
