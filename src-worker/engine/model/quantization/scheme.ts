import type { Weight } from '../weight.ts';
import type { Precision, Scheme } from './stored.ts';

/** Bytes of the types scales come in. */
export const FLOAT32_BYTES = 4;
export const FLOAT16_BYTES = 2;
/** FP8 scales of NVFP4, exponents (E8M0) of the MX formats. */
export const SCALE8_BYTES = 1;

/** A scheme with one scale for the whole matrix, symmetric, unless said otherwise. */
export const scheme = (
  precision: Precision,
  bits: number,
  scaleBytes: number,
  rest: Partial<Omit<Scheme, 'precision' | 'bits' | 'scaleBytes'>> = {},
): Scheme => ({
  precision,
  bits,
  scaleBytes,
  groupRows: null,
  groupColumns: null,
  zeroPointBits: 0,
  bytesPerInput: 0,
  bytesPerMatrix: 0,
  ...rest,
});

/** One scale for each output. */
export const PER_OUTPUT = { groupRows: 1, groupColumns: null } as const;

/** One scale for so many neighbouring inputs of each output. */
export const perGroup = (inputs: number | null): Pick<Scheme, 'groupRows' | 'groupColumns'> => ({
  groupRows: 1,
  groupColumns: inputs,
});

/** Blocks of DeepSeek's FP8. */
export const fp8Blocks = (rows: number, columns: number, scaleBytes = FLOAT32_BYTES): Scheme =>
  scheme('fp8', 8, scaleBytes, { groupRows: rows, groupColumns: columns });

/** Microscaling formats (OCP MX specification 1.0): an 8-bit exponent for 32 weights. */
export const MX_GROUP = 32;
export const MXFP4: Scheme = scheme('mxfp4', 4, SCALE8_BYTES, perGroup(MX_GROUP));
export const MXFP8: Scheme = scheme('fp8', 8, SCALE8_BYTES, perGroup(MX_GROUP));

/** NVIDIA's FP4: an FP8 scale for 16 weights and one FP32 scale of those, with one more where activations have a fixed scale. */
export const NVFP4_GROUP = 16;
export const nvfp4 = (group: number | null, hasInputScale: boolean): Scheme =>
  scheme('nvfp4', 4, SCALE8_BYTES, {
    ...perGroup(group ?? NVFP4_GROUP),
    bytesPerMatrix: FLOAT32_BYTES * (hasInputScale ? 2 : 1),
  });

/** Whole numbers in groups with a 16-bit scale and a zero point of the same width, as AWQ and GPTQ store them. */
export const groupedIntegers = (bits: number, group: number | null, rest: Partial<Scheme> = {}): Scheme =>
  scheme(weightOnlyPrecision(bits), bits, FLOAT16_BYTES, { ...perGroup(group), zeroPointBits: bits, ...rest });

/** Kernels that read whole numbers and multiply in 16 bit: those of 4 bits also take fewer, those of 8 bits 5 to 8. */
export const weightOnlyPrecision = (bits: number): Precision => (bits <= 4 ? 'int4' : 'w8a16');

/** Inputs in a group where nothing else is said: what AWQ and GPTQ are published with. */
export const USUAL_GROUP = 128;

/**
 * What a precision means for a 16-bit model (NUMBERS.md, Precision): FP8 as vLLM makes it while loading, one FP32 scale a
 * matrix; INT8 with one 16-bit scale an output; W8A16 and W4A16 in groups of 128 with scales and zero points; NVFP4 and
 * MXFP4 with the scales of their specifications. null = 16 bit.
 */
export const USUAL_SCHEME: Readonly<Record<Precision, Scheme | null>> = {
  fp16: null,
  bf16: null,
  fp8: scheme('fp8', 8, FLOAT32_BYTES),
  int8: scheme('int8', 8, FLOAT16_BYTES, PER_OUTPUT),
  w8a16: groupedIntegers(8, USUAL_GROUP),
  int4: groupedIntegers(4, USUAL_GROUP),
  nvfp4: nvfp4(NVFP4_GROUP, true),
  mxfp4: MXFP4,
};

/** Bytes of a 16-bit weight: what embeddings, norms and routers keep in every quantized model. */
export const SIXTEEN_BIT_BYTES = 2;

const groupsOf = (size: number, group: number | null): number => (group === null ? 1 : Math.ceil(size / group));

function matrixBytes(rows: number, columns: number, stored: Scheme): number {
  const weights = rows * Math.ceil((columns * stored.bits) / 8);
  const groups = groupsOf(rows, stored.groupRows) * groupsOf(columns, stored.groupColumns);
  const scales = Math.ceil(groups * stored.scaleBytes) + Math.ceil((groups * stored.zeroPointBits) / 8);
  return weights + scales + columns * stored.bytesPerInput + stored.bytesPerMatrix;
}

/** Bytes of a weight with its scales and zero points; `null` = 16 bit. Groups at the edges count whole, as they are stored. */
export const storedBytes = (
  { rows, columns, count }: Pick<Weight, 'rows' | 'columns' | 'count'>,
  stored: Scheme | null,
): number => count * (stored === null ? rows * columns * SIXTEEN_BIT_BYTES : matrixBytes(rows, columns, stored));
