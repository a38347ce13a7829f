import { describe, expect, test } from 'vitest';
import type { CalibrationProfile } from '../../../src-worker/engine/calibration/types.ts';
import type { Fabric } from '../../../src-worker/engine/communication/fabric.ts';
import type { Gpu } from '../../../src-worker/engine/hardware/types.ts';
import { stageHoldings } from '../../../src-worker/engine/model/holdings.ts';
import { contextBytesRead } from '../../../src-worker/engine/model/kv.ts';
import { parameterBreakdown } from '../../../src-worker/engine/model/parameters.ts';
import { weightBytesByClass } from '../../../src-worker/engine/model/weights.ts';
import { operatorWork } from '../../../src-worker/engine/roofline/operator-work.ts';
import { compileStepPlan, type StepPlan, type StepSubject } from '../../../src-worker/engine/roofline/step-plan.ts';
import {
  STEP_PARTS,
  stepBreakdown,
  stepTimeMs,
  touchedExperts,
  type StepBatch,
  type StepBreakdown,
  type StepPart,
} from '../../../src-worker/engine/roofline/step-time.ts';
import {
  Draws,
  GENERATION,
  knownModel,
  MODELS,
  numExpertsOf,
  randomBatch,
  randomSpread,
  randomSubject,
  spread,
} from './random-deployments.ts';

/**
 * What holds for any model on any GPU under any calibration whose efficiencies are shares of a peak. Deployments and steps
 * are drawn (random-deployments.ts); floors are worked out from the model and the data sheet alone.
 */
const DEPLOYMENTS = 150;
/** Sums in another order, and the table of the smooth maximum. */
const SLACK = 1e-9;

const MS = 1000;
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const timeOf = (plan: StepPlan, batch: StepBatch): number =>
  stepTimeMs(plan, batch.decodes, batch.contextTokens, batch.promptTokens, batch.promptPairs, batch.promptsEnding);
const where = ({ model, precision, tensorParallel, dataParallel, expertParallel }: StepSubject): string =>
  `${model.id} ${precision} TP ${tensorParallel} DP ${dataParallel?.ranks ?? 1} EP ${expertParallel ?? 1}`;

/** Calls `check` with drawn deployments and steps. */
function overDraws(seed: number, check: (subject: StepSubject, batch: StepBatch) => void, batches = 3): void {
  const draws = new Draws(seed);
  for (let index = 0; index < DEPLOYMENTS; index += 1) {
    const subject = randomSpread(draws, MODELS[index % MODELS.length]);
    for (let step = 0; step < batches; step += 1) check(subject, randomBatch(draws));
  }
}

/** ms that every part takes at least, by FLOP at the peak and by bytes at the full bandwidth. */
interface Floors {
  compute: Partial<Record<StepPart, number>>;
  memory: Partial<Record<StepPart, number>>;
}

