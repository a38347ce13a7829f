import type { Measurement } from './types.ts';

/** Lowest vLLM version of each generation, newest first (DESIGN.md section 3). */
const VLLM_GENERATIONS: readonly (readonly [from: readonly [number, number], generation: string])[] = [
  [[0, 15], 'vllm-v1-late'],
  [[0, 12], 'vllm-v1b'],
  [[0, 8], 'vllm-v1'],
  [[0, 6], 'vllm-v0'],
  [[0, 0], 'vllm-v0-early'],
];

/** First year of TensorRT-LLM's present generation, and its first release (January 2025; catalogs/engines). */
const TRTLLM_PRESENT_YEAR = 2025;
const TRTLLM_PRESENT_VERSION = [0, 17] as const;

/** `isKnown` is false where neither the version nor the column says which engine it was. */
export interface EngineGeneration {
  generation: string;
  isKnown: boolean;
}

/** `0.6.3.post2`, `2026-02 (0.15)`, `nm-vllm 0.5.0`, `rocm6.3_vllm-0.8.5` -> [0, 6] and so on; a plain year is none. */
function versionIn(text: string): [number, number] | null {
  const match =
    /vllm(?:-openai)?[-_ :=]*v?(\d{1,2})\.(\d+)/i.exec(text) ?? /(?:^|[^\d.-])v?(\d{1,2})\.(\d+)/.exec(text);
  return match ? [Number(match[1]), Number(match[2])] : null;
}

const isBefore = ([major, minor]: readonly [number, number], [a, b]: readonly [number, number]): boolean =>
  major < a || (major === a && minor < b);

const yearIn = (text: string): number | null => {
  const match = /\b(20\d\d)\b/.exec(text);
  return match ? Number(match[1]) : null;
};

/** Words with which a source says that it does not know, or that it took what was newest. */
const NO_RELEASE = /\b(?:unknown|unspecified|latest|nightly|main|dev)\b/i;

/** Does a text say which version an engine was, by its number or its year, or that nobody knows? */
export const saysVersion = (text: string): boolean =>
  /(?:^|\D)\d{1,4}[.-]\d/.test(text) || yearIn(text) !== null || NO_RELEASE.test(text);

/** The month that a text gives a year and that no year has: 13 of `2026-13`; null = none such. */
export function impossibleMonth(text: string): string | null {
  const [, month] = /(?<!\d)20\d\d-(\d{1,2})(?!\d)/.exec(text) ?? [];
  return month !== undefined && (Number(month) < 1 || Number(month) > MONTHS) ? month : null;
}

const MONTHS = 12;

/**
 * The engine generation of a measurement: from the version first, then from the coarse column (DESIGN.md section 3). The
 * source is never asked. null = an engine that no generation is known of.
 */
export function generationOfMeasurement(
  row: Pick<Measurement, 'engine' | 'engineVersion' | 'engineGeneration'>,
): EngineGeneration | null {
  const version = row.engineVersion ?? '';
  const known = (generation: string): EngineGeneration => ({ generation, isKnown: true });
  const year = yearIn(version);
  if (row.engine.includes('sglang')) return { generation: 'sglang', isKnown: version !== '' };
  if (row.engine.includes('trt') || row.engine === 'nim') {
    return { generation: isTensorRtOf2024(row.engine, version, year) ? 'trtllm-2024' : 'trtllm', isKnown: true };
  }
  if (!row.engine.includes('vllm')) return null;
  if (year !== null && year <= 2023) return known('vllm-2023');
  const numbers = versionIn(version);
  if (numbers) {
    const found = VLLM_GENERATIONS.find(([from]) => !isBefore(numbers, from));
    if (found) return known(found[1]);
  }
  // The coarse column joins 0.8 to 0.14 under one name: without a version the newer half is taken.
  if (row.engineGeneration === 'vllm-v1') return known('vllm-v1b');
  if (row.engineGeneration !== null && row.engineGeneration.startsWith('vllm-')) return known(row.engineGeneration);
  return { generation: 'vllm-v1b', isKnown: false };
}

/** By its year; else NIM 1.0, which has TensorRT-LLM of 2024 in it; else by the release. */
function isTensorRtOf2024(engine: string, version: string, year: number | null): boolean {
  if (year !== null) return year < TRTLLM_PRESENT_YEAR;
  const isNim = engine === 'nim' || /nim/i.test(version);
  const numbers = versionIn(version.replace(/^nim /i, ''));
  if (numbers === null) return false;
  return isNim ? isBefore(numbers, [1, 1]) : isBefore(numbers, TRTLLM_PRESENT_VERSION);
}
