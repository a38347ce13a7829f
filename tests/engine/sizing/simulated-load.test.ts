import { describe, expect, test } from 'vitest';
import { latencyOf } from '../../../src-worker/engine/sizing/capacity.ts';
import { batchingCapacity, replicasAt } from '../../../src-worker/engine/sizing/replica-capacity.ts';
import { simulatedReplica } from '../../../src-worker/engine/sizing/simulated-load.ts';
import { loadOfStreams } from '../../../src-worker/engine/sizing/streams.ts';
import type { LoadOutcome } from '../../../src-worker/engine/sizing/types.ts';
import { POISSON } from '../../../src-worker/engine/simulation/arrivals.ts';
import type { Target } from '../../../src-worker/engine/workload/types.ts';
import { SCENARIOS, subjectOf, type Scenario } from '../batching/scenarios.ts';
import { facts } from '../world.ts';

const chat = facts.workloads.find(({ name }) => name === 'chat');
if (!chat) throw new Error('no chat workload');

// Twice the targets of chat, which leaves every scenario a capacity.
const TARGETS: Target[] = chat.targets.map((target) => ({ ...target, targetMs: target.targetMs * 2 }));

const WHOLE = { sharedPerMs: null, router: 'random', streams: 1 } as const;
const WHOLE_POISSON = { law: POISSON, ...WHOLE };

const holds = (outcome: LoadOutcome, targets = TARGETS): boolean =>
  outcome.kind === 'steady' &&
  targets.every(({ isGating, metric, targetMs }) => !isGating || latencyOf(outcome, metric) <= targetMs);

function replicaOf(scenario: Scenario, targets = TARGETS) {
  const subject = subjectOf(scenario);
  const { capacity, load } = simulatedReplica(subject, WHOLE_POISSON, targets);
  return { subject, capacity, load: load(capacity) };
}

const named = (name: string): Scenario => {
  const scenario = SCENARIOS.find((entry) => entry.name === name);
  if (!scenario) throw new Error(`no scenario ${name}`);
  return scenario;
};

/** How far the closed form's capacity may be off: all of its error of TTFT P95 where prompts leave little room below a target. */
const CASES = (
  [
    ['7B A100 chat', 0.03],
    ['8B L4 short', 0.03],
    ['8B A100 retrieval with cache', 0.18],
  ] as const
).map(([name, error]) => [name, { ...replicaOf(named(name)), error }] as const);

describe.each(CASES)('a simulated replica (%s)', (_, { subject, capacity, load, error }) => {
  const perMs = load.ratePerMsAtCapacity;

  test('meets every target at its capacity, by the simulated figures, and misses one beyond it', () => {
    expect(holds(load.at(perMs))).toBe(true);
    // Half of a per cent is the search's bracket five times over: a dip of the noise is narrower.
    expect([1.005, 1.05, 1.2].map((factor) => holds(load.at(perMs * factor)))).toContain(false);
    expect(holds(load.at(perMs * 1.2))).toBe(false);
  });

  test('shares any load by the law n = ⌈load / (share · capacity)⌉, and meets every target where it is planned', () => {
    for (const share of [0.5, 0.75, 0.95]) {
      for (const times of [0.01, 0.3, 0.999, 1, 1.001, 2.7, 9.95, 123]) {
        const ratePerMs = times * share * perMs;
        const replicas = load.replicasFor(ratePerMs / share);
        expect(replicas).toBe(Math.max(1, Math.ceil(ratePerMs / (share * perMs) - 1e-9)));
        expect(replicas).toBe(replicasAt(ratePerMs / share, perMs));
        expect(ratePerMs / replicas).toBeLessThanOrEqual(share * perMs * (1 + 1e-9));
      }
      expect(holds(load.at(share * perMs))).toBe(true);
    }
  });

  test('carries what the closed form says, within its error', () => {
    const closed = batchingCapacity(subject, TARGETS, () => subject).found.ratePerMs;
    expect(Math.abs(perMs / closed - 1)).toBeLessThan(error);
  });

  test('has the percentiles of the closed form at a moderate load, within its published error', () => {
    const rate = 0.6 * perMs;
    const [simulated, closed] = [load.at(rate), load.curveAt(rate)];
    if (simulated.kind !== 'steady' || closed.kind !== 'steady') throw new Error('saturated');
    // P90 of its errors over the stored scenarios (docs/accuracy.md): TTFT P95 18 %, TPOT P95 10 %, E2E P95 6 %.
    const off = (kind: 'ttftMs' | 'tpotMs' | 'e2eMs') => Math.abs(closed[kind].p95 / simulated[kind].p95 - 1);
    expect(off('ttftMs')).toBeLessThan(0.18);
    expect(off('tpotMs')).toBeLessThan(0.1);
    expect(off('e2eMs')).toBeLessThan(0.06);
  });

  test('says how surely: half widths of every latency, of as many requests as P99 needs', () => {
    const outcome = load.at(0.6 * perMs);
    const simulated = outcome.kind === 'steady' ? outcome.simulated : undefined;
    expect(simulated?.numMeasured).toBe(20_000);
    for (const latency of ['ttftMs', 'tpotMs', 'e2eMs'] as const) {
      const width = simulated?.halfWidths[latency]?.p95 ?? NaN;
      expect(width).toBeGreaterThan(0);
      expect(width).toBeLessThan(0.1 * (simulated?.[latency]?.p95 ?? NaN));
    }
  });

  test('gives the same figures every time, whether its capacity was searched or handed over', () => {
    const again = simulatedReplica(subject, WHOLE_POISSON, TARGETS);
    expect(again.capacity.found).toEqual(capacity.found);
    const handed = simulatedReplica(subject, WHOLE_POISSON, TARGETS, capacity.found);
    expect(handed.capacity.found).toBe(capacity.found);
    expect(handed.load(handed.capacity).at(0.7 * perMs)).toEqual(load.at(0.7 * perMs));
  });

  test('is saturated beyond what it carries, as a value', () => {
    const { perMs: limit } = load.saturation();
    expect(limit).toBeGreaterThanOrEqual(perMs);
    expect(load.at(1.5 * limit)).toMatchObject({ kind: 'saturated' });
  });

  test('has its margins where the closed form has them, moved to the simulated capacity', () => {
    const worst = (share: number): number => {
      const margins = load.marginsAt(share * perMs);
      return margins ? Math.max(margins.firstToken, margins.later) : Infinity;
    };
    expect(Math.abs(worst(1))).toBeLessThan(0.02);
    expect(worst(0.5)).toBeLessThan(0);
    expect(worst(1.1)).toBeGreaterThan(0);
  });
});

