import type { ColumnBatch } from '../../protocol/columns.ts';
import { compareTexts } from '../../protocol/text-order.ts';
import { entryColumn, joinedCells } from './entry-column.ts';

/** Place of each text of a column among all of a run; texts that no order tells apart share one. */
export type TextRanks = ReadonlyMap<string, number>;

/** Texts sorted in one go: some milliseconds. */
const SORTED_AT_ONCE = 1024;
/** Texts merged between two pauses: a few milliseconds. */
const MERGED_AT_ONCE = 4096;

/** Ranks the texts of a column over all batches; pauses at every yield. */
export function* rankTexts(batches: Iterable<ColumnBatch>, column: string): Generator<void, TextRanks> {
  const texts = new Set<string>();
  for (const batch of batches) {
    collectTexts(batch, column, texts);
    yield;
  }
  const sorted = yield* sortedInSlices([...texts]);
  const ranks = new Map<string, number>();
  let rank = 0;
  for (const [index, text] of sorted.entries()) {
    const previous = sorted[index - 1];
    if (previous !== undefined && compareTexts(previous, text) !== 0) rank += 1;
    ranks.set(text, rank);
  }
  return ranks;
}

function collectTexts(batch: ColumnBatch, column: string, texts: Set<string>): void {
  const joined = column in batch.joined ? joinedCells(batch, column) : null;
  if (!joined) {
    for (const text of entryColumn(batch, column)?.texts?.dictionary ?? []) texts.add(text);
    return;
  }
  const seen = new Uint8Array(joined.cells);
  for (let row = 0; row < batch.rows; row += 1) seen[joined.keys[row] as number] = 1;
  for (let cell = seen.indexOf(1); cell >= 0; cell = seen.indexOf(1, cell + 1)) {
    const text = joined.text(cell);
    if (text !== null) texts.add(text);
  }
}

function* sortedInSlices(texts: readonly string[]): Generator<void, string[]> {
  let runs: string[][] = [];
  for (let start = 0; start < texts.length; start += SORTED_AT_ONCE) {
    runs.push(texts.slice(start, start + SORTED_AT_ONCE).sort(compareTexts));
    yield;
  }
  while (runs.length > 1) {
    const merged: string[][] = [];
    for (let index = 0; index < runs.length; index += 2) {
      merged.push(yield* mergedInSlices(runs[index] ?? [], runs[index + 1] ?? []));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

function* mergedInSlices(one: readonly string[], other: readonly string[]): Generator<void, string[]> {
  const merged: string[] = [];
  let [first, second] = [0, 0];
  while (first < one.length && second < other.length) {
    const [left, right] = [one[first] as string, other[second] as string];
    if (compareTexts(left, right) <= 0) {
      merged.push(left);
      first += 1;
    } else {
      merged.push(right);
      second += 1;
    }
    if (merged.length % MERGED_AT_ONCE === 0) yield;
  }
  for (; first < one.length; first += 1) merged.push(one[first] as string);
  for (; second < other.length; second += 1) merged.push(other[second] as string);
  return merged;
}
