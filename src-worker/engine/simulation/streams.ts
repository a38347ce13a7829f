import { dealt, simulateDealt, simulateFleet, type FleetRun } from './fleet.ts';
import { inWords, tooLong, MOST_ROUNDS } from './run-limits.ts';
import { pooledLoad, type HalfWidths, type MeasuredPart, type ServedLoad } from './served-load.ts';
import type { Clients, SimulatedRequests } from './requests.ts';
import type { Fleet } from './router.ts';
import { simulate } from './simulate.ts';
import type { Observer } from './observer.ts';
import type { SimulatedRun } from './simulated-run.ts';
import type { SimulatedServer } from './simulated-server.ts';

/** What one of several schedulers beside each other is sent. */
export interface StreamLoad {
  requests: SimulatedRequests;
  /** null = an open run. */
  clients: Clients | null;
}

/** How many of `total` things stream `index` of `streams` gets when they are dealt out evenly, one after the other. */
export const dealtTo = (index: number, total: number, streams: number): number =>
  Math.floor(total / streams) + (index < total % streams ? 1 : 0);

/** Those of the requests that go to the first `kept` schedulers, and where each of them goes. */
function sentToFirst(
  all: SimulatedRequests,
  sentTo: Int32Array,
  kept: number,
): { requests: SimulatedRequests; sentTo: Int32Array } {
  const indices = [...sentTo.keys()].filter((i) => (sentTo[i] as number) < kept);
  const { priorities } = all;
  const requests = {
    arrivalMs: Float64Array.from(indices, (i) => all.arrivalMs[i] as number),
    promptTokens: Int32Array.from(indices, (i) => all.promptTokens[i] as number),
    cachedTokens: Int32Array.from(indices, (i) => all.cachedTokens[i] as number),
    outputTokens: Int32Array.from(indices, (i) => all.outputTokens[i] as number),
    priorities: priorities && Int32Array.from(indices, (i) => priorities[i] as number),
    contentBlocks: null,
  };
  return { requests, sentTo: Int32Array.from(indices, (i) => sentTo[i] as number) };
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
    parts.push(wholeOf(run, requests));
  }
  return pooledLoad(parts);
}

/** All of a run that has to be complete. */
function wholeOf(run: SimulatedRun, requests: SimulatedRequests): MeasuredPart {
  if (!run.isComplete) {
    throw tooLong(
      `its requests are not served after ${inWords(MOST_ROUNDS)} steps; ask for fewer (num_prompts), for shorter prompts or for a larger max_num_batched_tokens`,
    );
  }
  return { run, requests, from: 0, to: requests.promptTokens.length };
}

export interface FleetRunOptions {
  fleet: Fleet;
  /** Of what the router leaves to chance. */
  seed: number;
  /** Schedulers that are simulated where the router does not look at them. */
  most: number;
  observer: Observer | null;
  /** What it throws ends the run. */
  checkpoint?: (() => void) | null;
}

/** What a finite run of one stream through replicas came to. */
export interface FleetAnswer {
  served: ServedLoad;
  halfWidths: HalfWidths;
  /** Requests that were simulated, and schedulers that got any of them. */
  requests: number;
  busy: number;
}

/**
 * A finite run of one stream of requests through replicas behind a router, from empty to the end of the last request: what all of
 * them were served like. Where it does not look at the replicas, only the first `most` schedulers and what they get are
 * simulated. null = the KV cache holds none of them.
 */
export function simulateFleetRun(
  server: SimulatedServer,
  { requests: all, clients }: StreamLoad,
  { fleet, seed, most, observer, checkpoint = null }: FleetRunOptions,
): FleetAnswer | null {
  const options = { observer, mostEvents: MOST_ROUNDS, checkpoint };
  let requests = all;
  let run: FleetRun;
  if (fleet.router === 'least_loaded' || clients) {
    run = simulateFleet(all, server, fleet, seed, { ...options, clients });
  } else {
    let sentTo = dealt(all.promptTokens.length, fleet, seed);
    if (fleet.replicas * fleet.streams > most) ({ requests, sentTo } = sentToFirst(all, sentTo, most));
    run = simulateDealt(requests, server, sentTo, options);
  }
  const pooled = pooledLoad([wholeOf(run, requests)]);
  return pooled && { ...pooled, requests: requests.promptTokens.length, busy: run.schedulers };
}
