import { expect, test } from 'vitest';
import { POISSON } from '../../../src-worker/engine/simulation/arrivals.ts';
import { DEFAULT_RULES, serverOf } from '../../../src-worker/engine/simulation/simulated-server.ts';
import { drawLoad } from '../../../src-worker/engine/simulation/drawn-load.ts';
import { simulateRun } from '../../../src-worker/engine/simulation/finite-run.ts';
import { simulateSteady } from '../../../src-worker/engine/simulation/steady-state.ts';
import type { Fleet, RouterPolicy } from '../../../src-worker/engine/simulation/router.ts';
import { simulateFleetRun, simulateStreams } from '../../../src-worker/engine/simulation/streams.ts';
import { SCENARIOS, subjectOf, type Scenario } from '../batching/scenarios.ts';

const subject = subjectOf(SCENARIOS.find(({ name }) => name === '8B H100 long answers') as Scenario);
const RATE_PER_MS = 0.02;
const load = (ratePerMs: number) => ({ kind: 'open' as const, ratePerMs, law: POISSON });
const server = serverOf(subject, DEFAULT_RULES);
const fleetOf = (router: RouterPolicy, replicas: number): Fleet => ({ router, replicas, streams: 1, within: 'random' });

test('replicas beside each other share one clock: the run is as long as the stream of requests, not as one of its parts', () => {
  const replicas = 32;
  const drawn = drawLoad(subject, load(replicas * RATE_PER_MS), 320, 1);
  const sentMs = (drawn.requests.arrivalMs.at(-1) as number) - (drawn.requests.arrivalMs[0] as number);
  const alone = simulateRun({ subject, rules: DEFAULT_RULES, load: load(RATE_PER_MS), seed: 1 }, 10)?.served;
  for (const router of ['random', 'round_robin', 'least_loaded'] as const) {
    const fleet = fleetOf(router, replicas);
    const together = simulateFleetRun(server, drawn, { fleet, seed: 1, most: 64, observer: null })?.served;
    expect(together?.wallMs).toBeGreaterThanOrEqual(sentMs);
    expect(together?.requestsPerMs).toBeCloseTo(320 / (together?.wallMs as number), 12);
    // Ten requests of one replica come over as long as 320 of all, up to the noise of ten gaps.
    expect((together?.wallMs as number) / (alone?.wallMs as number)).toBeGreaterThan(0.4);
    expect((together?.wallMs as number) / (alone?.wallMs as number)).toBeLessThan(2.5);
  }
});

test('of more replicas than are simulated the first are, with what they get', () => {
  const drawn = drawLoad(subject, load(7 * RATE_PER_MS), 1000, 1, 0.3);
  const random = { fleet: fleetOf('random', 7), seed: 1, most: 3, observer: null };
  const part = simulateFleetRun(server, drawn, random);
  // Three of seven get three sevenths, give or take: five standard deviations of a binomial count.
  expect(Math.abs((part?.requests as number) - (1000 * 3) / 7)).toBeLessThan(5 * Math.sqrt((1000 * 12) / 49));
  expect(part).toMatchObject({ busy: 3, served: { numMeasured: part?.requests, rejected: 0 } });
  const turns = simulateFleetRun(server, drawn, { ...random, fleet: fleetOf('round_robin', 7) });
  expect(turns).toMatchObject({ busy: 3, requests: 143 * 3 });
});

test('a checkpoint is asked all along, changes nothing, and ends what it is asked in', () => {
  const question = { subject, rules: DEFAULT_RULES, load: load(RATE_PER_MS), seed: 1 };
  let asked = 0;
  const watched = simulateRun({ ...question, checkpoint: () => void (asked += 1) }, 20_000);
  expect(watched).toEqual(simulateRun(question, 20_000));
  // One before the first round, and one every 2,048 rounds: a request takes one or two.
  expect(asked).toBe(1 + Math.floor((watched?.run.events ?? NaN) / 2048));
  expect(asked).toBeGreaterThan(5);
  let left = 3;
  const stop = (): void => {
    left -= 1;
    if (left === 0) throw new Error('stopped');
  };
  const { requests } = drawLoad(subject, load(RATE_PER_MS), 5000, 1);
  const server = serverOf(subject, DEFAULT_RULES);
  const all = [requests, requests].map((own) => ({ requests: own, clients: null }));
  expect(() => simulateStreams(server, all, null, stop)).toThrow('stopped');
  expect(left).toBe(0);
  left = 3;
  expect(() => simulateSteady({ ...question, checkpoint: stop })).toThrow('stopped');
});
