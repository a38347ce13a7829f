import { describe, expect, test } from 'vitest';
import { compare } from '../../../scripts/closed-form/compare.ts';
import { subjectOf as askedOf } from '../../../scripts/closed-form/subject.ts';
import { chain, stationary } from '../../../src-worker/engine/batching/piece-chain.ts';
import { saturationRate } from '../../../src-worker/engine/batching/saturation-rate.ts';
import { regularOthersInStep } from '../../../src-worker/engine/batching/step-sharers.ts';
import { seededRandom } from '../../../src-worker/engine/numerics/random.ts';
import type { PredictInputDraft } from '../../../src-worker/protocol/requests.ts';
import { subjectOf } from './scenarios.ts';

const STATES = 16;
const EMPTY_MS = 20;
const PIECE_MS = 13;

/** Shares of steps by the prompts in them, of steps that take those who came one gap after the other during the step before. */
function countedSteps(gapMs: number, spreadMs: number): Float64Array {
  const random = seededRandom(7);
  const shares = new Float64Array(STATES);
  const steps = 200_000;
  let inStep = 0;
  let timeMs = 0;
  for (let step = 0; step < steps; step += 1) {
    shares[inStep] = (shares[inStep] as number) + 1 / steps;
    const spread = spreadMs * Math.sqrt(inStep) * (random() < 0.5 ? -1 : 1);
    const endMs = timeMs + EMPTY_MS + inStep * PIECE_MS + spread;
    inStep = Math.floor(endMs / gapMs) - Math.floor(timeMs / gapMs);
    timeMs = endMs;
  }
  return shares;
}

test.each([
  [100, 5],
  [47, 5],
  [29, 3],
  [23, 7],
  [18, 9],
])('one prompt every %d ms, with steps spread by %d: as many a step as a clock counts', (gapMs, spreadMs) => {
  const stateMs = Float64Array.from({ length: STATES }, (_, j) => EMPTY_MS + j * PIECE_MS);
  const chances = new Float64Array(STATES);
  Object.assign(chain, { arrivalsPerMs: 1 / gapMs, spreadMs, randomShare: 0 });
  stationary(chances, STATES, stateMs);
  const counted = countedSteps(gapMs, spreadMs);
  const meanOf = (shares: Float64Array): number => shares.reduce((sum, share, count) => sum + share * count, 0);
  expect(meanOf(chances) / meanOf(counted)).toBeCloseTo(1, 2);
  // A clock remembers when the last one came: where several numbers are met, it spreads them a little less than the chain.
  const kinds = counted.filter((share) => share > 1e-3).length;
  for (let j = 0; j < STATES; j += 1) {
    const apart = Math.abs((chances[j] as number) - (counted[j] as number));
    expect(apart, `${j} in a step`).toBeLessThan(kinds <= 2 ? 2e-3 : 0.1);
  }
});

test.each([0.3, 0.8, 1, 1.3, 2.7, 4.2])('a step of %f gaps is shared with as many others as come during it', (gaps) => {
  const promptParts = [{ mean: 400, std: 0, min: 400, max: 400 }];
  const output = { mean: 50, std: 0, min: 50, max: 50 };
  const subject = subjectOf({
    name: 'regular',
    model: 'meta-llama/Llama-3.1-8B-Instruct',
    gpu: 'nvidia-h100-80gb',
    budget: 8192,
    promptParts,
    output,
  });
  const others = regularOthersInStep(subject, { arrivalsPerMs: 1, scvArrival: 0 }, Float64Array.of(gaps), 0);
  // Somebody arrives at any moment of the step, the others whole gaps before and after.
  const shares = new Map<number, number>();
  const moments = 100_000;
  for (let moment = 0; moment < moments; moment += 1) {
    const atGaps = ((moment + 0.5) / moments) * gaps;
    const count = Math.floor(atGaps) + Math.floor(gaps - atGaps);
    shares.set(count, (shares.get(count) ?? 0) + 1 / moments);
  }
  const found = new Map<number, number>();
  for (let k = 0; k < others.count; k += 1) {
    const count = Math.round((others.tokens[k] as number) / 400);
    found.set(count, (found.get(count) ?? 0) + (others.chances[k] as number));
  }
  expect([...found.keys()].sort()).toEqual([...shares.keys()].sort());
  for (const [count, share] of shares) expect(found.get(count), `${count} others`).toBeCloseTo(share, 3);
});

/** Single L4: one prompt brings a step from waiting for weights to computing, so that uneven numbers of them cost time. */
const DRAFT: PredictInputDraft = {
  model: 'meta-llama/Llama-3.1-8B-Instruct',
  gpu: 'nvidia-l4',
  quantization: 'fp8',
  input_tokens: 300,
  output_tokens: 100,
  input_cv: 0.5,
  output_cv: 0.5,
  arrival: 'constant',
  rate: 1,
};

describe.each([0.75, 0.85, 0.92])('constant arrivals of several prompts to a step, at %f of saturation', (load) => {
  const rate = load * saturationRate(askedOf(DRAFT).subject).perMs * 1000;
  const { differences } = compare({ ...DRAFT, rate }, 0, 20_000, 3);
  test('no step carries many prompts while another one carries none: TPOT is that of the simulation', () => {
    for (const metric of ['tpot mean', 'tpot p95', 'e2e p95'])
      expect(Math.abs(differences[metric] ?? NaN)).toBeLessThan(4);
  });
  test('lengths of the prompts in the step in progress and in their own spread first tokens', () => {
    expect(Math.abs(differences['ttft p50'] ?? NaN)).toBeLessThan(5);
    expect(Math.abs(differences['ttft p99'] ?? NaN)).toBeLessThan(8);
  });
});

test('tokenizing a long cached prompt holds up nobody else: a chain of regular prompts is one of computing', () => {
  const lengths = {
    input_tokens: 4000,
    prefix_tokens: 3600,
    prefix_hit_rate: 1,
    output_tokens: 20,
    input_cv: 0,
    output_cv: 0,
  };
  const draft: PredictInputDraft = { ...DRAFT, gpu: 'nvidia-h100-80gb', quantization: 'bf16', ...lengths };
  const rate = 0.8 * saturationRate(askedOf(draft).subject).perMs * 1000;
  const { differences } = compare({ ...draft, rate }, 0, 10_000, 3);
  expect(Math.abs(differences['ttft p50'] ?? NaN)).toBeLessThan(5);
  expect(Math.abs(differences['ttft p95'] ?? NaN)).toBeLessThan(10);
});
