import { DecodeTimes } from './decode-times.ts';
import { ClosedLoop, InOrder, numbersTo } from './incoming.ts';
import { RequestStates } from './request-states.ts';
import type { SimulatedRequests } from './requests.ts';
import { MOST_EVENTS, type RunOptions } from './run-options.ts';
import { Scheduler } from './scheduler.ts';
import { runOf, type SimulatedRun } from './simulated-run.ts';
import type { SimulatedServer } from './simulated-server.ts';

/**
 * Follows `requests` through `server` until the first `numMeasured` of them have ended. A request reaches the scheduler after the
 * API's and the tokenizer's time (in an open run the same for all but the prompt's length, so it is added to its latency);
 * engines that hand out a step before the last one ends (`firstTokenWaitSteps` above one half) do not see who arrives after that.
 */
export function simulate(
  requests: SimulatedRequests,
  server: SimulatedServer,
  {
    clients = null,
    numMeasured = requests.promptTokens.length,
    observer = null,
    mostEvents = MOST_EVENTS,
    checkpoint = null,
  }: Partial<RunOptions> = {},
): SimulatedRun {
  const states = new RequestStates(requests, server.kvCacheTokens, numMeasured, clients === null);
  const loop = clients && new ClosedLoop(states, clients, server.plan);
  const scheduler = new Scheduler({
    states,
    server,
    incoming: loop ?? new InOrder(states, numbersTo(states.count)),
    loop,
    times: new DecodeTimes(server.plan),
    observer,
    isRouted: false,
  });
  loop?.start();
  scheduler.run(mostEvents, checkpoint);
  return runOf(states, [scheduler.end()], clients ? null : server.plan);
}
