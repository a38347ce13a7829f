import type { CalibrationProfile, GenerationOverheads } from '../../../src-worker/engine/calibration/types.ts';
import { fabricFor, type Fabric } from '../../../src-worker/engine/communication/fabric.ts';
import { precisionSupport, type PrecisionSupport } from '../../../src-worker/engine/hardware/precision.ts';
import type { Gpu } from '../../../src-worker/engine/hardware/types.ts';
import type { Model, Precision } from '../../../src-worker/engine/model/types.ts';
import type { StepSubject } from '../../../src-worker/engine/roofline/step-plan.ts';
import type { StepBatch } from '../../../src-worker/engine/roofline/step-time.ts';
import { modelOf } from '../world.ts';

/**
 * Deployments and steps drawn from a seed: real models on GPUs and calibrations that nobody has, so that laws are tested
 * where no constant of ours was tuned, and so that figures of the catalogs can change without moving a number here.
 */

/** Uniform numbers in [0, 1): mulberry32 with its usual constants, kept simple so that every machine draws the same. */
export class Draws {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  /** Between the two by orders of magnitude. */
  magnitude(low: number, high: number): number {
    return low * (high / low) ** this.next();
  }

  of<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.next() * items.length)] as Item;
  }

  whole(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }
}

/** One of each kind: many heads, few, one latent; windows, recurrences, experts with and without shared ones. */
export const MODELS = [
  'meta-llama/Llama-2-7b-hf',
  'meta-llama/Llama-3.1-8B-Instruct',
  'meta-llama/Llama-3.1-70B-Instruct',
  'Qwen/Qwen2.5-0.5B',
  'Qwen/Qwen2.5-32B-Instruct-AWQ',
  'google/gemma-2-9b',
  'google/gemma-3-27b-it',
  'mistralai/Mixtral-8x7B-v0.1',
  'Qwen/Qwen3-30B-A3B',
  'Qwen/Qwen3-Next-80B-A3B-Instruct',
  'openai/gpt-oss-120b',
  'deepseek-ai/DeepSeek-V2-Lite',
  'deepseek-ai/DeepSeek-V3',
  'meta-llama/Llama-4-Scout-17B-16E-Instruct',
  'ai21labs/Jamba-v0.1',
];
const PRECISIONS: readonly Precision[] = ['fp16', 'fp16', 'fp8', 'int8', 'w8a16', 'int4', 'nvfp4', 'mxfp4'];
const LINKS = ['nvlink3', 'nvlink4', 'nvlink5', 'xgmi', null] as const;

const models = new Map<string, Model>();

export function knownModel(id: string): Model {
  const model = models.get(id) ?? modelOf(id);
  models.set(id, model);
  return model;
}

/** A GPU between an L4 and several B200. */
export function randomGpu(draws: Draws): Gpu {
  const fp16FlopPerS = draws.magnitude(6e13, 4e15);
  const linkKind = draws.of(LINKS);
  const generation = draws.of([
    { architecture: 'Ampere', computeCapability: '8.0', peaks: {} },
    { architecture: 'Hopper', computeCapability: '9.0', peaks: { fp8FlopPerS: 2 * fp16FlopPerS } },
    {
      architecture: 'Blackwell',
      computeCapability: '10.0',
      peaks: { fp8FlopPerS: 2 * fp16FlopPerS, fp4FlopPerS: 4 * fp16FlopPerS },
    },
  ]);
  return {
    id: draws.of(['drawn-one', 'drawn-two', 'drawn-three']),
    name: 'Drawn GPU',
    vendor: 'nvidia',
    architecture: generation.architecture,
    formFactor: 'SXM',
    usableMemoryBytes: draws.magnitude(24e9, 300e9),
    memoryType: draws.of(['HBM3', 'GDDR6']),
    memoryBandwidthBytesPerS: draws.magnitude(3e11, 8e12),
    peaks: { fp16FlopPerS, int8OpPerS: 2 * fp16FlopPerS, ...generation.peaks },
    supportsBf16: true,
    computeCapability: generation.computeCapability,
    linkKind,
    linkBandwidthPerDirectionBytesPerS: linkKind === null ? null : draws.magnitude(2e11, 9e11),
    pcieBandwidthPerDirectionBytesPerS: draws.of([32e9, 64e9, null]),
    isPcieStaged: draws.next() < 0.3,
    source: 'drawn',
    notes: null,
  };
}

