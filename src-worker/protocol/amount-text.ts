/** Numbers as people type them, with what stands behind them: `8k`, `1,000`, `1.5s`. */

/** Factors of what may stand behind a number, by its lower-case spelling. */
export type Units = Readonly<Record<string, number>>;

export const COUNTS: Units = { k: 1e3, m: 1e6, b: 1e9, g: 1e9, t: 1e12, ki: 2 ** 10, mi: 2 ** 20, gi: 2 ** 30 };

const NUMBER = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*(.*)$/i;

/** A number with one of `units` behind it, or none; null where it is neither. Thousands may be marked: `1,000`, `1 000`. */
export function parseWithUnits(text: string, units: Units): { value: number; suffix: string } | null {
  const plain = text.trim();
  const isGrouped = /^[+-]?\d{1,3}([,_ \u00a0\u202f]\d{3})+(?!\d)/.test(plain);
  const match = NUMBER.exec(isGrouped ? plain.replace(/[,_ \u00a0\u202f](?=\d{3}(?!\d))/g, '') : plain);
  if (!match?.[1]) return null;
  const suffix = (match[2] ?? '').toLowerCase();
  const factor = suffix === '' ? 1 : Object.hasOwn(units, suffix) ? units[suffix] : undefined;
  if (factor === undefined) return null;
  const value = roundedAmount(Number(match[1]) * factor);
  return Number.isFinite(value) ? { value, suffix } : null;
}

/** 0.1 s are 100 ms, not 100.00000000000001. */
export const roundedAmount = (value: number): number => Number(value.toPrecision(15));

/** `8k`, `1.5k`, `4Ki`, `1e3`, `1,000`, `50 %` as a number; null when it is none of these. */
export const parseNumber = (text: string): number | null => parseWithUnits(text, { ...COUNTS, '%': 1 })?.value ?? null;
