import { drawLoad } from './drawn-load.ts';
import type { RunQuestion } from './run-question.ts';
import { simulate } from './simulate.ts';
import type { Observer } from './observer.ts';
import type { SimulatedRun } from './simulated-run.ts';
import { servedLoad, type HalfWidths, type ServedLoad } from './served-load.ts';
import { serverOf } from './simulated-server.ts';

/** A finite run from an empty server to the end of its last request, with nothing discarded. null = nobody was served. */
export function simulateRun(
  question: RunQuestion,
  numRequests: number,
  observer: Observer | null = null,
): { served: ServedLoad; halfWidths: HalfWidths; run: SimulatedRun } | null {
  const { subject, rules, load, seed, urgentFraction = null, checkpoint = null } = question;
  const { requests, clients } = drawLoad(subject, load, numRequests, seed, urgentFraction);
  const run = simulate(requests, serverOf(subject, rules), { clients, observer, checkpoint });
  const result = servedLoad(run, requests, 0, numRequests);
  return result && { ...result, run };
}
