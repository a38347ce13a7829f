import { describe, expect, test } from 'vitest';
import { leftOver, setLeftOver } from '../../../src-worker/engine/batching/left-over.ts';
import { newMeanStep, type MeanStep } from '../../../src-worker/engine/batching/mean-step.ts';
import type { BatchingSubject } from '../../../src-worker/engine/batching/subject.ts';
import { exponential, seededRandom } from '../../../src-worker/engine/numerics/random.ts';
import { requestLengths, type RequestLengths } from '../../../src-worker/engine/workload/lengths.ts';

/**
 * Left-over prompts against a queue of tokens followed step by step: a step takes what waits, as far as it has room, and lasts as
 * long as that takes; what comes meanwhile waits for the next.
 */
const DECODE_ONLY_MS = 10;
const MS_PER_TOKEN = 0.05;
const STEPS = 1_000_000;

interface Queue {
  promptTokens: number;
  cv: number;
  roomTokens: number;
  /** Of what full steps can compute. */
  load: number;
}

const fullMs = ({ roomTokens }: Queue): number => DECODE_ONLY_MS + MS_PER_TOKEN * roomTokens;
const ratePerMs = (queue: Queue, lengths: RequestLengths): number =>
  (queue.load * queue.roomTokens) / (fullMs(queue) * lengths.moments.uncachedMean);

function lengthsOf({ promptTokens, cv }: Queue): RequestLengths {
  const tokens = { mean: promptTokens, std: cv * promptTokens, min: 1, max: 60 * promptTokens };
  const output = { mean: 100, std: 0, min: 100, max: 100 };
  return requestLengths({ promptParts: [tokens], output, cache: null, maxContextTokens: null });
}

function stepOf(queue: Queue, lengths: RequestLengths): MeanStep {
  const { roomTokens } = queue;
  const { prompts } = lengths;
  const chunks = (tokens: number): number => Math.ceil(tokens / roomTokens) - 1;
  const pieceExtraMs = prompts.uncachedTokens.map((tokens) => MS_PER_TOKEN * (tokens - chunks(tokens) * roomTokens));
  const promptExtraMs = prompts.uncachedTokens.map((tokens) => MS_PER_TOKEN * tokens);
  const base = newMeanStep();
  // Steps without a prompt and with one, which are all there are as long as a prompt nearly fills a step.
  const pieceMs = prompts.weights.reduce((sum, weight, i) => sum + weight * (pieceExtraMs[i] as number), 0);
  const perMs = ratePerMs(queue, lengths);
  const onePiece = Math.min(1, (perMs * DECODE_ONLY_MS) / (1 - perMs * pieceMs));
  base.stateChances.set([1 - onePiece, onePiece]);
  base.stateMs.set([DECODE_ONLY_MS, DECODE_ONLY_MS + pieceMs]);
  return {
    ...base,
    numStates: 2,
    roomTokens,
    decodeOnlyMs: DECODE_ONLY_MS,
    fullChunkMs: fullMs(queue),
    pieceExtraMs,
    promptExtraMs,
  };
}

interface Found {
  chance: number;
  /** Tokens, where some are left over, and the square of their spread / mean. */
  meanTokens: number;
  scv: number;
}

function inClosedForm(queue: Queue): Found {
  const lengths = lengthsOf(queue);
  const subject = { lengths, population: null } as BatchingSubject;
  const step = stepOf(queue, lengths);
  setLeftOver(subject, { arrivalsPerMs: ratePerMs(queue, lengths), scvArrival: 1, step });
  const { tokens, weights, chance } = leftOver;
  const moment = (power: number): number =>
    tokens.reduce((sum, value, i) => sum + (weights[i] as number) * value ** power, 0);
  return { chance, meanTokens: moment(1), scv: moment(2) / moment(1) ** 2 - 1 };
}