/** Lowest and highest value of each constant the step time asks for. */
const CONSTANTS: Record<string, readonly [low: number, high: number]> = {
  bandwidthEfficiency: [0.5, 1.2],
  computeEfficiency: [0.3, 1.1],
  kvReadEfficiency: [0.4, 1.3],
  attentionEfficiency: [0.3, 0.95],
  smoothMaxExponent: [1.5, 5],
  gemmTileRows: [16, 128],
  gemmTileRowsWeightOnly: [8, 32],
  gemmExtraTokens: [0, 8],
  extraTokensPerExpert: [0, 8],
  expertComputeFactor: [0.5, 1],
  expertReadFactor: [0.5, 1.3],
  expertReadFactorFp8: [0.4, 1],
  moeOverheadFactorFp8: [0.8, 2],
  activationBytesPerTokenLayer: [2, 24],
  linkEfficiency: [0.3, 1],
  pcieLinkFactor: [0.2, 1.2],
  stagedLinkFactor: [0.1, 1],
  weightOnlyLayerUs: [0, 60],
  allReduceGrowth: [0, 1],
  firstTokenWaitSteps: [1, 2],
  tokenizeMsPer1kTokens: [1, 4],
  maxBandwidthEfficiency: [0.9, 1],
  maxComputeEfficiency: [0.7, 1],
  maxExpertBandwidthEfficiency: [0.8, 1],
  decodeAttentionComputeEfficiency: [0.02, 0.9],
};
const ALL_PRECISIONS: readonly Precision[] = ['fp16', 'bf16', 'fp8', 'int8', 'w8a16', 'int4', 'nvfp4', 'mxfp4'];
/** The step time caps weights, but a factor above 1 on compute is up to the profile: none is drawn. */
const factors = (draws: Draws, low: number, high: number) =>
  Object.fromEntries(ALL_PRECISIONS.map((precision) => [precision, draws.between(low, high)])) as Record<
    Precision,
    number
  >;

export const GENERATION = 'drawn-engine';

export function randomCalibration(draws: Draws): CalibrationProfile {
  const overheads: GenerationOverheads = {
    stepMs: draws.between(0.2, 8),
    layerUs: draws.between(5, 25),
    sequenceUs: draws.between(3, 60),
    streamUs: draws.between(1, 200),
    moeLayerUs: draws.between(5, 40),
    ttftBaseMs: draws.between(2, 30),
    bandwidthFactor: draws.between(0.8, 1.2),
    computeFactor: draws.between(0.8, 1.2),
    kvFactor: draws.between(0.7, 1.4),
    allReduceFactor: draws.between(0.4, 2.5),
    expertReadFactor: draws.between(0.6, 1.5),
    hidesSequenceTime: draws.next() < 0.5,
  };
  const family = (gpuIds: string[]) => ({
    bandwidth: draws.between(0.8, 1.2),
    compute: draws.between(0.7, 1.3),
    gpuIds,
  });
  return {
    name: 'drawn',
    description: 'drawn from a seed',
    source: 'drawn',
    constants: Object.fromEntries(
      Object.entries(CONSTANTS).map(([name, [low, high]]) => [
        name,
        { value: draws.between(low, high), unit: 'drawn', range: null, meaning: 'drawn' },
      ]),
    ),
    families: {
      one: family(['drawn-one']),
      hopper: { ...family(['drawn-four']), standsFor: { architectures: ['Hopper'], memory: 'HBM' } },
    },
    gpuBandwidthFactors: { 'drawn-one': draws.between(0.9, 1.1) },
    precisionComputeFactors: factors(draws, 0.5, 1.1),
    precisionBandwidthFactors: factors(draws, 0.7, 1.4),
    allReduceUs: {
      nvlink3: draws.between(5, 25),
      nvlink4: draws.between(5, 25),
      nvlink5: draws.between(3, 12),
      pcie: draws.between(8, 25),
      pcie_gf: draws.between(8, 25),
    },
    generations: { [GENERATION]: overheads },
  };
}

