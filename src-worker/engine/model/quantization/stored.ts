import type { Weight } from '../weight.ts';

/** NUMBERS.md, Precision. `bf16` and `fp16` cost the same. */
export type Precision = 'fp16' | 'bf16' | 'fp8' | 'int8' | 'w8a16' | 'int4' | 'nvfp4' | 'mxfp4';

/** How one quantized matrix (outputs × inputs) is stored. */
export interface Scheme {
  /** Whose kernels and rates it runs with. */
  precision: Precision;
  /** Bits of one weight. */
  bits: number;
  /** Outputs that share a scale; null = all of the matrix. */
  groupRows: number | null;
  /** Inputs that share a scale; null = all of the matrix. */
  groupColumns: number | null;
  /** Bytes of one scale. */
  scaleBytes: number;
  /** Bits of one zero point beside each scale; 0 = symmetric. */
  zeroPointBits: number;
  /** Further bytes for each input: the order of GPTQ's activations, factors of SmoothQuant. */
  bytesPerInput: number;
  /** Further bytes for each matrix: scales of scales, scales of activations, look-up tables. */
  bytesPerMatrix: number;
}

/** Schemes of the quantized weights of a part; a weight that is absent is at 16 bit. */
export type Schemes = ReadonlyMap<Weight, Scheme>;

/** How every weight of a model is stored. */
export interface StoredFormat {
  /** One for each layer; layers that are stored alike share one object. */
  layers: Schemes[];
  /** Weights outside the layers and in the towers. */
  outer: Schemes;
}
