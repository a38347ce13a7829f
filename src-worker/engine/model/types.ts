/** A model as a list of layers: everything memory, speed and cost are computed from. Built from `config.json`. */

export type AttentionKind = 'gqa';
export type FfnKind = 'dense' | 'moe';

/** Multi-head, grouped-query and multi-query attention: one kind, told apart by numKvHeads. */
export interface GqaAttention {
  kind: 'gqa';
  numHeads: number;
  numKvHeads: number;
  headDim: number;
  /** Sliding window in tokens; null = the whole context. */
  windowTokens: number | null;
  /** Logical parameters of the projections, with biases and q/k norms. */
  parameters: number;
}

export interface DenseFfn {
  kind: 'dense';
  intermediateSize: number;
  isGated: boolean;
  parameters: number;
}

export interface MoeFfn {
  kind: 'moe';
  numExperts: number;
  numExpertsPerToken: number;
  /** Parameters of ONE routed expert. */
  parametersPerExpert: number;
  /** All shared experts together (with their gate); 0 = none. */
  sharedParameters: number;
  routerParameters: number;
  /** Router + shared + all routed experts. */
  parameters: number;
}

export type Attention = GqaAttention;
export type Ffn = DenseFfn | MoeFfn;

export interface Layer {
  attention: Attention;
  ffn: Ffn;
  normParameters: number;
}

/** Groups of weights that are stored, read and computed alike. */
export type WeightClass =
  'attention' | 'denseFfn' | 'sharedExperts' | 'experts' | 'router' | 'embedding' | 'head' | 'norms';

/** How the checkpoint on disk stores its weights. */
export interface CheckpointFormat {
  /** `fp16` for every 16-bit checkpoint; otherwise the precision the file holds. */
  precision: Precision;
  /** `awq`, `gptq`, `fp8`, … as config.json names it; null for 16-bit. */
  method: string | null;
  /** Classes of the decoder layers that a quantized checkpoint leaves at 16 bit; absent = none. */
  unquantized?: WeightClass[];
  /** Why the format cannot be told; then `precision` is the 16-bit it would have without, and `checkpoint` is refused. */
  problem?: string;
}

/** NUMBERS.md, Precision. `bf16` and `fp16` cost the same. */
export type Precision = 'fp16' | 'bf16' | 'fp8' | 'int8' | 'w8a16' | 'int4' | 'nvfp4' | 'mxfp4';

export interface Model {
  id: string;
  /** First entry of `architectures`, for example `LlamaForCausalLM`. */
  architecture: string;
  /** True when the architecture is unknown and the figures follow from its fields alone. */
  isEstimated: boolean;
  assumptions: string[];
  hiddenSize: number;
  vocabularySize: number;
  /** Longest prompt + output, in tokens. */
  maxContextTokens: number;
  /** Input embedding (and learned positions). */
  embeddingParameters: number;
  /** Output head; 0 when tied to the embedding. */
  headParameters: number;
  isHeadTied: boolean;
  finalNormParameters: number;
  layers: Layer[];
  totalParameters: number;
  /** Parameters a token uses: routed experts reduced to the chosen ones. */
  activeParameters: number;
  checkpoint: CheckpointFormat;
}

export type { ModelSource } from './source.ts';
