import { expect, test } from 'vitest';
import { closedLoopRun } from '../../../src-worker/engine/batching/closed-loop-run.ts';
import { exponential, seededRandom } from '../../../src-worker/engine/numerics/random.ts';
import { roomySubject, simplePlan } from '../simulation/simple-plans.ts';

const STEP_MS = 10;
const OUTPUT_TOKENS = 100;
/** Steps take as long whatever is in them: clients do not slow each other, and an answer takes a step for every token. */
const subject = roomySubject(simplePlan(STEP_MS), 10, OUTPUT_TOKENS);
const RESIDENCE_MS = STEP_MS * OUTPUT_TOKENS;

interface Loop {
  users: number;
  requests: number;
  thinkTimeMs: number;
}

const inClosedForm = ({ users, requests, thinkTimeMs }: Loop, streams = 1) =>
  closedLoopRun({
    subject,
    streams,
    users,
    requests,
    thinkTimeMs,
    seats: 1e5,
    // Nobody waits for anybody: a request a cycle.
    endlessPerMs: (ofStream) => ofStream / (thinkTimeMs + RESIDENCE_MS),
  }) ?? expect.fail('no steady state');

const RUNS = 2000;

/** Mean ms from the first sending to the last end: users who pause and then ask, drawn one by one. */
function wallByDrawing({ users, requests, thinkTimeMs }: Loop, streams = 1): number {
  const random = seededRandom(5);
  let sumMs = 0;
  for (let run = 0; run < RUNS; run += 1) {
    let firstMs = Infinity;
    let lastMs = 0;
    for (let stream = 0; stream < streams; stream += 1) {
      const free = Array.from({ length: users / streams }, () => 0);
      for (let k = 0; k < requests / streams; k += 1) {
        const next = free.indexOf(Math.min(...free));
        const sentMs = (free[next] as number) + (thinkTimeMs > 0 ? exponential(random, thinkTimeMs) : 0);
        free[next] = sentMs + RESIDENCE_MS;
        firstMs = Math.min(firstMs, sentMs);
        lastMs = Math.max(lastMs, sentMs + RESIDENCE_MS);
      }
    }
    sumMs += lastMs - firstMs;
  }
  return sumMs / RUNS;
}

test('a single question takes its answer, however long the user has paused before it', () => {
  for (const thinkTimeMs of [0, 300, 5000]) {
    const { wallMs, servedMs } = inClosedForm({ users: 1, requests: 1, thinkTimeMs });
    expect(Math.abs(wallMs / RESIDENCE_MS - 1)).toBeLessThan(0.03);
    expect(Math.abs(servedMs / RESIDENCE_MS - 1)).toBeLessThan(0.03);
  }
});

/** Measured: 2.4 % off at most, where clients take requests in the lattice of lives; drawn so often the wall is 0.5 % off itself. */
const MOST_OFF = 0.035;

test.each([
  [1, 4, 3000, 1],
  [3, 7, 3000, 1],
  [3, 7, 300, 1],
  [4, 40, 1000, 1],
  [6, 12, 0, 1],
  // Beside each other they share a clock: it begins with whoever of all users asks first.
  [2, 2, 3000, 2],
  [4, 10, 1000, 2],
  [3, 12, 2000, 3],
])(
  '%i users with %i requests and pauses of %i ms, dealt to %i schedulers, take as long as drawn one by one',
  (users, requests, thinkTimeMs, streams) => {
    const loop = { users, requests, thinkTimeMs };
    const { wallMs } = inClosedForm(loop, streams);
    expect(Math.abs(wallMs / wallByDrawing(loop, streams) - 1)).toBeLessThan(MOST_OFF);
  },
);
