import { invalidInput } from '../engine/errors.ts';
import type { Warning } from '../protocol/documents.ts';
import type { PredictInput } from '../protocol/requests.ts';

/** What a load is made of; absent and null options are not given. */
export type LoadOptions = Pick<
  PredictInput,
  | 'rate'
  | 'concurrency'
  | 'batch'
  | 'think_time'
  | 'arrival'
  | 'arrival_cv'
  | 'arrival_decay'
  | 'replicas'
  | 'router'
  | 'method'
  | 'num_prompts'
  | 'scheduling_policy'
  | 'urgent_fraction'
>;

const refuse = (code: string, message: string): never => {
  throw invalidInput(code, message, {});
};

/** Options that contradict each other are refused, not ignored. `hasTrace`: requests and their times are those of a file. */
export function checkLoad(input: LoadOptions, hasTrace = false): void {
  checkOneLoad(input, hasTrace);
  checkArrivals(input);
  checkRun(input);
  checkPolicy(input);
  checkRouter(input);
}

function checkOneLoad({ rate, concurrency, batch }: LoadOptions, hasTrace: boolean): void {
  const loads = [rate, concurrency, batch].filter((value) => value !== undefined).length;
  if (hasTrace) {
    if (loads > 0)
      refuse('load_unused', 'A trace says when its requests come: leave --rate, --concurrency and --batch out.');
    return;
  }
  if (loads !== 1) {
    const what = loads === 0 ? 'No load was given' : 'More than one load was given';
    refuse('load_needed', `${what}: give one of --rate, --concurrency and --batch.`);
  }
}

function checkArrivals(input: LoadOptions): void {
  const { rate, concurrency, think_time: thinkTime, arrival, arrival_cv: cv } = input;
  if (thinkTime > 0 && concurrency === undefined) {
    refuse('think_time_unused', 'think_time belongs to --concurrency: open arrivals and batches do not think.');
  }
  if (arrival !== 'poisson' && rate === undefined) {
    refuse(
      'arrival_unused',
      `arrival "${arrival}" belongs to --rate: users of a closed loop arrive by themselves, and those of a batch or a trace when it says.`,
    );
  }
  if (arrival !== 'poisson' && rate === 'inf') {
    refuse('arrival_unused', `arrival "${arrival}" has no meaning with --rate inf: all requests come at once.`);
  }
  if (cv !== null && arrival !== 'gamma' && arrival !== 'hawkes') {
    refuse('arrival_cv_unused', `arrival_cv ${cv} belongs to --arrival gamma or hawkes.`);
  }
  if (cv !== null && cv <= 1 && arrival === 'hawkes') {
    refuse(
      'arrival_cv_too_low',
      `arrival_cv ${cv} is not above 1: arrivals that excite each other come in bursts, at 1 they are Poisson and below it there are none. Use --arrival ${cv === 1 ? 'poisson' : 'gamma'}, or more than 1.`,
    );
  }
  checkDecay(input);
}

function checkDecay({ arrival, arrival_decay: decay, method }: LoadOptions): void {
  if (decay === null) return;
  if (arrival !== 'hawkes') {
    refuse('arrival_decay_unused', `arrival_decay ${decay} belongs to --arrival hawkes, whose arrivals bring others.`);
  }
  if (method !== 'simulation') {
    refuse(
      'method_unsuited',
      `arrival_decay ${decay} needs --method simulation: ${method} knows how uneven arrivals are in the long run only.`,
    );
  }
}

function checkRun({ rate, batch, replicas, method, num_prompts: numPrompts }: LoadOptions): void {
  if (rate === 'inf' && numPrompts === null) {
    refuse('num_prompts_needed', 'rate inf sends all requests at once: say how many, for example --num-prompts 1000.');
  }
  if (batch !== undefined && numPrompts !== null) {
    refuse(
      'num_prompts_unused',
      `num_prompts ${numPrompts} contradicts batch ${batch}, which says how many there are.`,
    );
  }
  const atOnce = batch ?? (rate === 'inf' ? numPrompts : null);
  if (atOnce !== null && atOnce < replicas) {
    refuse(
      'batch_too_small',
      `${batch === undefined ? 'num_prompts' : 'batch'} ${atOnce} cannot be split over ${replicas} replicas: give at least one each.`,
    );
  }
  if (method === 'mg1' && (rate === undefined || rate === 'inf')) {
    refuse(
      'method_unsuited',
      'method mg1 answers open arrivals only: give --rate, or use method batching or simulation.',
    );
  }
}

function checkPolicy({ method, scheduling_policy: policy, urgent_fraction: urgent }: LoadOptions): void {
  if (policy === 'priority' && method !== 'simulation') {
    refuse('method_unsuited', `scheduling_policy priority needs --method simulation: ${method} knows one queue only.`);
  }
  if (policy === 'priority' && urgent === null) {
    refuse(
      'urgent_fraction_needed',
      'scheduling_policy priority needs --urgent-fraction: which share of the requests goes first? For example 0.1.',
    );
  }
  if (policy !== 'priority' && urgent !== null) {
    refuse('urgent_fraction_unused', `urgent_fraction ${urgent} belongs to --scheduling-policy priority.`);
  }
}

/** A router was asked for where there is one replica: nothing contradicts it, and nothing follows from it. */
export function idleRouter({ router, replicas }: Pick<PredictInput, 'router' | 'replicas'>): Warning[] {
  if (replicas > 1 || router === 'random') return [];
  const sentence = `Router ${router} has nothing to choose: there is one replica, which gets all requests.`;
  return [{ code: 'router_idle', sentence }];
}

/** Who looks at the replicas needs all of them at once. */
export function checkLooking({ router, method }: Pick<PredictInput, 'router' | 'method'>): void {
  if (method === 'simulation' || router !== 'least_loaded') return;
  refuse('method_unsuited', `router ${router} needs --method simulation: ${method} knows a replica by itself.`);
}

/** With one replica a router has nothing to choose. */
function checkRouter({ router, replicas, method, rate }: LoadOptions): void {
  if (router === 'random' || replicas === 1) return;
  checkLooking({ router, method });
  if (method === 'batching' && (rate === undefined || rate === 'inf')) {
    refuse(
      'method_unsuited',
      `router ${router} needs --rate, or --method simulation: batching deals users and batches out evenly over ${replicas} replicas.`,
    );
  }
}
