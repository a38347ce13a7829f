import type { BatchingSubject } from '../batching/subject.ts';
import { rememberedByRate } from './replica-load.ts';
import type { LoadOutcome, ReplicaLoad } from './types.ts';

/*
 * A replica of several pipeline stages keeps as many batches in flight as it has stages, and a sequence stays in one of
 * them: each is a stream of its own with its share of the sequences, of the seats and of the KV cache (vLLM V1 splits them
 * evenly on average). A stream is put under its share of the load; figures of the replica are those of all streams.
 */

type Scheduler = Pick<BatchingSubject, 'maxNumSeqs' | 'kvCacheTokens'>;

/** What one of `streams` has of the replica's seats and cache; the token budget is that of every step. */
export const streamShare = ({ maxNumSeqs, kvCacheTokens }: Scheduler, streams: number): Scheduler => ({
  maxNumSeqs: Math.max(1, Math.floor(maxNumSeqs / streams)),
  kvCacheTokens: kvCacheTokens / streams,
});

/** What a replica of `streams` does where one stream does `outcome`. */
export function outcomeOfStreams<Outcome extends LoadOutcome>(outcome: Outcome, streams: number): Outcome {
  if (outcome.kind === 'saturated' || streams === 1) return outcome;
  return { ...outcome, meanRunning: outcome.meanRunning * streams, maxRunning: outcome.maxRunning * streams };
}

/** The load of a replica from that of one of its streams. */
export function loadOfStreams(stream: ReplicaLoad, streams: number): ReplicaLoad {
  if (streams === 1) return stream;
  return {
    get ratePerMsAtCapacity() {
      return stream.ratePerMsAtCapacity * streams;
    },
    get capacity() {
      return { ...stream.capacity, ratePerMs: stream.capacity.ratePerMs * streams };
    },
    replicasFor: (sharedPerMs) => stream.replicasFor(sharedPerMs / streams),
    ...rememberedByRate((ratePerMs) => outcomeOfStreams(stream.at(ratePerMs / streams), streams)),
    curveAt: (ratePerMs) => outcomeOfStreams(stream.curveAt(ratePerMs / streams), streams),
    marginsAt: (ratePerMs) => stream.marginsAt(ratePerMs / streams),
    stepFloorMs: stream.stepFloorMs,
    saturation() {
      const { perMs, cause } = stream.saturation();
      return { perMs: perMs * streams, cause };
    },
    stepParts: (meanRunning, ratePerMs, meanStepMs) =>
      stream.stepParts(meanRunning / streams, ratePerMs / streams, meanStepMs),
  };
}
