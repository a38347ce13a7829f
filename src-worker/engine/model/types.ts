/** A model as a list of layers: everything memory, speed and cost are computed from. Built from `config.json`. */

import type { Precision, StoredFormat } from './quantization/stored.ts';
import type { FactsOf } from './source.ts';
import type { Weight, WeightClass } from './weight.ts';

export type { Precision, Weight, WeightClass };

/** What one token leaves in the cache of one layer. */
export interface CacheShare {
  /** Elements of the whole model, before any split. */
  elementsPerToken: number;
  /** Parts a tensor-parallel group splits them into (KV heads); 1 = every GPU keeps all (MLA). */
  splitUnits: number;
  /** Only the last so many tokens are kept; null = the whole context. */
  windowTokens: number | null;
  /** Bytes per element where the cache's own type does not decide; null = it does. */
  bytesPerElement: number | null;
  /** Bytes per element of an FP8 cache that carries scales or keeps a part in 16 bit; absent = 1. */
  fp8BytesPerElement?: number;
}

/** What one token attends to in one layer: the elements read and the arithmetic, for each attended token. */
export interface ContextWork {
  elementsPerToken: number;
  splitUnits: number;
  bytesPerElement: number | null;
  /** See `CacheShare.fp8BytesPerElement`. */
  fp8BytesPerElement?: number;
  /** True where every GPU of a group does all of the arithmetic; absent = they divide it. */
  isReplicated?: boolean;
  /** At most so many tokens are attended to; null = the whole context. */
  attendedTokens: number | null;
  /** FLOP per attended token of a token that decodes, all heads. */
  decodeFlop: number;
  /** FLOP per attended token of a prompt token, all heads. */
  promptFlop: number;
}

/** What a sequence keeps in one layer whatever its length. */
export interface StateShare {
  elements: number;
  bytesPerElement: number;
  splitUnits: number;
}

/**
 * How one layer mixes tokens: attention of any kind, or a recurrence in its place. All kinds are described in the same
 * terms, so that memory, speed and cost never ask which kind it is.
 */
export interface Attention {
  /** Its key in `attention/kinds.ts`. */
  kind: string;
  /** For people: `GQA 32 query / 8 KV heads of 128`. */
  label: string;
  weights: Weight[];
  /** Heads that tensor parallelism must divide; null where there are none. */
  numHeads: number | null;
  /** Mixers in this layer, each with its own kernels and all-reduce; absent = 1. */
  numMixers?: number;
  cache: CacheShare[];
  context: ContextWork[];
  state: StateShare[];
  /** FLOP per token beside its weights and its context: the step of a recurrence. */
  recurrenceFlop: number;
}

/** Experts of which a router chooses some for each token. */
export interface RoutedExperts {
  numExperts: number;
  numExpertsPerToken: number;
  /** Parameters of ONE routed expert. */
  parametersPerExpert: number;
}

export interface Ffn {
  /** Its file in `ffn/`: `dense`, `moe`, `none`, … */
  kind: string;
  /** For people: `gated FFN of width 11008`. */
  label: string;
  weights: Weight[];
  /** null = every weight is used by every token. */
  experts: RoutedExperts | null;
}

export interface Layer {
  attention: Attention;
  ffn: Ffn;
  norms: Weight[];
}

/** How the checkpoint on disk stores its weights. */
export interface CheckpointFormat {
  /** `fp16` for every 16-bit checkpoint; otherwise the precision most of its quantized weights have. */
  precision: Precision;
  /** `awq`, `gptq`, `fp8`, … as config.json names it; null for 16-bit. */
  method: string | null;
  /** How each weight is stored; absent = all at 16 bit, or not to be told. */
  stored?: StoredFormat;
  /** Why the format cannot be told; then `precision` is the 16-bit it would have without, and `checkpoint` is refused. */
  problem?: string;
}

/** A part that turns pictures or sound into tokens. */
export interface Tower {
  modality: 'vision' | 'audio';
  /** For people: `27 layers of width 1152`. */
  label: string;
  weights: Weight[];
  /** Set where the part is of a kind that is not known: what was taken for granted. The model is then estimated. */
  assumption?: string;
}

export interface Model {
  id: string;
  /** Set where the config is that of another model with the same architecture. */
  factsOf?: FactsOf;
  /** First entry of `architectures`, for example `LlamaForCausalLM`. */
  architecture: string;
  /** True where the repository brings code of its own (`auto_map`) for a class that is not known: absent = false. */
  needsRemoteCode?: boolean;
  /**
   * True when the architecture, a part of it that the file leaves out, or the scaling of its positions is unknown;
   * `assumptions` say what was assumed.
   */
  isEstimated: boolean;
  /** False for the body of a decoder without an output head: it turns texts into vectors. */
  generatesText: boolean;
  assumptions: string[];
  hiddenSize: number;
  vocabularySize: number;
  /** Longest prompt + output, in tokens. */
  maxContextTokens: number;
  /** Consecutive equal layers are one object. */
  layers: Layer[];
  /** What stands outside the layers: embeddings, final norm, output head (absent when tied to the embedding). */
  outside: Weight[];
  isHeadTied: boolean;
  /** Vision and audio parts with their projectors; their weights are counted in the total. */
  towers: Tower[];
  /** Blocks for multi-token prediction that the checkpoint ships on top of the total; 0 = none. */
  mtpParameters: number;
  totalParameters: number;
  /** Parameters a text token uses: routed experts reduced to the chosen ones, towers left out, embedding and head in full. */
  activeParameters: number;
  checkpoint: CheckpointFormat;
}

export type { ModelSource } from './source.ts';
