import type { SizeInput } from '../../src-worker/protocol/requests.ts';

/** What each router does, under the choice of one. */
export const ROUTER_HELP: Record<SizeInput['router'], string> = {
  random: 'Each request goes to any of the replicas. Users stay with theirs.',
  round_robin: 'Round robin: one replica after the other.',
  least_loaded: 'Least loaded: where 4 × waiting + running is least, as vLLM balances its ranks.',
};