/** A format the GPU runs. */
function runnable(draws: Draws, gpu: Gpu): [Precision, Exclude<PrecisionSupport, { kind: 'unsupported' }>] {
  for (;;) {
    const precision = draws.of(PRECISIONS);
    const support = precisionSupport(gpu, precision);
    if (support.kind !== 'unsupported') return [precision, support];
  }
}

const joined = (gpu: Gpu, gpus: number): Fabric => {
  const fabric = fabricFor(gpu, gpus, null);
  if (!fabric) throw new Error(`${gpus} GPUs have no fabric`);
  return fabric;
};

export function randomSubject(draws: Draws, modelId = draws.of(MODELS)): StepSubject {
  const model = knownModel(modelId);
  const gpu = randomGpu(draws);
  const [precision, support] = runnable(draws, gpu);
  const tensorParallel = draws.of([1, 1, 2, 4, 8]);
  const stages = draws.of([1, 1, 1, 2, 4]);
  return {
    model,
    gpu,
    gpuShare: draws.of([1, 1, 1, 0.5]),
    precision,
    support,
    kvBytesPerElement: draws.of([1, 2]),
    tensorParallel,
    fabric: fabricFor(gpu, tensorParallel, null),
    pipeline: stages === 1 ? null : { stages, fabric: joined(gpu, tensorParallel * stages) },
    calibration: randomCalibration(draws),
    generation: GENERATION,
  };
}

const divisors = (whole: number): number[] =>
  Array.from({ length: whole }, (_, index) => index + 1).filter((divisor) => whole % divisor === 0);

/** Routed experts of a layer; 0 = a dense model. */
export const numExpertsOf = ({ layers }: Model): number =>
  Math.max(0, ...layers.map(({ ffn }) => ffn.experts?.numExperts ?? 0));

/** The same deployment with copies of its attention, and with whole experts where it has any. */
export function spread(subject: StepSubject, ranks: number, expertParallel: number): StepSubject {
  const dataParallel = ranks === 1 ? null : { ranks, fabric: joined(subject.gpu, subject.tensorParallel * ranks) };
  return { ...subject, dataParallel, expertParallel };
}

/** A deployment with data-parallel attention and expert parallelism, sometimes of one. */
export function randomSpread(draws: Draws, modelId?: string): StepSubject {
  const subject = randomSubject(draws, modelId);
  const ranks = draws.of([1, 2, 4, 8]);
  const numExperts = numExpertsOf(subject.model);
  const choices = divisors(subject.tensorParallel * ranks).filter((ep) => ep === 1 || numExperts % ep === 0);
  return spread(subject, ranks, numExperts === 0 ? 1 : draws.of(choices));
}

export function randomBatch(draws: Draws): StepBatch {
  const decodes = draws.next() < 0.15 ? 0 : draws.next() < 0.3 ? draws.between(0.1, 3) : draws.magnitude(1, 1024);
  const promptTokens = decodes > 0 && draws.next() < 0.4 ? 0 : draws.magnitude(1, 16_384);
  return {
    decodes,
    contextTokens: decodes * draws.magnitude(1, 100_000),
    promptTokens,
    promptPairs: promptTokens * draws.magnitude(1, 50_000),
    promptsEnding: promptTokens === 0 ? 0 : draws.between(0, 4),
  };
}
