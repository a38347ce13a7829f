import { MISSING, type SortItems } from './sort-items.ts';

/** The value at a place of the sorted rows, and how many rows lie before and up to those that have it. */
export interface PlacedValue {
  value: number;
  before: number;
  through: number;
}

/** Ranges a span of values is cut into: their counts stay in a cache, and five million rows leave some dozen a range. */
const RANGES = 2 ** 16;
/** Few enough to be sorted in a millisecond. */
const MOST_SORTED = 2 ** 12;

type Values = Pick<SortItems, 'values' | 'weights'>;

/**
 * Finds the values at some places of the rows without sorting them: counts per range of values, then only what lies in the
 * ranges that hold the places, until little is left. Every range but a single value's is smaller than what it was cut from, so
 * it ends. `batches` is gone through three times at most. Places count from 0; rows without a value, which have the last ones, are
 * MISSING.
 */
export function* valuesAt<Place extends string>(
  batches: () => Iterable<Values>,
  places: Record<Place, number>,
): Generator<void, Record<Place, PlacedValue>> {
  const span: Span = { least: Infinity, most: -Infinity, rows: 0, items: 0 };
  for (const items of batches()) {
    measure(items, span);
    yield;
  }
  const wanted = Object.entries<number>(places);
  const found: Record<string, PlacedValue> = {};
  const missing: PlacedValue = { value: MISSING, before: span.rows, through: Infinity };
  for (const [name, place] of wanted) if (place >= span.rows) found[name] = missing;
  const left = wanted.filter(([name]) => !(name in found));
  if (left.length === 0) return found;
  const ranges = cut(span);
  if (ranges) {
    for (const items of batches()) {
      ranges.count(items);
      yield;
    }
  }
  const parts = left.map(([name, place]) => {
    const { range, before, items } = ranges?.at(place) ?? { range: 0, before: 0, items: span.items };
    return { name, place: place - before, before, range, held: emptyHeld(items) };
  });
  for (const items of batches()) {
    for (const { range, held } of parts) held.take(items, (value) => !ranges || ranges.of(value) === range);
    yield;
  }
  for (const { name, place, before, held } of parts) found[name] = narrowedValueAt(held, place, before);
  return found;
}

/** The same among values that are held. */
function narrowedValueAt(held: Held, place: number, outside: number): PlacedValue {
  const span: Span = { least: Infinity, most: -Infinity, rows: 0, items: 0 };
  measure(held, span);
  if (span.least === span.most) return { value: span.least, before: outside, through: outside + span.rows };
  const ranges = held.values.length > MOST_SORTED ? cut(span) : null;
  if (!ranges) return sortedValueAt(held, place, outside);
  ranges.count(held);
  const { range, before, items } = ranges.at(place);
  const inside = emptyHeld(items);
  inside.take(held, (value) => ranges.of(value) === range);
  return narrowedValueAt(inside, place - before, outside + before);
}

interface Span {
  least: number;
  most: number;
  /** Rows with a value, and the values they have. */
  rows: number;
  items: number;
}

/** Widens the span by the values that rows have. */
function measure({ values, weights }: Values, span: Span): void {
  let { least, most, rows, items } = span;
  for (let index = 0; index < values.length; index += 1) {
    const weight = weights ? (weights[index] as number) : 1;
    const value = values[index] as number;
    if (weight === 0 || value === MISSING) continue;
    rows += weight;
    items += 1;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  Object.assign(span, { least, most, rows, items });
}

interface Ranges {
  of(value: number): number;
  count(items: Values): void;
  /** The range with the row at that place, the rows before it and how many values lie in it. */
  at(place: number): { range: number; before: number; items: number };
}

/** Cuts a span into ranges; null where it is too small or too large to be cut. */
function cut({ least, most }: Span): Ranges | null {
  const perUnit = RANGES / (most - least);
  if (!(perUnit > 0 && perUnit < Number.MAX_VALUE)) return null;
  const rows = new Float64Array(RANGES);
  const items = new Uint32Array(RANGES);
  const of = (value: number): number => Math.min(RANGES - 1, Math.floor((value - least) * perUnit));
  return {
    of,
    count({ values, weights }) {
      for (let index = 0; index < values.length; index += 1) {
        const weight = weights ? (weights[index] as number) : 1;
        const value = values[index] as number;
        if (weight === 0 || value === MISSING) continue;
        const range = of(value);
        rows[range] = (rows[range] as number) + weight;
        items[range] = (items[range] as number) + 1;
      }
    },
    at(place) {
      let before = 0;
      let range = 0;
      while (before + (rows[range] as number) <= place) {
        before += rows[range] as number;
        range += 1;
      }
      return { range, before, items: items[range] as number };
    },
  };
}

/** Values that were picked, each with the rows that have it. */
interface Held {
  values: Float64Array;
  weights: Uint32Array;
  take(items: Values, isWanted: (value: number) => boolean): void;
}

function emptyHeld(items: number): Held {
  const values = new Float64Array(items);
  const weights = new Uint32Array(items);
  let length = 0;
  return {
    values,
    weights,
    take(from, isWanted) {
      for (let index = 0; index < from.values.length; index += 1) {
        const weight = from.weights ? (from.weights[index] as number) : 1;
        const value = from.values[index] as number;
        if (weight === 0 || value === MISSING || !isWanted(value)) continue;
        values[length] = value;
        weights[length] = weight;
        length += 1;
      }
    },
  };
}

function sortedValueAt({ values, weights }: Held, place: number, outside: number): PlacedValue {
  const order = Uint32Array.from(values.keys()).sort((a, b) => (values[a] as number) - (values[b] as number));
  let before = 0;
  let through = 0;
  let value = Number.NaN;
  for (const index of order) {
    const next = values[index] as number;
    if (next !== value) {
      if (through > place) break;
      before = through;
      value = next;
    }
    through += weights[index] as number;
  }
  return { value, before: outside + before, through: outside + through };
}