function floorsOf(subject: StepSubject, batch: StepBatch): Floors {
  const { model, gpu, gpuShare, precision, support, tensorParallel, kvBytesPerElement } = subject;
  const ranks = subject.dataParallel?.ranks ?? 1;
  const gpus = tensorParallel * ranks;
  const flopMs = (flop: number, peak = support.peakFlopPerS): number => (flop / (peak * gpuShare)) * MS;
  const byteMs = (bytes: number): number => (bytes / (gpu.memoryBandwidthBytesPerS * gpuShare)) * MS;
  const wireMs = (bytes: number, fabric: Fabric): number => (bytes / fabric.bandwidthPerDirectionBytesPerS) * MS;

  const { decodes, promptTokens, promptsEnding } = batch;
  const tokens = decodes + promptTokens;
  const sampled = decodes + promptsEnding;
  const parameters = parameterBreakdown(model, 1, 'used');
  const bytes = weightBytesByClass(model, precision);
  const multiplied = parameters.attention + parameters.denseFfn + parameters.sharedExperts + parameters.router;
  const read = bytes.attention + bytes.denseFfn + bytes.sharedExperts + bytes.router;
  const moe = model.layers.flatMap(({ ffn }) => (ffn.experts ? [ffn.experts] : []));
  const chosen = sum(moe.map((experts) => experts.numExpertsPerToken * experts.parametersPerExpert));
  const leastShare = Math.min(1, ...moe.map((experts) => experts.numExpertsPerToken / experts.numExperts));
  const pairsEach = promptTokens > 0 ? batch.promptPairs / promptTokens : 0;
  const promptFlop = sum(
    model.layers.map(({ attention }) =>
      sum(attention.context.map((work) => work.promptFlop * Math.min(pairsEach, work.attendedTokens ?? pairsEach))),
    ),
  );
  const contextEach = decodes > 0 ? batch.contextTokens / decodes : 0;
  const vector = 2 * model.hiddenSize;
  const reduced = model.layers.length * ((2 * (tensorParallel - 1)) / tensorParallel) * tokens * vector;
  const groups = subject.expertParallel ?? 1;
  // A token reaches one group of experts at least, there and back, and its own GPU for nothing.
  const exchanged = (2 * moe.length * tokens * vector * (gpus / groups) * ((gpus - 1) / gpus)) / tensorParallel;
  return {
    compute: {
      projections: flopMs((2 * multiplied * tokens) / tensorParallel),
      // All ranks' tokens on all ranks' GPUs.
      experts: flopMs((2 * chosen * tokens * ranks) / gpus),
      prompt_attention: flopMs((promptFlop * promptTokens) / tensorParallel, gpu.peaks.fp16FlopPerS),
      head: flopMs((2 * model.vocabularySize * model.hiddenSize * sampled) / tensorParallel),
      communication: subject.fabric && ranks === 1 ? wireMs(reduced / 2, subject.fabric) : 0,
      all_to_all: subject.dataParallel && moe.length > 0 ? wireMs(exchanged, subject.dataParallel.fabric) : 0,
    },
    memory: {
      projections: tokens > 0 ? byteMs(read / tensorParallel) : 0,
      experts: tokens > 0 ? byteMs((bytes.experts * leastShare) / gpus) : 0,
      kv_read: byteMs(decodes * contextBytesRead(model, kvBytesPerElement, tensorParallel, contextEach)),
      head: sampled > 0 ? byteMs(bytes.head / tensorParallel) : 0,
    },
  };
}

describe('never faster than physics', () => {
  test('every part takes the time of its FLOP at the peak, of its bytes at full bandwidth and of its messages at the rate of the link', () => {
    overDraws(1, (subject, batch) => {
      const { partsMs, totalMs } = stepBreakdown(compileStepPlan(subject), batch);
      const { compute, memory } = floorsOf(subject, batch);
      for (const name of STEP_PARTS) {
        const floor = Math.max(compute[name] ?? 0, memory[name] ?? 0);
        expect(partsMs[name], `${name} of ${where(subject)}`).toBeGreaterThanOrEqual(floor * (1 - SLACK));
      }
      expect(totalMs).toBeGreaterThanOrEqual(sum(Object.values(compute)) * (1 - SLACK));
      expect(totalMs).toBeGreaterThanOrEqual(sum(Object.values(memory)) * (1 - SLACK));
    });
  });

  test('a decode step reads its weights', () => {
    overDraws(2, (subject, { decodes, contextTokens }) => {
      if (decodes === 0) return;
      const plan = compileStepPlan(subject);
      expect(plan.weightReadFloorMs).toBeGreaterThan(0);
      expect(stepTimeMs(plan, decodes, contextTokens, 0, 0, 0)).toBeGreaterThan(plan.weightReadFloorMs);
    });
  });
});

describe('order', () => {
  test('more of anything never takes less time', () => {
    const draws = new Draws(30);
    overDraws(3, (subject, batch) => {
      const plan = compileStepPlan(subject);
      const before = timeOf(plan, batch);
      for (const name of Object.keys(batch) as (keyof StepBatch)[]) {
        const more = { ...batch, [name]: (batch[name] + draws.between(0, 2)) * draws.between(1, 1.5) };
        expect(timeOf(plan, more), `${name} of ${where(subject)}`).toBeGreaterThanOrEqual(before * (1 - SLACK));
      }
    });
  });

  test('the touched experts of a layer lie between those of one token and all, and rise with the tokens', () => {
    overDraws(4, (subject) => {
      const { experts } = compileStepPlan(subject);
      if (!experts) return;
      let before = experts.expertsPerToken;
      for (const tokens of [0.2, 1, 2, 5, 17, 100, 1000, 1e5]) {
        const touched = touchedExperts(experts, tokens);
        expect(touched).toBeGreaterThanOrEqual(before);
        expect(touched).toBeLessThanOrEqual(experts.numExperts);
        before = touched;
      }
    });
  });
});

