import { readdirSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { arrivalOf } from '../../src-main/measurements/stated-arrival.ts';
import { ConversionError, readCsv, textOf, type Row } from './read.ts';

const FOLDER = 'measurements';

/**
 * Free text of whoever collected the rows; what of it matters stands in measurements/sources.json in our own words, or in the
 * cells that it corrects.
 */
const LEFT_OUT = new Set(['notes']);

/**
 * Rows whose cells contradict the run they describe. gpustack_perf_lab: of 100 prompts four run at once ("batch size 4" of its
 * pages, and rate x latency of the row is 4), which is a closed loop of four and no burst of 100.
 */
const CORRECTIONS: Readonly<Record<string, Readonly<Row>>> = Object.fromEntries(
  ['gpustack_perf_lab-0007', 'gpustack_perf_lab-0017', 'gpustack_perf_lab-0022'].map((id) => [
    id,
    { workload_kind: 'closed_loop', batch_or_concurrency: '4', regime: 'closed' },
  ]),
);

/** A cell as CSV writes it. */
const cell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

const line = (cells: readonly string[]): string => `${cells.map(cell).join(',')}\n`;

/** Text of one CSV file for each source, by `source_id`; empty where the data folder has no measurements. */
export function convertMeasurements(dataFolder: string): { files: Map<string, string>; notes: string[] } {
  const files = new Map<string, string>();
  const folder = join(dataFolder, FOLDER);
  if (!existsSync(folder)) return { files, notes: [] };
  const notes: string[] = [];
  const names = readdirSync(folder).filter((name) => name.endsWith('.csv'));
  for (const name of names.sort()) {
    const rows = readCsv(dataFolder, `${FOLDER}/${name}`);
    const source = name.replace(/\.csv$/, '');
    const [first] = rows;
    if (!first) throw new ConversionError(`${FOLDER}/${name} has no rows: remove it or fill it.`);
    const columns = Object.keys(first).filter((column) => !LEFT_OUT.has(column));
    const lines = rows.map((row) => {
      if (textOf(row, 'source_id') !== source) {
        throw new ConversionError(
          `${FOLDER}/${name} has a row of ${row.source_id}: a file holds one source, its name.`,
        );
      }
      const arrival = arrivalOf(row.arrival ?? '', row.notes ?? '') ?? '';
      const corrected: Row = { ...row, arrival, ...CORRECTIONS[textOf(row, 'point_id')] };
      return line(columns.map((column) => corrected[column] ?? ''));
    });
    files.set(source, line(columns) + lines.join(''));
    notes.push(`measurements/${name}: ${rows.length} rows.`);
  }
  return { files, notes };
}