function followed(queue: Queue): Found {
  const { prompts, ...lengths } = lengthsOf(queue);
  const cumulated = prompts.weights.map((_, i) =>
    prompts.weights.slice(0, i + 1).reduce((sum, weight) => sum + weight, 0),
  );
  const perMs = ratePerMs(queue, { prompts, ...lengths });
  const random = seededRandom(7);
  const drawn = (): number => {
    const at = random();
    return prompts.uncachedTokens[
      Math.max(
        0,
        cumulated.findIndex((sum) => at < sum),
      )
    ] as number;
  };
  let waiting = 0;
  let untilNextMs = exponential(random, 1 / perMs);
  const time = { all: 0, behind: 0, tokens: 0, squares: 0 };
  for (let step = 0; step < STEPS; step += 1) {
    const taken = Math.min(waiting, queue.roomTokens);
    const left = waiting - taken;
    const ms = DECODE_ONLY_MS + MS_PER_TOKEN * taken;
    time.all += ms;
    if (left > 0) {
      time.behind += ms;
      time.tokens += ms * left;
      time.squares += ms * left * left;
    }
    waiting = left;
    untilNextMs -= ms;
    while (untilNextMs < 0) {
      waiting += drawn();
      untilNextMs += exponential(random, 1 / perMs);
    }
  }
  const meanTokens = time.tokens / time.behind;
  return { chance: time.behind / time.all, meanTokens, scv: time.squares / time.behind / meanTokens ** 2 - 1 };
}

const QUEUES: Queue[] = [0.2, 0.4, 0.6].flatMap((load) => [
  { promptTokens: 6000, cv: 0, roomTokens: 2048, load },
  { promptTokens: 3000, cv: 0.6, roomTokens: 2048, load },
  { promptTokens: 1000, cv: 1.5, roomTokens: 2048, load },
  { promptTokens: 1000, cv: 2.5, roomTokens: 2048, load },
  { promptTokens: 4000, cv: 2, roomTokens: 8192, load },
]);

/** The two are that far apart at most, and the queue's own spread after so many steps is some per cent for heavy tails. */
const MOST_OFF = { chance: 0.18, tokens: 0.21, scv: 0.3 };

describe.each(QUEUES)('%j', (queue) => {
  const closed = inClosedForm(queue);
  const truth = followed(queue);
  const off = (value: number, expected: number): number => Math.abs(value / expected - 1);

  test('prompts are left over as often as in the queue', () => {
    expect(off(closed.chance, truth.chance)).toBeLessThan(MOST_OFF.chance);
  });

  test('as many tokens wait on average, and they spread as much', () => {
    expect(off(closed.chance * closed.meanTokens, truth.chance * truth.meanTokens)).toBeLessThan(MOST_OFF.tokens);
    expect(off(closed.scv, truth.scv)).toBeLessThan(MOST_OFF.scv);
  });
});

test.each([0.2, 0.35, 0.5, 0.7])(
  'prompts that nearly fill a step each are left over as in the queue, at %f',
  (load) => {
    const queue = { promptTokens: 2000, cv: 0, roomTokens: 2048, load };
    const closed = inClosedForm(queue);
    const truth = followed(queue);
    expect((closed.chance * closed.meanTokens) / (truth.chance * truth.meanTokens)).toBeGreaterThan(0.85);
    expect((closed.chance * closed.meanTokens) / (truth.chance * truth.meanTokens)).toBeLessThan(1.15);
  },
);

test('nothing is left over where nobody comes, and more where more come', () => {
  const queue = { promptTokens: 3000, cv: 0.6, roomTokens: 2048 };
  expect(inClosedForm({ ...queue, load: 1e-9 }).chance).toBeLessThan(1e-8);
  const loads = Array.from({ length: 90 }, (_, i) => 0.01 * (i + 1));
  const waiting = loads
    .map((load) => inClosedForm({ ...queue, load }))
    .map(({ chance, meanTokens }) => chance * meanTokens);
  waiting.slice(1).forEach((tokens, i) => {
    expect(tokens).toBeGreaterThan(waiting[i] as number);
  });
});