/** Without what bends the line: hidden sequences, a slowest stage. */
function straight(subject: StepSubject): StepSubject {
  const overheads = subject.calibration.generations[GENERATION]!;
  const generations = { [GENERATION]: { ...overheads, hidesSequenceTime: false } };
  return { ...subject, pipeline: null, calibration: { ...subject.calibration, generations } };
}

describe('linear', () => {
  test('in the context of the decodes and in the pairs of the prompts, below and above all windows', () => {
    overDraws(5, (drawn, { decodes, promptTokens }) => {
      const subject = straight(drawn);
      const hasStates = subject.model.layers.some(({ attention }) => attention.state.length > 0);
      // A state and a cache that are read together follow one smooth maximum.
      if (hasStates) return;
      const plan = compileStepPlan(subject);
      const windows = plan.attention.flatMap(({ windowTokens }) => (windowTokens === null ? [] : [windowTokens]));
      const [first, last] = [Math.min(50_000, ...windows), Math.max(1, ...windows)];
      for (const [from, to] of [
        [0, first],
        [last, 200_000],
      ] as const) {
        const at = (share: number): number => from + share * (to - from);
        const byContext = (share: number): number => stepTimeMs(plan, decodes, decodes * at(share), promptTokens, 0, 0);
        const byPairs = (share: number): number =>
          stepTimeMs(plan, decodes, 0, promptTokens, promptTokens * at(share), 0);
        for (const line of [byContext, byPairs]) {
          const middle = (line(0.1) + line(0.9)) / 2;
          expect(Math.abs(line(0.5) - middle), where(subject)).toBeLessThanOrEqual(1e-11 * line(0.9));
        }
      }
    });
  });
});

const OVERHEADS: ReadonlySet<StepPart> = new Set<StepPart>(['launch', 'sequences']);

const faster = (fabric: Fabric, times: number): Fabric => ({
  ...fabric,
  bandwidthPerDirectionBytesPerS: fabric.bandwidthPerDirectionBytesPerS * times,
});

/** The same deployment on hardware that is so many times as fast in everything. */
function onFaster(subject: StepSubject, times: number): StepSubject {
  const { gpu, support, fabric, dataParallel } = subject;
  const peaks = Object.fromEntries(Object.entries(gpu.peaks).map(([name, peak]) => [name, Number(peak) * times]));
  return {
    ...subject,
    gpu: {
      ...gpu,
      peaks: peaks as unknown as Gpu['peaks'],
      memoryBandwidthBytesPerS: gpu.memoryBandwidthBytesPerS * times,
    },
    support: { ...support, peakFlopPerS: support.peakFlopPerS * times },
    fabric: fabric && faster(fabric, times),
    dataParallel: dataParallel ? { ...dataParallel, fabric: faster(dataParallel.fabric, times) } : null,
  };
}

/** Messages that start at once. */
function withoutLatency(subject: StepSubject): StepSubject {
  const allReduceUs = Object.fromEntries(Object.keys(subject.calibration.allReduceUs).map((fabric) => [fabric, 0]));
  return { ...subject, calibration: { ...subject.calibration, allReduceUs } satisfies CalibrationProfile };
}

