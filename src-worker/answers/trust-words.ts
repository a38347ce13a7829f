import type { TrustKind } from '../engine/batching/closed-form.ts';
import type { ArrivalProcess } from '../engine/workload/types.ts';
import type { Remark } from '../protocol/documents.ts';

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
  gaps: 'Arrivals are bursty: tails of the time to first token are likely too low, so simulate.',
  excited:
    'Arrivals bring others, in bursts of which the closed form knows only how uneven they are in the long run: the time to first token may be twice too high where a replica is quick, and its tail far too low where requests last long, so simulate.',
};

const METHOD_SENTENCES: Partial<Record<string, string>> = {
  mg1: 'One request at a time: the wait is exact, the picture of the engine is not.',
  static_batch: 'A batch that starts together: no arrivals, no waiting.',
};

/** Where lengths differ, the longest keep a batch running when most of it has ended. */
export const UNEVEN_BATCH =
  'A batch that starts together, taken to have prompts and answers of one length: how latencies spread, and how long the longest answers keep the batch, only a simulation says (--method simulation).';

/** `method` other than the closed form of continuous batching has its own words. `process`: how all requests come. */
export function trustRemark(kind: TrustKind, method: string, process: ArrivalProcess = 'poisson'): Remark<TrustKind> {
  const ofForm = kind === 'bursty' ? BURST_SENTENCES[process === 'hawkes' ? 'excited' : 'gaps'] : TRUST_SENTENCES[kind];
  return { kind, sentence: METHOD_SENTENCES[method] ?? ofForm };
}
