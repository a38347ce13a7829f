import type { TrustKind } from '../engine/batching/trust.ts';
import type { ArrivalProcess } from '../engine/workload/types.ts';
import type { Remark, Warning } from '../protocol/documents.ts';

/** How far figures that were worked out may be trusted, in words. */

const TRUST_SENTENCES: Record<Exclude<TrustKind, 'bursty'>, string> = {
  ok: 'Load and lengths lie where the closed form holds: steady, with room in the KV cache and the seats.',
  critical:
    'Outside of where the closed form was confirmed (near the edge of the steady region, prompts of several steps or very uneven lengths, answers of a few tokens, or users in step): percentiles may be far off, so simulate.',
  kv_pressure:
    'The KV cache is nearly full: requests wait for room in it, for which the figures have an estimate, or are preempted, which they do not hold: simulate.',
  slot_pressure: 'Nearly all seats are taken: how long requests wait for one is an estimate: simulate.',
};

/**
 * Closed form / simulation of Llama-3.1-8B under bursts, at 30 to 85 % of saturation: gamma gaps of CV 1.5 to 3, TTFT P95 0.61 to
 * 0.96 on an H100 (500 / 200 tokens) and 0.77 to 0.88 on an L40S (3,000 / 300). Hawkes arrivals of the same spread of counts:
 * 1.14 to 2.39 on the H100; on the L40S, whose requests last longer, P50 1.0 to 1.27, P99 0.32 to 0.83.
 */
const BURST_SENTENCES = {
  gaps: 'Arrivals are bursty: tails of the time to first token, and with long prompts the time per token, are likely too low, so simulate.',
  excited:
    'Arrivals bring others, in bursts of which the closed form knows only how uneven they are in the long run: the time to first token may be twice too high where a replica is quick, and its tail far too low where requests last long, so simulate.',
};

const METHOD_SENTENCES: Partial<Record<string, string>> = {
  mg1: 'One request at a time: the wait is exact, the picture of the engine is not.',
  static_batch: 'A batch that starts together: no arrivals, no waiting.',
};

/** Where the KV cache is what is short, some lose their blocks to others and are computed anew. */
export const CROWDED_BATCH =
  'A batch that starts together and does not fit into the KV cache at once: whoever is preempted meanwhile, and begins anew, only a simulation shows (--method simulation).';

/** Where lengths differ, the longest keep a batch running when most of it has ended. */
export const UNEVEN_BATCH =
  'A batch that starts together, taken to have prompts and answers of one length: how latencies spread, and how long the longest answers keep the batch, only a simulation says (--method simulation).';

/** How requests come: the process of all of them, and the squared CV of a scheduler's gaps. */
export interface TrustedArrivals {
  process: ArrivalProcess;
  scv: number;
}

const POISSON: TrustedArrivals = { process: 'poisson', scv: 1 };

/** What method mg1 says of arrivals that it does not follow, in trust and in a warning; null where there is nothing to say. */
export function poissonOnly(method: string, { scv }: TrustedArrivals): string | null {
  if (method !== 'mg1' || scv === 1) return null;
  const [how, off] = scv > 1 ? ['burstier', 'short'] : ['more even', 'long'];
  return `Method mg1 takes arrivals as Poisson; those of a replica are ${how}, so waits are likely too ${off}: methods batching and simulation follow them.`;
}

/** The same as warnings. */
export function arrivalWarnings(method: string, arrivals: TrustedArrivals): Warning[] {
  const sentence = poissonOnly(method, arrivals);
  return sentence === null ? [] : [{ code: 'arrival_ignored', sentence }];
}

/** `method` other than the closed form of continuous batching has its own words. */
export function trustRemark(kind: TrustKind, method: string, arrivals = POISSON): Remark<TrustKind> {
  const notFollowed = poissonOnly(method, arrivals);
  if (notFollowed !== null) return { kind: 'critical', sentence: notFollowed };
  const ofForm =
    kind === 'bursty' ? BURST_SENTENCES[arrivals.process === 'hawkes' ? 'excited' : 'gaps'] : TRUST_SENTENCES[kind];
  return { kind, sentence: METHOD_SENTENCES[method] ?? ofForm };
}
