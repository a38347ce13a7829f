import { DecodeTimes } from './decode-times.ts';
import { ClosedLoop, Inbox, InOrder, numbersTo, type Incoming } from './incoming.ts';
import { randomStream } from './random-streams.ts';
import { RequestStates } from './request-states.ts';
import type { SimulatedRequests } from './requests.ts';
import { loadScore, routerOf, type Fleet } from './router.ts';
import { isCheckpoint, MOST_EVENTS, type RunOptions } from './run-options.ts';
import { runOf, type SchedulerTotals, type SimulatedRun } from './simulated-run.ts';
import { Scheduler } from './scheduler.ts';
import type { SimulatedServer } from './simulated-server.ts';

const NONE = -1;

export interface FleetRun extends SimulatedRun {
  /** [request] the scheduler that it was sent to. */
  sentTo: Int32Array;
}

/**
 * Follows the requests of one stream through replicas that are alike behind a router, until the first `numMeasured` of them have
 * ended. Results are by request, in the order of their sending. The `observer` is told of the first scheduler. `seed` is that of
 * what a router leaves to chance.
 */
export function simulateFleet(
  requests: SimulatedRequests,
  server: SimulatedServer,
  fleet: Fleet,
  seed: number,
  options: Partial<RunOptions> = {},
): FleetRun {
  // Who ends when matters to a router that looks, and to clients; else each scheduler can be followed by itself.
  if (fleet.router !== 'least_loaded' && !options.clients) {
    return simulateDealt(requests, server, dealt(requests.promptTokens.length, fleet, seed), options);
  }
  const { clients = null, numMeasured = Infinity, observer = null } = options;
  const { mostEvents = MOST_EVENTS, checkpoint = null } = options;
  const states = new RequestStates(requests, server.kvCacheTokens, numMeasured, clients === null);
  const sentTo = new Int32Array(states.count);
  const run = { clients, numMeasured, observer, mostEvents, checkpoint };
  const totals = followTogether(states, server, fleet, seed, run, sentTo);
  return { ...runOf(states, totals, clients ? null : server.plan), sentTo };
}

/** The same where it is known beforehand who is sent where; schedulers that get nothing are left out. */
export function simulateDealt(
  requests: SimulatedRequests,
  server: SimulatedServer,
  sentTo: Int32Array,
  options: Pick<Partial<RunOptions>, 'observer' | 'mostEvents' | 'checkpoint'> = {},
): FleetRun {
  const { observer = null, mostEvents = MOST_EVENTS, checkpoint = null } = options;
  const states = new RequestStates(requests, server.kvCacheTokens, Infinity, true);
  const times = new DecodeTimes(server.plan);
  const totals: SchedulerTotals[] = [];
  let events = 0;
  for (const order of shares(sentTo)) {
    const scheduler = new Scheduler({
      states,
      server,
      incoming: new InOrder(states, order),
      loop: null,
      times,
      observer: totals.length === 0 ? observer : null,
      isRouted: false,
    });
    scheduler.run(mostEvents - events, checkpoint);
    const own = scheduler.end();
    events += own.events;
    totals.push(own);
  }
  return { ...runOf(states, totals, server.plan), sentTo };
}

/** [request] the scheduler it is sent to, by a router that does not look at them. */
export function dealt(count: number, fleet: Fleet, seed: number): Int32Array {
  const next = routerOf(fleet, randomStream(seed, 'router'), () => 0);
  const schedulers = new Int32Array(count);
  for (let i = 0; i < count; i += 1) schedulers[i] = next();
  return schedulers;
}

/** The requests of each scheduler that gets any, in order of their arrival. */
function* shares(schedulers: Int32Array): Generator<Int32Array> {
  const most = schedulers.reduce((top, scheduler) => Math.max(top, scheduler), -1);
  /** [scheduler] where its share begins, and then where its next request goes. */
  const starts = new Int32Array(most + 2);
  for (const scheduler of schedulers) starts[scheduler + 1] = (starts[scheduler + 1] as number) + 1;
  for (let i = 1; i < starts.length; i += 1) starts[i] = (starts[i] as number) + (starts[i - 1] as number);
  const order = new Int32Array(schedulers.length);
  const ends = starts.slice();
  schedulers.forEach((scheduler, request) => {
    const at = ends[scheduler] as number;
    order[at] = request;
    ends[scheduler] = at + 1;
  });
  for (let scheduler = 0; scheduler <= most; scheduler += 1) {
    const [from, to] = [starts[scheduler] as number, starts[scheduler + 1] as number];
    if (to > from) yield order.subarray(from, to);
  }
}

/**
 * All schedulers on one clock: what happens first happens next, and a request is handed over when all that happens before its
 * arrival has. Stretches of decodes are jumped as ever, and cut where a request is handed over in their midst.
 */
function followTogether(
  states: RequestStates,
  server: SimulatedServer,
  fleet: Fleet,
  seed: number,
  { clients, observer, mostEvents, checkpoint }: RunOptions,
  sentTo: Int32Array,
): SchedulerTotals[] {
  const loop = clients && new ClosedLoop(states, clients, server.plan);
  const source: Incoming = loop ?? new InOrder(states, numbersTo(states.count));
  const times = new DecodeTimes(server.plan);
  const members = Array.from({ length: fleet.replicas * fleet.streams }, (_, number) => {
    const inbox = new Inbox(states);
    const shared = { states, server, incoming: inbox, loop, times };
    return {
      inbox,
      scheduler: new Scheduler({ ...shared, observer: number === 0 ? observer : null, isRouted: true }),
    };
  });
  type Member = (typeof members)[number];
  /** [scheduler] ms of what happens next in it. */
  const nextMs = new Float64Array(members.length).fill(Infinity);
  let nowMs = 0;
  const scoreOf = (number: number): number => {
    const { inbox, scheduler } = members[number] as Member;
    return loadScore(scheduler.waitingAt(nowMs) + inbox.size, scheduler.runningAt(nowMs));
  };
  const route = routerOf(fleet, randomStream(seed, 'router'), scoreOf);
  loop?.start();
  checkpoint?.();
  for (let events = 0; states.toEnd > 0 && events < mostEvents;) {
    const request = source.peek();
    let soonestMs = request === NONE ? Infinity : (states.arrivalMs[request] as number);
    let first = NONE;
    for (let i = 0; i < nextMs.length; i += 1) {
      const ms = nextMs[i] as number;
      if (ms >= soonestMs) continue;
      soonestMs = ms;
      first = i;
    }
    if (first !== NONE) {
      const { scheduler } = members[first] as Member;
      scheduler.advance();
      nextMs[first] = scheduler.nextMs;
      if (isCheckpoint(events)) checkpoint?.();
      events += 1;
      continue;
    }
    if (request === NONE) break;
    source.pop();
    nowMs = soonestMs;
    const number = route();
    sentTo[request] = number;
    const { inbox, scheduler } = members[number] as Member;
    inbox.push(request);
    scheduler.expect(request);
    nextMs[number] = scheduler.nextMs;
  }
  return members.map(({ scheduler }) => scheduler.end());
}
