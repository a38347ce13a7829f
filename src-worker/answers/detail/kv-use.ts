import { IDLE_KV_TOKENS_PER_SEQUENCE } from '../../engine/batching/subject.ts';
import type { DetailDocument } from '../../protocol/documents.ts';
import { formatFixed, plural } from '../../protocol/numbers.ts';
import { rounded } from '../common.ts';
import type { PlannedReplica } from './planned-load.ts';

/** How the KV cache of a replica is used, and whether it or the seats limit the sequences. */
export function kvUse({ replica, planned }: PlannedReplica, isPassing: boolean): NonNullable<DetailDocument['kv_use']> {
  const { lengths } = replica.batching;
  const kvCacheTokens = replica.batching.kvCacheTokens * replica.streams;
  const maxNumSeqs = replica.batching.maxNumSeqs * replica.streams;
  const context = lengths.moments.decodeContextMean;
  const byKv = Math.floor(kvCacheTokens / (context + IDLE_KV_TOKENS_PER_SEQUENCE));
  const mean = `${plural(Math.round(context), 'token')} on average`;
  const sentence =
    byKv >= maxNumSeqs
      ? `The slot limit binds, not memory: max_num_seqs allows ${formatFixed(maxNumSeqs)} sequences, the KV cache holds ${plural(byKv, 'sequence')} of ${mean}.`
      : `Memory binds, not the slot limit: the KV cache holds ${plural(byKv, 'sequence')} of ${mean}, max_num_seqs would allow ${formatFixed(maxNumSeqs)}.`;
  return {
    tokens_that_fit: kvCacheTokens,
    tokens_in_use: isPassing && planned ? rounded(planned.meanRunning * context) : null,
    sequences_by_kv: byKv,
    max_num_seqs: maxNumSeqs,
    sentence,
  };
}
