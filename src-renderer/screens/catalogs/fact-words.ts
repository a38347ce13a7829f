import type { CatalogFact, FactValue } from '../../../src-worker/protocol/catalog-api.ts';
import { formatFixed, NO_VALUE } from '../../../src-worker/protocol/numbers.ts';
import { gpuLabel, linkLabel, vendorLabel } from '../../format/names.ts';
import { parseNumber } from '../../format/parse.ts';

/** Most places a number of a catalog is shown with. */
const MOST_PLACES = 6;
const NUMBER = new Intl.NumberFormat('en-US', { maximumFractionDigits: MOST_PLACES });

const numberText = (value: number): string => NUMBER.format(value).replace('-', '−');

/** A price as exact as the catalog has it, with cents at least: $1.861, $0.70. */
export function moneyText(usd: number): string {
  const places = /\.(\d+)$/.exec(NUMBER.format(usd))?.[1]?.length ?? 0;
  return `$${formatFixed(usd, Math.max(2, places))}`;
}

const isMoney = ({ unit }: Pick<CatalogFact, 'unit'>): boolean => /^(\$|USD)/.test(unit);

/** A value as it reads before its unit. */
export function valueText(fact: Pick<CatalogFact, 'unit'>, value: FactValue): string {
  if (value === null || value === '') return NO_VALUE;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number') return isMoney(fact) ? moneyText(value) : numberText(value);
  return value;
}

/** The unit behind a value; money has its sign before it. */
export const unitText = (fact: CatalogFact): string =>
  fact.value === null ? '' : fact.unit.replace(/^(\$|USD)(?=\/|$)/, '');

/** The value as it begins in the field that corrects it. */
export const editText = ({ value }: CatalogFact): string =>
  value === null ? '' : typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value);

type Typed = { kind: 'value'; value: FactValue } | { kind: 'bad'; sentence: string };

const WORDS: Record<string, boolean> = { yes: true, true: true, no: false, false: false };

/** What was typed in the place of a fact, or what would work. Whether it can be true is for the host to say. */
export function readTyped(fact: CatalogFact, typed: string): Typed {
  const text = typed.trim();
  const { label, kind, value, unit } = fact;
  if (text === '') return { kind: 'bad', sentence: `${label} needs a value. Restore brings back that of the catalog.` };
  if (kind === 'boolean') {
    const word = WORDS[text.toLowerCase()];
    return word === undefined ? { kind: 'bad', sentence: `${label} takes yes or no.` } : { kind: 'value', value: word };
  }
  if (kind === 'text') return { kind: 'value', value: text };
  const number = parseNumber(isMoney(fact) ? text.replace(/^\$/, '') : text);
  if (number !== null) return { kind: 'value', value: number };
  const example = typeof value === 'number' ? numberText(value) : isMoney(fact) ? '1.86' : '24';
  const inUnit = unit === '' ? '' : ` of ${unit}`;
  return { kind: 'bad', sentence: `${label} takes a number${inUnit}, for example ${example}.` };
}

/** `NVLink 450`: the fast link of a GPU, GB/s in one direction. */
export function linkWords(kind: string, gbPerS: number | null): string {
  if (kind === '') return 'PCIe';
  const name = linkLabel(kind).replace('NVLink bridge', 'Bridge');
  return gbPerS === null ? name : `${name} ${numberText(gbPerS)}`;
}

/** Facts whose values are ids, and how those read. */
const ID_LABELS: Record<string, (id: string) => string> = {
  vendor: vendorLabel,
  gpu: gpuLabel,
  link_kind: linkLabel,
  interconnect: linkLabel,
};

/** A value as it reads where nobody has to type it. */
export const shownText = (fact: Pick<CatalogFact, 'unit' | 'key'>, value: FactValue): string =>
  typeof value === 'string' && value !== '' ? (ID_LABELS[fact.key]?.(value) ?? value) : valueText(fact, value);
