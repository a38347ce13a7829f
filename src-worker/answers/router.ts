import { invalidInput } from '../engine/errors.ts';
import type { Fleet } from '../engine/simulation/router.ts';
import type { SimulationDocument } from '../protocol/documents.ts';
import { formatFixed } from '../protocol/numbers.ts';
import type { PredictInput } from '../protocol/requests.ts';
import type { Deployment } from './deployment.ts';
import { allStreams } from './predict-parts.ts';

/** Replicas, or streams of them, that are simulated one by one; beyond these all others are taken to be like them. */
export const MOST_STREAMS = 64;

type Asked = Pick<PredictInput, 'router' | 'replicas' | 'rate' | 'concurrency'>;

/** Requests come one by one, at a rate. */
const comesAtRate = ({ rate }: Asked): boolean => rate !== undefined && rate !== 'inf';

/**
 * How requests come to the replicas; null = there is one. Users, and requests sent at once, are dealt out evenly unless a router
 * was asked for that sees each of them.
 */
export function statedRouter(input: Asked): SimulationDocument['router'] {
  if (input.replicas === 1) return null;
  return input.router === 'random' && !comesAtRate(input) ? 'even' : input.router;
}

/** The replicas as they are simulated together. */
export const fleetOf = (
  { streams }: Deployment,
  { router, replicas }: PredictInput,
  within: Fleet['within'],
): Fleet => ({ router, replicas, streams, within });

/** Schedulers on one clock take one after the other: the more there are, the longer. */
export function checkTogether(deployment: Deployment, input: PredictInput): void {
  const all = allStreams(deployment, input);
  if (all <= MOST_STREAMS) return;
  const streams = deployment.streams > 1 ? ` of ${deployment.streams} streams each` : '';
  throw invalidInput(
    'too_many_replicas',
    `router ${input.router} follows all replicas together, and ${input.replicas}${streams} are more than the ${MOST_STREAMS} schedulers it does that for: give fewer replicas and their part of the load, or router random.`,
    {},
  );
}

const WORDS: Record<NonNullable<SimulationDocument['router']>, (replicas: string) => string> = {
  random: (replicas) => `A router sends them to ${replicas} replicas at random.`,
  round_robin: (replicas) => `A router sends them to ${replicas} replicas in turn (round robin).`,
  least_loaded: (replicas) =>
    `A router sends each to the least loaded of ${replicas} replicas (least 4 × waiting + running; the first of equals).`,
  even: (replicas) => `They are dealt out evenly over ${replicas} replicas.`,
};

/** How a question's router shares requests out, in the words of its answers. */
export const ROUTING: Record<PredictInput['router'], { name: string; sentence: string }> = {
  random: { name: 'random split', sentence: 'Replicas stand behind a router that splits arrivals at random.' },
  round_robin: {
    name: 'dealt in turn (round robin)',
    sentence: 'Replicas stand behind a router that deals requests out in turn (round robin).',
  },
  least_loaded: {
    name: 'sent to the least loaded',
    sentence:
      'Replicas stand behind a router that sends each request to the least loaded (least 4 × waiting + running; the first of equals).',
  },
};

/** ` A router sends them to 4 replicas at random.`, or nothing where there is one. */
export const sentenceOfRouter = (router: SimulationDocument['router'], replicas: number): string =>
  router === null ? '' : ` ${WORDS[router](formatFixed(replicas))}`;

export const routerSentence = (input: Asked): string => sentenceOfRouter(statedRouter(input), input.replicas);
