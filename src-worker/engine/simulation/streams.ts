import { pooledLoad, tooLong, MOST_ROUNDS, type HalfWidths, type MeasuredPart, type ServedLoad } from './load.ts';
import type { Clients, SimulatedRequests } from './requests.ts';
import { randomStream } from './random-streams.ts';
import { simulate, type Observer, type SimulatedServer } from './scheduler.ts';

/** What one of several schedulers beside each other is sent. */
export interface StreamLoad {
  requests: SimulatedRequests;
  /** null = an open run. */
  clients: Clients | null;
}

/** How many of `total` things stream `index` of `streams` gets when they are dealt out evenly, one after the other. */
export const dealtTo = (index: number, total: number, streams: number): number =>
  Math.floor(total / streams) + (index < total % streams ? 1 : 0);

/**
 * Deals requests of one run at random to `streams` schedulers, each with the same chance, and keeps what the first `kept` of them
 * get: each sees a thinned stream. Who gets nothing is left out.
 */
export function dealtAtRandom(
  all: SimulatedRequests,
  streams: number,
  kept: number,
  seed: number,
): SimulatedRequests[] {
  const random = randomStream(seed, 'router');
  const own = Array.from({ length: kept }, (): number[] => []);
  for (let i = 0; i < all.arrivalMs.length; i += 1) own[Math.floor(random() * streams)]?.push(i);
  return own
    .filter((indices) => indices.length > 0)
    .map((indices) => ({
      arrivalMs: Float64Array.from(indices, (i) => all.arrivalMs[i] as number),
      promptTokens: Int32Array.from(indices, (i) => all.promptTokens[i] as number),
      cachedTokens: Int32Array.from(indices, (i) => all.cachedTokens[i] as number),
      outputTokens: Int32Array.from(indices, (i) => all.outputTokens[i] as number),
      priorities: all.priorities && Int32Array.from(indices, (i) => all.priorities?.[i] as number),
      contentBlocks: null,
    }));
}

/** Steps of the golden ratio in 32 bits: seeds that follow each other are far apart. */
const SEED_STEP = 0x9e3779b9;

/** The seed of a stream; the first one has that of the whole. */
export const seedOfStream = (seed: number, index: number): number => (seed + Math.imul(index, SEED_STEP)) >>> 0;

/**
 * Finite runs of schedulers that are alike, each from empty to the end of its last request, with nothing discarded: what all
 * requests were served like together. `observer` is told of the first; what `checkpoint` throws ends them. null = the KV cache
 * holds none of them.
 */
export function simulateStreams(
  server: SimulatedServer,
  loads: Iterable<StreamLoad>,
  observer: Observer | null = null,
  checkpoint: (() => void) | null = null,
): { served: ServedLoad; halfWidths: HalfWidths } | null {
  const parts: MeasuredPart[] = [];
  let rounds = 0;
  for (const { requests, clients } of loads) {
    const run = simulate(requests, server, {
      clients,
      observer: parts.length === 0 ? observer : null,
      mostEvents: MOST_ROUNDS - rounds,
      checkpoint,
    });
    rounds += run.events;
    const count = requests.promptTokens.length;
    if (!run.isComplete) {
      throw tooLong(
        `its requests are not served after ${MOST_ROUNDS} steps; ask for fewer (num_prompts), for shorter prompts or for a larger max_num_batched_tokens`,
      );
    }
    parts.push({ run, requests, from: 0, to: count });
  }
  return pooledLoad(parts);
}
