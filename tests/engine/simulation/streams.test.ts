import { expect, test } from 'vitest';
import { POISSON } from '../../../src-worker/engine/simulation/arrivals.ts';
import {
  DEFAULT_RULES,
  drawLoad,
  serverOf,
  simulateRun,
  simulateSteady,
} from '../../../src-worker/engine/simulation/load.ts';
import { dealtAtRandom, simulateStreams } from '../../../src-worker/engine/simulation/streams.ts';
import { SCENARIOS, subjectOf, type Scenario } from '../batching/scenarios.ts';

const subject = subjectOf(SCENARIOS.find(({ name }) => name === '8B H100 long answers') as Scenario);
const RATE_PER_MS = 0.02;
const load = (ratePerMs: number) => ({ kind: 'open' as const, ratePerMs, law: POISSON });

test('a stream dealt at random loses nobody and keeps its order', () => {
  const { requests } = drawLoad(subject, load(RATE_PER_MS), 1000, 1, 0.3);
  const dealt = dealtAtRandom(requests, 7, 7, 1);
  const arrivals = dealt.flatMap(({ arrivalMs }) => [...arrivalMs]).sort((a, b) => a - b);
  expect(arrivals).toEqual([...requests.arrivalMs]);
  const tokens = (all: readonly { promptTokens: Int32Array }[]): number =>
    all.reduce((sum, { promptTokens }) => sum + promptTokens.reduce((part, one) => part + one, 0), 0);
  expect(tokens(dealt)).toBe(tokens([requests]));
  for (const { arrivalMs, priorities } of dealt) {
    expect([...arrivalMs]).toEqual([...arrivalMs].sort((a, b) => a - b));
    expect(priorities?.length).toBe(arrivalMs.length);
    // Each of seven gets a seventh, give or take: five standard deviations of a binomial count.
    expect(Math.abs(arrivalMs.length - 1000 / 7)).toBeLessThan(5 * Math.sqrt((1000 * 6) / 49));
  }
});

test('replicas beside each other share one clock: the run is as long as the stream of requests, not as one of its parts', () => {
  const replicas = 32;
  const { requests } = drawLoad(subject, load(replicas * RATE_PER_MS), 320, 1);
  const parts = dealtAtRandom(requests, replicas, replicas, 1).map((own) => ({ requests: own, clients: null }));
  const together = simulateStreams(serverOf(subject, DEFAULT_RULES), parts)?.served;
  const sentMs = (requests.arrivalMs.at(-1) as number) - (requests.arrivalMs[0] as number);
  expect(together?.wallMs).toBeGreaterThanOrEqual(sentMs);
  expect(together?.requestsPerMs).toBeCloseTo(320 / (together?.wallMs as number), 12);
  const alone = simulateRun({ subject, rules: DEFAULT_RULES, load: load(RATE_PER_MS), seed: 1 }, 10)?.served;
  // Ten requests of one replica come over as long as 320 of all, up to the noise of ten gaps.
  expect((together?.wallMs as number) / (alone?.wallMs as number)).toBeGreaterThan(0.4);
  expect((together?.wallMs as number) / (alone?.wallMs as number)).toBeLessThan(2.5);
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
