import type { SafetensorsSummary } from './source.ts';
import type { Model, Precision } from './types.ts';
import { weightBytes } from './weights.ts';

/** Our count beside what the checkpoint's files hold. */
export interface SafetensorsCheck {
  /** Weights in the files; null where elements are no weights (packed formats) or are not told. */
  storedParameters: number | null;
  /** Bytes in the files; null where they are neither told nor follow from the dtypes. */
  storedBytes: number | null;
  countedParameters: number;
  /** (stored - counted) / counted, of weights or, where those cannot be compared, of bytes; null where neither can. */
  differenceFraction: number | null;
  /** What was compared, by how much it differs, and which usual reason fits. */
  sentence: string;
}

/** Bytes of one element, by the names of the safetensors format's own description; null = a name that is not known. */
const BYTES_PER_ELEMENT: ReadonlyMap<string, number> = new Map([
  ...['F64', 'I64', 'U64'].map((name) => [name, 8] as const),
  ...['F32', 'I32', 'U32'].map((name) => [name, 4] as const),
  ...['F16', 'BF16', 'I16', 'U16'].map((name) => [name, 2] as const),
  ...['F8_E4M3', 'F8_E5M2', 'F8_E4M3FNUZ', 'F8_E5M2FNUZ', 'F8_E8M0', 'I8', 'U8', 'BOOL'].map(
    (name) => [name, 1] as const,
  ),
  ['F4', 0.5],
]);

/** Never weights: masks, positions and permutations, and the shared exponents of MX blocks. */
const NO_WEIGHTS: ReadonlySet<string> = new Set(['BOOL', 'I64', 'U64', 'F8_E8M0']);
/** Whole numbers: masks and indices in 16-bit checkpoints, several weights each in packed ones. */
const WHOLE_NUMBERS: ReadonlySet<string> = new Set(['U8', 'I8', 'U16', 'I16', 'U32', 'I32', 'F4']);
const SIXTEEN_BIT: ReadonlySet<Precision> = new Set(['fp16', 'bf16']);
/** Precisions whose weights fill an 8-bit whole number. */
const ONE_WEIGHT_A_BYTE: ReadonlySet<Precision> = new Set(['int8', 'w8a16']);

/** Below this a difference is rounding: indices, buffers, a scale. */
const EQUAL_FRACTION = 1e-4;
/** Within this a difference is taken for the one matrix or block that explains it. */
const SAME_SIZE_FRACTION = 0.02;
/** Scales of 8-bit weights, one per 128 x 128 block or per row: 0.004 to 0.03 % in published checkpoints. */
const MOST_8_BIT_SCALES_FRACTION = 1e-3;
/** Scales of 4-bit weights: a byte per 16 or 32 of them, 2 bytes and a zero point per 128. */
const MOST_SCALES_FRACTION = 0.04;
const MOST_SCALES: Record<Precision, number> = {
  fp16: 0,
  bf16: 0,
  fp8: MOST_8_BIT_SCALES_FRACTION,
  int8: MOST_8_BIT_SCALES_FRACTION,
  w8a16: MOST_SCALES_FRACTION,
  int4: MOST_SCALES_FRACTION,
  nvfp4: MOST_SCALES_FRACTION,
  mxfp4: MOST_SCALES_FRACTION,
};
/** Multi-token-prediction blocks and small vision towers of published models are 1 to 15 % of the rest. */
const MOST_EXTRA_BLOCK_FRACTION = 0.15;

/**
 * Compares the parameters counted from `config.json` with the elements the safetensors files store, or the bytes where a
 * format packs several weights into an element. Never throws; what cannot be compared says so.
 *
 * Example: Qwen3-235B-A22B stores 235,093,634,560 BF16 elements and 235,093,634,560 parameters are counted: fraction 0.
 * Source of the dtypes and of what they hold: the description of the safetensors format and the formats' own.
 */
export function checkSafetensors(model: Model, summary: SafetensorsSummary): SafetensorsCheck {
  const { totalParameters: counted, checkpoint } = model;
  const storedBytes = summary.totalBytes ?? bytesOf(summary.elementsByDtype);
  const storedParameters = weightsOf(model, summary);
  const known = { storedParameters, storedBytes, countedParameters: counted };
  if (storedParameters !== null) {
    const difference = (storedParameters - counted) / counted;
    const numbers = `The files store ${words(storedParameters)} weights, ${words(counted)} are counted here`;
    const reason = weightReason(model, storedParameters);
    return { ...known, differenceFraction: difference, sentence: sentenceOf(numbers, difference, reason) };
  }
  if (storedBytes === null || checkpoint.problem !== undefined) {
    const why =
      storedBytes === null ? 'their weights and bytes are not told' : 'the format of their weights is not known';
    return { ...known, differenceFraction: null, sentence: `The files cannot be compared with the count: ${why}.` };
  }
  const expected = weightBytes(model, checkpoint.precision);
  const difference = (storedBytes - expected) / expected;
  const numbers = `The files have ${words(storedBytes)} bytes, ${words(Math.round(expected))} are expected for ${checkpoint.precision}`;
  return {
    ...known,
    differenceFraction: difference,
    sentence: sentenceOf(numbers, difference, byteReason(difference)),
  };
}

