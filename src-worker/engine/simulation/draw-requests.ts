import { truncatedLognormal } from '../numerics/lognormal.ts';
import type { RandomSource } from '../numerics/random.ts';
import type { LengthQuestion } from '../workload/lengths.ts';
import type { LengthDistribution } from '../workload/types.ts';
import { cutLengths } from './cut-lengths.ts';
import type { SimulatedRequests } from './requests.ts';
import { randomStream } from './random-streams.ts';

/** A length in whole tokens, at least one. */
function lengthSource(distribution: LengthDistribution): (random: RandomSource) => number {
  const { mean, std, min, max } = distribution;
  if (std === 0 || min === max) {
    const tokens = Math.max(1, Math.round(Math.min(Math.max(mean, min), max)));
    return () => tokens;
  }
  const law = truncatedLognormal(distribution);
  return (random) => Math.max(1, Math.round(law.quantile(random())));
}

/** [request] tokens. */
type DrawnLengths = Pick<SimulatedRequests, 'promptTokens' | 'cachedTokens' | 'outputTokens'>;

/** Requests whose lengths are kept, 800 KiB: sizing simulates the same ones some hundred times, under one rate after the other. */
const MOST_KEPT = 65_536;

/** The latest draw of a question: the first requests of a longer draw are those of a shorter one. */
const latest = new WeakMap<LengthQuestion, { seed: number; count: number; lengths: DrawnLengths }>();

/** Nobody writes to lengths once they are drawn. */
function drawnLengths(question: LengthQuestion, count: number, seed: number): DrawnLengths {
  const before = latest.get(question);
  if (before?.seed === seed && before.count >= count) {
    const { promptTokens, cachedTokens, outputTokens } = before.lengths;
    return {
      promptTokens: promptTokens.subarray(0, count),
      cachedTokens: cachedTokens.subarray(0, count),
      outputTokens: outputTokens.subarray(0, count),
    };
  }
  const lengths = drawLengths(question, count, seed);
  if (count <= MOST_KEPT) latest.set(question, { seed, count, lengths });
  return lengths;
}

/**
 * Draws the lengths of requests that arrive at `arrivalMs`: parts of the prompt add up, what is longer than the context is
 * cut, and a prompt hits the cache with the question's probability.
 */
export const drawRequests = (lengths: LengthQuestion, arrivalMs: Float64Array, seed: number): SimulatedRequests => ({
  arrivalMs,
  ...drawnLengths(lengths, arrivalMs.length, seed),
  priorities: null,
  contentBlocks: null,
});

function drawLengths(lengths: LengthQuestion, count: number, seed: number): DrawnLengths {
  const { promptParts, output, cache, maxContextTokens } = lengths;
  const [prompts, outputs, hits] = [
    randomStream(seed, 'prompts'),
    randomStream(seed, 'outputs'),
    randomStream(seed, 'hits'),
  ];
  const parts = promptParts.map(lengthSource);
  const answer = lengthSource(output);
  const requests: DrawnLengths = {
    promptTokens: new Int32Array(count),
    cachedTokens: new Int32Array(count),
    outputTokens: new Int32Array(count),
  };
  for (let i = 0; i < count; i += 1) {
    let prompt = 0;
    for (const part of parts) prompt += part(prompts);
    const kept = cutLengths(prompt, answer(outputs), maxContextTokens);
    requests.outputTokens[i] = kept.output;
    requests.promptTokens[i] = kept.prompt;
    if (cache && hits() < cache.hitFraction) {
      requests.cachedTokens[i] = Math.min(kept.prompt - 1, Math.round(cache.cachedTokensOf(kept.prompt)));
    }
  }
  return requests;
}
