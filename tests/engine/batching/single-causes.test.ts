import { expect, test } from 'vitest';
import { evaluateBatching } from '../../../src-worker/engine/batching/closed-form.ts';
import type { BatchingSubject } from '../../../src-worker/engine/batching/subject.ts';
import { DEFAULT_RULES } from '../../../src-worker/engine/simulation/simulated-server.ts';
import { simulateSteady } from '../../../src-worker/engine/simulation/steady-state.ts';
import { requestLengths } from '../../../src-worker/engine/workload/lengths.ts';
import { simplePlan } from '../simulation/simple-plans.ts';

/** Loads in which one cause makes most of the latency, against the simulation: who drops its term is off by more than is allowed. */
interface Case {
  stepMs: number;
  msPerPromptToken: number;
  msPerDecode?: number;
  msPerContextToken?: number;
  /** Mean tokens and coefficient of variation. */
  prompts: [mean: number, cv: number];
  answers: [mean: number, cv: number];
  roomTokens?: number;
  gapMs: number;
  scvArrival: 0 | 1 | 4;
}

const FIGURES = [
  ['ttftMs', 'mean'],
  ['ttftMs', 'p50'],
  ['ttftMs', 'p95'],
  ['tpotMs', 'mean'],
  ['tpotMs', 'p50'],
  ['tpotMs', 'p95'],
] as const;

function subjectOf(one: Case): BatchingSubject {
  const { stepMs, msPerPromptToken, msPerDecode = 0, msPerContextToken = 0, roomTokens = 2048 } = one;
  const lengths = ([mean, cv]: [number, number]) => ({ mean, std: cv * mean, min: 1, max: 30 * mean });
  const attention = {
    windowTokens: null,
    readMsPerContextToken: msPerContextToken,
    computeMsPerContextToken: 0,
    kvMsPerContextToken: msPerContextToken,
    promptMsPerPair: 0,
    readMsPerSequence: 0,
    promptMsPerToken: 0,
  };
  const plan = { ...simplePlan(stepMs, msPerPromptToken), sequenceMs: msPerDecode, attention: [attention] };
  return {
    plan,
    lengths: requestLengths({
      promptParts: [lengths(one.prompts)],
      output: lengths(one.answers),
      cache: null,
      maxContextTokens: null,
    }),
    maxNumBatchedTokens: roomTokens,
    maxNumSeqs: 1e4,
    kvCacheTokens: 1e12,
    scvArrival: one.scvArrival,
    population: null,
  };
}

const PROCESSES = { 0: 'constant', 1: 'poisson', 4: 'gamma' } as const;
/** Regular arrivals leave little to chance. */
const REQUESTS = { 0: 4000, 1: 25_000, 4: 25_000 } as const;

/** Closed form / simulation - 1, per cent, by figure. */
function differences(one: Case): number[] {
  const subject = subjectOf(one);
  const ratePerMs = 1 / one.gapMs;
  const requests = REQUESTS[one.scvArrival];
  const law = { process: PROCESSES[one.scvArrival], scv: one.scvArrival, decayPerMs: 1 };
  const simulated = simulateSteady(
    { subject, rules: DEFAULT_RULES, load: { kind: 'open', ratePerMs, law }, seed: 1 },
    { relativeHalfWidth: 1, statistics: [], fewest: requests, most: requests },
  );
  const closed = evaluateBatching(subject, ratePerMs);
  if (closed.kind === 'saturated' || simulated.kind === 'saturated') return expect.fail('there is a steady state');
  return FIGURES.map(
    ([kind, statistic]) => 100 * (closed[kind][statistic] / (simulated[kind]?.[statistic] ?? NaN) - 1),
  );
}

/** Most per cent that TTFT mean, P50, P95 and TPOT mean, P50, P95 are off: half as much again as measured, and 1.5 at least. */
const CASES: [string, Case, number[]][] = [
  [
    'regular prompts of two steps, which queue behind each other and share the last one',
    { stepMs: 20, msPerPromptToken: 0.01, prompts: [3072, 0.3], answers: [10, 0], gapMs: 75, scvArrival: 0 },
    [10.9, 4.1, 18.6, 11.6, 13.6, 6.7],
  ],
  [
    'regular prompts of short answers, who find nobody, and are interrupted by nobody',
    { stepMs: 10, msPerPromptToken: 0.01, prompts: [400, 0.5], answers: [4, 0], gapMs: 60, scvArrival: 0 },
    [1.5, 1.5, 1.5, 1.5, 1.5, 3.6],
  ],
  [
    'regular prompts that come just as the one before ends',
    { stepMs: 10, msPerPromptToken: 0.01, prompts: [400, 0], answers: [5, 0.1], gapMs: 51, scvArrival: 0 },
    [4.2, 6.8, 1.6, 8.5, 13.3, 1.5],
  ],
  [
    'regular prompts, several in every step',
    { stepMs: 20, msPerPromptToken: 0.02, prompts: [300, 0.5], answers: [30, 0], gapMs: 12, scvArrival: 0 },
    [2.7, 1.5, 13.7, 4.1, 4.0, 5.7],
  ],
  [
    'steps that last as long as the contexts in them, which differ',
    {
      ...{ stepMs: 5, msPerPromptToken: 0, msPerContextToken: 0.0005, prompts: [1500, 1], answers: [30, 0.5] },
      ...{ roomTokens: 1e5, gapMs: 60, scvArrival: 1 },
    },
    [12.7, 1.5, 46.0, 1.5, 6.6, 25.8],
  ],
  [
    'short answers, interrupted by prompts that queued behind their own',
    {
      ...{ stepMs: 10, msPerPromptToken: 0.02, msPerDecode: 0.3, prompts: [1500, 0.6], answers: [8, 0] },
      ...{ gapMs: 60, scvArrival: 1 },
    },
    [4.1, 2.2, 14.7, 11.2, 16.9, 6.7],
  ],
  [
    'prompts that stall answers and let more of them run',
    {
      ...{ stepMs: 5, msPerPromptToken: 0.02, msPerDecode: 0.2, prompts: [1500, 0.5], answers: [50, 0.3] },
      ...{ gapMs: 60, scvArrival: 1 },
    },
    [4.9, 1.8, 10.5, 5.3, 9.9, 4.3],
  ],
  [
    'prompts of several steps, at the end of which others come',
    { stepMs: 10, msPerPromptToken: 0.02, prompts: [5000, 0.5], answers: [20, 0.3], gapMs: 250, scvArrival: 1 },
    [1.5, 2.7, 4.6, 8.3, 15.3, 4.8],
  ],
  [
    'bursts of prompts that do not fit into one step',
    {
      ...{ stepMs: 10, msPerPromptToken: 0.02, msPerDecode: 0.2, prompts: [800, 0.5], answers: [50, 0.5] },
      ...{ gapMs: 60, scvArrival: 4 },
    },
    [2.1, 1.6, 2.8, 7.4, 6.3, 12.9],
  ],
  [
    'bursts of answers that run beside each other',
    {
      ...{ stepMs: 5, msPerPromptToken: 0.001, msPerDecode: 0.3, prompts: [100, 0.5], answers: [50, 0.5] },
      ...{ gapMs: 20, scvArrival: 4 },
    },
    [5.1, 4.9, 24.7, 16.6, 18.1, 1.8],
  ],
];

test.each(CASES)('%s', (_, one, most) => {
  const off = differences(one);
  FIGURES.forEach(([kind, statistic], i) => {
    expect(Math.abs(off[i] ?? NaN), `${kind} ${statistic}`).toBeLessThanOrEqual(most[i] ?? NaN);
  });
});
