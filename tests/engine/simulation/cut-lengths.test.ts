import { expect, test } from 'vitest';
import { cutLengths } from '../../../src-worker/engine/simulation/cut-lengths.ts';
import { drawRequests } from '../../../src-worker/engine/simulation/draw-requests.ts';
import { replayedTrace } from '../../../src-worker/engine/simulation/replayed-trace.ts';

test.each([
  ['what fits is not cut', 60, 40, 100, { prompt: 60, output: 40 }],
  ['a prompt too long is cut to what the answer leaves', 90, 40, 100, { prompt: 60, output: 40 }],
  ['an answer too long leaves one token for the prompt', 90, 400, 100, { prompt: 1, output: 99 }],
  ['without a limit nothing is cut', 90_000, 400_000, null, { prompt: 90_000, output: 400_000 }],
  ['of each at least one token is left', 0, 0, 100, { prompt: 1, output: 1 }],
] as const)('%s', (_, prompt, output, limit, kept) => {
  expect(cutLengths(prompt, output, limit)).toEqual(kept);
});

test('drawn requests and those of a trace are cut alike', () => {
  const exactly = (tokens: number) => ({ mean: tokens, std: 0, min: 1, max: 1e6 });
  for (const [prompt, output] of [
    [90, 40],
    [90, 400],
    [60, 40],
  ] as const) {
    const drawn = drawRequests(
      { promptParts: [exactly(prompt)], output: exactly(output), cache: null, maxContextTokens: 100 },
      Float64Array.of(0, 1),
      1,
    );
    const { requests, cut } = replayedTrace(
      {
        arrivalMs: Float64Array.of(0, 1),
        promptTokens: Float64Array.of(prompt, prompt),
        outputTokens: Float64Array.of(output, output),
        cachedTokens: null,
        prefixBlocks: null,
      },
      { count: 2, speed: 1, maxContextTokens: 100 },
    );
    expect(requests.promptTokens).toEqual(drawn.promptTokens);
    expect(requests.outputTokens).toEqual(drawn.outputTokens);
    expect(cut.tokens).toBe(2 * Math.max(0, prompt + output - 100));
  }
});