describe('scale', () => {
  test('hardware that is 1.7 times as fast in everything does all work in 1 / 1.7 of the time; overheads stay', () => {
    const times = 1.7;
    overDraws(6, (drawn, batch) => {
      const subject = withoutLatency({ ...drawn, pipeline: null });
      const before = stepBreakdown(compileStepPlan(subject), batch).partsMs;
      const after = stepBreakdown(compileStepPlan(onFaster(subject, times)), batch).partsMs;
      for (const name of STEP_PARTS) {
        const expected = before[name] / (OVERHEADS.has(name) ? 1 : times);
        expect(Math.abs(after[name] - expected), name).toBeLessThanOrEqual(SLACK * expected);
      }
    });
  });

  test('twice the layers take twice the time, but for the head and what is once a step', () => {
    overDraws(7, (drawn, batch) => {
      const subject = { ...drawn, pipeline: null };
      // A checkpoint that says of each layer how it is stored has nothing to say of layers it does not have.
      if (subject.model.checkpoint.stored) return;
      const layers = [...subject.model.layers, ...subject.model.layers];
      const doubled = { ...subject, model: { ...subject.model, layers } };
      const before = stepBreakdown(compileStepPlan(subject), batch).partsMs;
      const after = stepBreakdown(compileStepPlan(doubled), batch).partsMs;
      const { stepMs } = subject.calibration.generations[GENERATION]!;
      for (const name of STEP_PARTS) {
        const isOnce = name === 'head' || name === 'sequences';
        const expected = name === 'launch' ? 2 * before.launch - stepMs : before[name] * (isOnce ? 1 : 2);
        expect(Math.abs(after[name] - expected), `${name} of ${where(subject)}`).toBeLessThanOrEqual(SLACK * expected);
      }
    });
  });

  test('the parts add up to the step where nothing is hidden, and never to less where something is', () => {
    overDraws(8, (subject, batch) => {
      const added = ({ partsMs }: StepBreakdown): number => sum(Object.values(partsMs));
      const open = stepBreakdown(compileStepPlan({ ...straight(subject), pipeline: subject.pipeline ?? null }), batch);
      expect(Math.abs(added(open) - open.totalMs)).toBeLessThanOrEqual(SLACK * open.totalMs);
      const drawn = stepBreakdown(compileStepPlan(subject), batch);
      expect(drawn.totalMs).toBeLessThanOrEqual(added(drawn) * (1 + SLACK));
      expect(drawn.totalMs).toBeGreaterThanOrEqual((added(drawn) - drawn.partsMs.sequences) * (1 - SLACK));
    });
  });
});

describe('tensor parallelism', () => {
  test('over a free link no part takes longer on more GPUs', () => {
    const free: Fabric = { kind: 'nvlink4', bandwidthPerDirectionBytesPerS: 1e30 };
    const draws = new Draws(9);
    for (let index = 0; index < DEPLOYMENTS; index += 1) {
      const subject = withoutLatency({ ...randomSubject(draws), pipeline: null });
      const batch = randomBatch(draws);
      const on = (tensorParallel: number) => {
        const fabric = tensorParallel === 1 ? null : free;
        return stepBreakdown(compileStepPlan({ ...subject, tensorParallel, fabric }), batch).partsMs;
      };
      const one = on(1);
      for (const gpus of [2, 4, 8]) {
        const split = on(gpus);
        for (const name of STEP_PARTS) {
          // The free link takes some 1e-24 ms.
          expect(split[name], `${name}, ${gpus} GPUs, ${where(subject)}`).toBeLessThanOrEqual(
            one[name] * (1 + SLACK) + 1e-12,
          );
        }
      }
    }
  });
});

const MOE = MODELS.filter((id) => numExpertsOf(knownModel(id)) > 0);

/**
 * Each part of a split expert carries the bias that is added once. Only gpt-oss has one: 2,880 beside the 3 x 90 x 2,880
 * weights of a thirty-second of an expert, 0.37 %.
 */
const COPIED_BIASES = 0.004;
const expectAsMuch = (whole: number, split: number): void => {
  expect(whole / split).toBeLessThanOrEqual(1 + SLACK);
  expect(whole / split).toBeGreaterThanOrEqual(1 - COPIED_BIASES);
};