const words = (value: number): string => value.toLocaleString('en-US');

/** Elements that are one weight each; null where some hold several, or none is told. */
function weightsOf(
  { totalParameters, checkpoint }: Model,
  { elementsByDtype, totalBytes }: SafetensorsSummary,
): number | null {
  const isPacked = !SIXTEEN_BIT.has(checkpoint.precision) || checkpoint.problem !== undefined;
  let sum = 0;
  let hasPackedOnes = false;
  for (const [dtype, number] of Object.entries(elementsByDtype)) {
    const isWhole = WHOLE_NUMBERS.has(dtype);
    if (NO_WEIGHTS.has(dtype) || (isWhole && !isPacked)) continue;
    const fillsElement = ONE_WEIGHT_A_BYTE.has(checkpoint.precision) && dtype === 'I8';
    if (isWhole && !fillsElement && number > 0) hasPackedOnes = true;
    sum += number;
  }
  // A hub that unpacks before it counts (MXFP4 on Hugging Face's) tells as many as there are weights; packed ones are far fewer.
  const isUnpacked = totalBytes === null && sum >= totalParameters;
  return sum > 0 && (!hasPackedOnes || isUnpacked) ? sum : null;
}

function bytesOf(elements: SafetensorsSummary['elementsByDtype']): number | null {
  let sum = 0;
  for (const [dtype, number] of Object.entries(elements)) {
    const bytes = BYTES_PER_ELEMENT.get(dtype);
    if (bytes === undefined) return null;
    sum += number * bytes;
  }
  return sum > 0 ? sum : null;
}

function sentenceOf(numbers: string, difference: number, reason: string): string {
  if (difference === 0) return `${numbers}: they agree.`;
  if (Math.abs(difference) < EQUAL_FRACTION) return `${numbers}: they agree within ${words(EQUAL_FRACTION * 100)} %.`;
  const percent = Math.abs(difference * 100).toPrecision(2);
  return `${numbers}: ${Number(percent)} % ${difference > 0 ? 'more' : 'fewer'} in the files. ${reason}`;
}

/** The usual reason for a difference of weights. */
function weightReason(model: Model, stored: number): string {
  const { totalParameters: counted, isHeadTied, vocabularySize, hiddenSize, mtpParameters } = model;
  const matrix = vocabularySize * hiddenSize;
  const extra = stored - counted;
  const isAbout = (parameters: number): boolean =>
    parameters > 0 && Math.abs(Math.abs(extra) - parameters) <= SAME_SIZE_FRACTION * parameters;
  if (extra > 0 && isHeadTied && isAbout(matrix)) {
    return 'That is the output head: it is tied to the embedding and stored a second time.';
  }
  if (extra > 0 && isAbout(mtpParameters)) {
    return `That is the block for multi-token prediction: ${words(mtpParameters)} weights on top of the model.`;
  }
  // Some checkpoints ship the block with copies of the embedding and of the head.
  if (extra > 0 && mtpParameters > 0 && isAbout(mtpParameters + 2 * matrix)) {
    return `That is the block for multi-token prediction (${words(mtpParameters)} weights) with its own copies of embedding and head.`;
  }
  if (extra < 0 && !isHeadTied && isAbout(matrix)) {
    return 'That is the output head: the files hold it once, with the embedding, although config.json does not say that it is tied.';
  }
  const fraction = extra / counted;
  const mostScales = MOST_SCALES[model.checkpoint.precision];
  if (extra > 0 && fraction <= mostScales) return 'Quantization scales are stored as elements of their own.';
  if (extra > 0 && fraction <= MOST_EXTRA_BLOCK_FRACTION) {
    return 'Usual reasons: a multi-token-prediction block, or a vision or audio part, that is stored and not counted.';
  }
  return FAR_OFF;
}

/** The usual reason for a difference of bytes. */
function byteReason(difference: number): string {
  if (Math.abs(difference) <= MOST_SCALES_FRACTION) {
    return 'Scales, zero points and modules left at 16 bit make such a difference.';
  }
  if (difference > 0 && difference <= MOST_EXTRA_BLOCK_FRACTION) {
    return 'Usual reasons: modules left at 16 bit, or a multi-token-prediction block that is stored and not counted.';
  }
  return FAR_OFF;
}

const FAR_OFF =
  'No usual reason fits: check that config.json belongs to these files, and that this architecture is counted rightly.';
