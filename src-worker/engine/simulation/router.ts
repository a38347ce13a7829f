import type { RandomSource } from '../numerics/random.ts';

/** How a router shares requests out over replicas: at random, in turn, or each to the one that is least loaded then. */
export type RouterPolicy = 'random' | 'round_robin' | 'least_loaded';
/** Those that do not look at the replicas. */
export type BlindRouter = Exclude<RouterPolicy, 'least_loaded'>;

/** Replicas behind a router. A replica's own schedulers (ranks, streams of a pipeline) share out what it gets by themselves. */
export interface Fleet {
  router: RouterPolicy;
  replicas: number;
  /** Schedulers of a replica. */
  streams: number;
  /** How a replica shares requests out over its schedulers. */
  within: 'random' | 'round_robin';
}

/** What a waiting request weighs beside one that runs, in the score by which vLLM balances data-parallel ranks (decision 33). */
const WAITING_WEIGHT = 4;

/** How loaded a scheduler is. */
export const loadScore = (waiting: number, running: number): number => WAITING_WEIGHT * waiting + running;

/** Gives each request in turn the scheduler it is sent to, numbered replica by replica; `scoreOf` a scheduler's load just then. */
export function routerOf(
  { router, replicas, streams, within }: Fleet,
  random: RandomSource,
  scoreOf: (scheduler: number) => number,
): () => number {
  let turn = 0;
  const turns = new Int32Array(within === 'round_robin' ? replicas : 0);
  const streamOf = (replica: number): number => {
    if (streams === 1) return 0;
    if (within === 'random') return Math.floor(random() * streams);
    const next = turns[replica] as number;
    turns[replica] = next + 1;
    return next % streams;
  };
  const to = (replica: number): number => replica * streams + streamOf(replica);
  if (router === 'random') {
    if (within === 'random') return () => Math.floor(random() * (replicas * streams));
    return () => to(replicas === 1 ? 0 : Math.floor(random() * replicas));
  }
  if (router === 'round_robin') {
    return () => {
      const replica = turn;
      turn = turn + 1 === replicas ? 0 : turn + 1;
      return to(replica);
    };
  }
  return () => {
    let [least, leastScore] = [0, Infinity];
    for (let replica = 0; replica < replicas; replica += 1) {
      let score = 0;
      for (let i = 0; i < streams; i += 1) score += scoreOf(replica * streams + i);
      if (score < leastScore) [least, leastScore] = [replica, score];
    }
    return to(least);
  };
}
