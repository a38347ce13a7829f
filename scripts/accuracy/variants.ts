import type { CalibrationPriors, CalibrationProfile } from '../../src-worker/engine/calibration/types.ts';

/** The model without one of its parts: parameters held at a value, a changed profile or other engine generations. */
export interface Variant {
  name: string;
  /** What the model then is. */
  meaning: string;
  /** The value a parameter is held at; null = it is fitted. */
  held?: (parameter: string) => number | null;
  change?: (profile: CalibrationProfile) => void;
  changePriors?: (priors: CalibrationPriors) => void;
  /** Generation that all rows are taken to be of. */
  generation?: string;
}

const at =
  (value: number, ...names: (string | RegExp)[]) =>
  (parameter: string): number | null =>
    names.some((name) => (typeof name === 'string' ? name === parameter : name.test(parameter))) ? value : null;

/** An exponent beyond which the smooth maximum is the larger of the two within half a per cent of each other: 2^(1/20) = 1.035. */
const HARD_EXPONENT = 20;
/** Two times to the first power add up. */
const ADDING_EXPONENT = 1;
/** The generation that the pooled variant has everything in: the one of rows whose version is not known. */
const POOLED = 'vllm-v1b';

export const BASE = 'base';

/** Every part whose worth is asked for, the whole model first. */
export const VARIANTS: readonly Variant[] = [
  { name: BASE, meaning: 'the model as it is' },
  {
    name: 'hard maximum',
    meaning: `compute and memory time of an operator never add: exponent held at ${HARD_EXPONENT}`,
    held: at(HARD_EXPONENT, 'constants.smoothMaxExponent'),
  },
  {
    name: 'compute and memory added',
    meaning: `they never overlap: exponent held at ${ADDING_EXPONENT}`,
    held: at(ADDING_EXPONENT, 'constants.smoothMaxExponent'),
  },
  {
    name: 'no tile floor',
    meaning: 'a step of one token computes one row, not a tile of about 64',
    held: at(0, 'constants.gemmTileRows'),
    change: ({ constants }) => {
      const weightOnly = constants['gemmTileRowsWeightOnly'];
      if (weightOnly) weightOnly.value = 0;
    },
  },
  {
    name: 'decode attention on full matrix units',
    meaning: 'attention of decoding sequences computes at 0.6 of the dense peak with every engine, and so only reads',
    held: (parameter) =>
      at(0.6, 'constants.decodeAttentionComputeEfficiency')(parameter) ??
      at(1, /^generations\..+\.decodeAttentionFactor$/)(parameter),
  },
  {
    name: 'no fixed overheads',
    meaning: 'no host time by step, layer, expert layer, sequence or request',
    held: at(0, /^generations\..+\.(stepMs|layerUs|moeLayerUs|sequenceUs|streamUs|requestMs)$/),
  },
  {
    name: 'no time of a request',
    meaning: 'a request costs the host nothing in the step that gives it its first token',
    held: at(0, /^generations\..+\.requestMs$/),
  },
  {
    name: 'engine generations pooled',
    meaning: 'one set of overheads and factors for all engines and versions',
    generation: POOLED,
    changePriors: (priors) => {
      priors.knownGenerations = {};
    },
  },
  {
    name: 'no factors of GPU and family',
    meaning: 'the same shares of peak on every GPU',
    held: at(1, /^families\./, /^gpuBandwidthFactors\./),
  },
  {
    name: 'no factors of precision',
    meaning: 'the same shares of peak in every number format',
    held: at(1, /^precision(Compute|Bandwidth)Factors\./),
  },
  {
    name: 'no all-reduce latency',
    meaning: 'messages between GPUs cost their bytes alone',
    held: at(0, /^allReduceUs\./),
    change: ({ allReduceUs }) => {
      for (const fabric of Object.keys(allReduceUs)) allReduceUs[fabric] = 0;
    },
  },
  {
    name: 'PCIe as other links',
    meaning: 'messages reach the same share of every link, with and without peer-to-peer',
    held: at(1, 'constants.pcieLinkFactor', 'constants.stagedLinkFactor'),
  },
  {
    name: 'weight-only layers as others',
    meaning: 'layers whose weights are dequantized are launched as fast as the others',
    held: at(0, 'constants.weightOnlyLayerUs'),
  },
  {
    name: 'no burst in closed loops',
    meaning: 'clients of a closed loop neither start together nor fall into step',
    held: at(0, 'constants.closedLoopInStep', 'constants.closedLoopBurst'),
  },
  {
    name: 'sequence time never hidden',
    meaning: 'tokens are handed out after the GPU has computed, with every engine',
    change: ({ generations }) => {
      for (const overheads of Object.values(generations)) overheads.hidesSequenceTime = false;
    },
  },
  {
    name: 'hosts not told apart',
    meaning: 'all measurements ran on the same CPU',
    held: at(1, /^machines\./),
  },
  {
    name: 'no activations',
    meaning: 'norms, residuals and activations move no bytes',
    held: at(0, 'constants.activationBytesPerTokenLayer'),
  },
];
