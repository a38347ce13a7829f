import { msFromSeconds } from '../units.ts';

/**
 * Groups of experts that one token reaches, on average: `expertsPerToken` of `numExperts` are chosen without repetition and
 * lie in `groups` of equal size. A group is missed when all chosen ones lie in the others.
 * Example: 2 of 4 experts on 2 GPUs miss a given one with 2/4 · 1/3 = 1/6, so that a token reaches 2 · 5/6 = 1.67 of them.
 *
 * Every expert is taken to be as likely as any other. Routers that keep a token to a few nodes (DeepSeek-V3) reach fewer.
 */
export function expertGroupsReached(numExperts: number, expertsPerToken: number, groups: number): number {
  const elsewhere = numExperts - numExperts / groups;
  let missed = 1;
  for (let chosen = 0; chosen < expertsPerToken; chosen += 1) {
    missed *= Math.max(0, elsewhere - chosen) / (numExperts - chosen);
  }
  return groups * (1 - missed);
}

/** How the GPUs of a stage share tokens and experts between them. */
export interface ExpertSpread {
  /** GPUs that split the matrices of the attention; each sends its part of the tokens. */
  tensorParallel: number;
  /** Ranks of attention data parallelism, each with tokens of its own. */
  dataParallel: number;
  /** Groups of GPUs with experts of their own. */
  expertGroups: number;
}

/**
 * Vectors that one GPU sends to others for each token of its rank, in one direction of the exchange: a token goes to every
 * GPU of the groups it reaches, other than the one it is on. Without expert parallelism every GPU has a part of every expert
 * and needs all tokens (one group).
 * Example: 8 ranks, experts split over all of them: 7; DeepSeek-V3 with 8 of 256 experts in 8 groups: 5.29 · 7/8 = 4.63.
 */
export function vectorsSent(spread: ExpertSpread, numExperts: number, expertsPerToken: number): number {
  const { tensorParallel, dataParallel, expertGroups } = spread;
  const gpus = tensorParallel * dataParallel;
  const gpusReached = expertGroupsReached(numExperts, expertsPerToken, expertGroups) * (gpus / expertGroups);
  return (gpusReached * ((gpus - 1) / gpus)) / tensorParallel;
}

/** Time of one byte that a GPU sends, ms: all send at once, each over its own link. */
export const sendMsPerByte = (bandwidthPerDirectionBytesPerS: number, linkEfficiency: number): number =>
  msFromSeconds(1 / (bandwidthPerDirectionBytesPerS * linkEfficiency));