describe('expert parallelism', () => {
  test.each(MOE)('%s: as many bytes on each GPU as when every expert is split', (id) => {
    const draws = new Draws(10);
    for (let index = 0; index < 10; index += 1) {
      const drawn = { ...randomSubject(draws, id), pipeline: null };
      const { model, precision, tensorParallel } = drawn;
      for (const ranks of [1, 2, 4]) {
        const gpus = tensorParallel * ranks;
        const split = operatorWork(spread(drawn, ranks, 1));
        for (const ep of [2, 4, 8].filter((degree) => gpus % degree === 0 && numExpertsOf(model) % degree === 0)) {
          const whole = operatorWork(spread(drawn, ranks, ep));
          expectAsMuch(whole.experts!.bytes, split.experts!.bytes);
          const [held, heldSplit] = [ep, 1].map(
            (expertParallel) =>
              stageHoldings(model, precision, {
                tensorParallel,
                pipelineParallel: 1,
                expertParallel,
                dataParallel: ranks,
              })[0]!.parameters.experts,
          );
          expectAsMuch(held!, heldSplit!);
        }
      }
    }
  });

  test('without data parallelism it changes nothing but the fewest experts that a step touches', () => {
    const draws = new Draws(11);
    for (const id of MOE) {
      const drawn = { ...randomSubject(draws, id), pipeline: null, tensorParallel: 4 };
      const subject = { ...drawn, fabric: { kind: 'nvlink4', bandwidthPerDirectionBytesPerS: 4e11 } };
      const whole = compileStepPlan(spread(subject, 1, 4));
      const split = compileStepPlan(spread(subject, 1, 1));
      const batch = { decodes: 200, contextTokens: 1e5, promptTokens: 0, promptPairs: 0, promptsEnding: 0 };
      expectAsMuch(timeOf(whole, batch), timeOf(split, batch));
      expect(stepBreakdown(whole, batch).partsMs.all_to_all).toBe(0);
      expect(whole.experts!.leastTouched).toBe(Math.max(4, whole.experts!.expertsPerToken));
    }
  });
});

describe('attention data parallelism', () => {
  test('of a dense model is as many replicas: a rank takes the step of one', () => {
    overDraws(12, (subject, batch) => {
      if (numExpertsOf(subject.model) > 0) return;
      const alone = stepBreakdown(compileStepPlan({ ...subject, dataParallel: null }), batch);
      expect(stepBreakdown(compileStepPlan(subject), batch)).toEqual(alone);
    });
  });

  test('leaves the attention of a rank as it is, shares the experts out, and sends tokens to them', () => {
    const draws = new Draws(13);
    for (const id of MOE) {
      const subject = { ...randomSubject(draws, id), pipeline: null };
      const one = operatorWork(spread(subject, 1, 1));
      const four = operatorWork(spread(subject, 4, 1));
      expect(four.attention).toEqual(one.attention);
      expect(four.ffn).toEqual(one.ffn);
      expect(four.context).toEqual(one.context);
      // To the parts that a width can be split into: 4 x 8 GPUs may be more than there are.
      expect(four.experts!.bytes / one.experts!.bytes).toBeGreaterThanOrEqual(0.25 * (1 - SLACK));
      expect(four.experts!.bytes / one.experts!.bytes).toBeLessThan(0.3);
      expect(one.allToAlls).toBeNull();
      expect(four.allToAlls!.count).toBe(2 * four.numMoeLayers);
    }
  });

  test('whole experts never send more than split ones, and a batch of all ranks computes as much as one of its size', () => {
    overDraws(14, (drawn, batch) => {
      const ranks = drawn.dataParallel?.ranks ?? 1;
      if (numExpertsOf(drawn.model) === 0 || ranks === 1) return;
      const subject = { ...drawn, pipeline: null };
      const split = stepBreakdown(compileStepPlan({ ...subject, expertParallel: 1 }), batch).partsMs;
      const { partsMs } = stepBreakdown(compileStepPlan(subject), batch);
      expect(partsMs.all_to_all).toBeLessThanOrEqual(split.all_to_all * (1 + SLACK));
      const { experts } = compileStepPlan(subject);
      const alone = compileStepPlan({ ...subject, dataParallel: null, expertParallel: 1 }).experts!;
      // FLOP of one expert on one GPU fall with the GPUs, tokens rise with the ranks.
      const perToken = experts!.computeMsPerExpertToken * experts!.ranks;
      expect(perToken / alone.computeMsPerExpertToken).toBeGreaterThanOrEqual(1 - COPIED_BIASES);
    });
  });
});
