import { seededRandom, type RandomSource } from '../numerics/random.ts';

/** What is drawn, each from a stream of its own: a change of one leaves the others as they were (common random numbers). */
export type StreamName = 'gaps' | 'prompts' | 'outputs' | 'hits' | 'pauses' | 'router' | 'urgency';

/** FNV-1a, 32 bits (Fowler, Noll and Vo 1991): offset basis and prime. */
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** The stream `name` of a seed. */
export function randomStream(seed: number, name: StreamName): RandomSource {
  let hash = FNV_OFFSET;
  for (const text of [String(seed), name]) {
    for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME);
  }
  return seededRandom(hash);
}