describe('a replica that misses its targets when idle', () => {
  const strict = TARGETS.map((target) => (target.metric === 'tpot_p50' ? { ...target, targetMs: 5 } : target));

  test('is refused with the closed form’s figure, without a search', () => {
    const { capacity } = simulatedReplica(subjectOf(named('8B L4 short')), WHOLE_POISSON, strict);
    expect(capacity.refused).toMatchObject({ kind: 'missed_when_idle', metric: 'tpot_p50', targetMs: 5 });
    expect(() => capacity.found).toThrow(/refused/);
  });
});

test('bursts that a low rate does not thin out are a refusal with the simulated figure', () => {
  // Of a Hawkes process with four of five arrivals excited by others: however rarely they come, they come together.
  const bursts = { process: 'hawkes' as const, scv: 25, decayPerMs: 0.02 };
  const subject = { ...subjectOf(named('8B L4 short')), scvArrival: 25 };
  const tight = TARGETS.map((target) => (target.metric === 'ttft_p95' ? { ...target, targetMs: 150 } : target));
  const { capacity } = simulatedReplica(subject, { law: bursts, ...WHOLE }, tight);
  expect(capacity.refused).toMatchObject({ kind: 'missed_when_idle', metric: 'ttft_p95', targetMs: 150 });
  const predictedMs = capacity.refused?.kind === 'missed_when_idle' ? capacity.refused.predictedMs : NaN;
  expect(predictedMs).toBeGreaterThan(150);
});

test('of bursts that many replicas share each has less, and carries more', () => {
  const law = { process: 'gamma' as const, scv: 4, decayPerMs: 1 };
  const subject = { ...subjectOf(named('8B L4 short')), scvArrival: 4 };
  const carried = (sharedPerMs: number | null): number =>
    simulatedReplica(subject, { ...WHOLE, law, sharedPerMs }, TARGETS).capacity.found.ratePerMs;
  const whole = carried(null);
  // One replica that could carry all of it alone gets it whole.
  expect(carried(whole / 2)).toBe(whole);
  const among = carried(whole * 20);
  expect(among).toBeGreaterThan(1.02 * whole);
  const poisson = simulatedReplica(subject, WHOLE_POISSON, TARGETS).capacity.found.ratePerMs;
  expect(among).toBeLessThan(1.02 * poisson);
  // Among a thousand next to nothing is left of them: other random numbers, 3 % of noise.
  expect(Math.abs(carried(poisson * 1000) / poisson - 1)).toBeLessThan(0.03);
});

test('requests of tens of thousands of tokens are fewer, with the half widths that gives', () => {
  const prompts = { mean: 60_000, std: 6000, min: 1, max: 100_000 };
  const long = { ...named('8B H100 long answers'), promptParts: [prompts] };
  const lenient = TARGETS.map((target) => ({ ...target, targetMs: target.targetMs * 100 }));
  const { load } = replicaOf(long, lenient);
  const outcome = load.at(0.5 * load.ratePerMsAtCapacity);
  const simulated = outcome.kind === 'steady' ? outcome.simulated : undefined;
  expect(simulated?.numMeasured).toBeGreaterThanOrEqual(2000);
  expect(simulated?.numMeasured).toBeLessThan(5000);
  expect(simulated?.halfWidths.ttftMs?.p95).toBeGreaterThan(0);
});

test('streams of a pipeline share the load, and what another thread simulated is taken over', () => {
  const { load } = replicaOf(named('7B A100 chat'));
  const pipeline = loadOfStreams(load, 2);
  const rate = 0.8 * load.ratePerMsAtCapacity;
  const [one, both] = [load.at(rate), pipeline.at(2 * rate)];
  if (one.kind !== 'steady' || both.kind !== 'steady') throw new Error('saturated');
  expect(both.ttftMs).toEqual(one.ttftMs);
  expect(both.meanRunning).toBeCloseTo(2 * one.meanRunning, 9);
  expect(pipeline.ratePerMsAtCapacity).toBeCloseTo(2 * load.ratePerMsAtCapacity, 12);
  const other = loadOfStreams(load, 2);
  expect(other.remembers(2 * rate)).toBe(false);
  other.adopt(2 * rate, both);
  expect(other.remembers(2 * rate)).toBe(true);
  expect(other.at(2 * rate)).toBe(both);
});
