import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';

/** Something the person who called the script can mend; printed as one sentence. */
export class ConversionError extends Error {}

export type Row = Record<string, string>;

/** Refuses a folder that is not the data folder, before anything is written. */
export function checkDataFolder(folder: string): void {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    throw new ConversionError(`"${folder}" is not a folder: give the folder that holds hardware/, models/ and seed/.`);
  }
  for (const part of ['hardware/gpus.csv', 'models/sources.csv', 'seed/workload_defaults.json']) {
    if (!existsSync(join(folder, part))) {
      throw new ConversionError(`"${folder}" has no ${part}: give the folder that holds hardware/, models/ and seed/.`);
    }
  }
}

export function readCsv(folder: string, file: string): Row[] {
  const path = join(folder, file);
  try {
    return parse(readFileSync(path), { columns: true, skip_empty_lines: true, bom: true });
  } catch (cause) {
    throw new ConversionError(
      `${path} cannot be read as CSV: ${cause instanceof Error ? cause.message : String(cause)}.`,
    );
  }
}

export function readJson(folder: string, file: string): unknown {
  const path = join(folder, file);
  try {
    // Python writes Infinity, which JSON does not have; the keys that hold it do not matter for sizing.
    return JSON.parse(readFileSync(path, 'utf8').replaceAll(/(?<=[:[,]\s*)-?Infinity\b/g, 'null'));
  } catch (cause) {
    throw new ConversionError(
      `${path} cannot be read as JSON: ${cause instanceof Error ? cause.message : String(cause)}.`,
    );
  }
}

/** A cell that must be there. */
export function textOf(row: Row, column: string): string {
  const value = row[column];
  if (value === undefined || value === '') {
    throw new ConversionError(`Column "${column}" is empty in the row ${JSON.stringify(row).slice(0, 120)}.`);
  }
  return value;
}

export const textOrNull = (row: Row, column: string): string | null => row[column] || null;

/** An empty cell is unknown, hence null; anything else must be a number. */
export function numberOrNull(row: Row, column: string): number | null {
  const value = row[column];
  if (value === undefined || value === '') return null;
  const number = Number(value);
  if (!Number.isFinite(number)) {
    throw new ConversionError(
      `Column "${column}" is not a number: "${value}" in ${JSON.stringify(row).slice(0, 120)}.`,
    );
  }
  return number;
}

export function numberOf(row: Row, column: string): number {
  const value = numberOrNull(row, column);
  if (value === null) textOf(row, column);
  return value as number;
}
