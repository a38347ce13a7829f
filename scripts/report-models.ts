import { parseArgs } from 'node:util';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { analyzeModel } from '../src-worker/engine/model/analyze.ts';
import type { Model } from '../src-worker/engine/model/types.ts';
import { bundledCatalogsFolder } from '../src-main/catalogs/load.ts';
import { listBundledModels } from '../src-main/catalogs/models.ts';
import { ConversionError, numberOrNull, readCsv, readJson, textOf } from './convert/read.ts';

/**
 * Our parameter counts beside the known ones: `npm run report:models [-- DATA_FOLDER] [-- --json]`. Without a folder the
 * bundled configs and the counts in their index; with one its models/parameters.csv and models/configs, as published.
 */

export interface KnownCounts {
  id: string;
  basis: 'exact' | 'derived';
  total: number;
  /** null = not known. */
  active: number | null;
  mtp: number | null;
  config: unknown;
}

export interface CountRow {
  id: string;
  basis: 'exact' | 'derived';
  known: number;
  /** null = refused. */
  counted: number | null;
  /** (counted - known) / known. */
  difference: number | null;
  activeDifference: number | null;
  mtpDifference: number | null;
  isEstimated: boolean;
  refusal: string | null;
  milliseconds: number;
}

/** Largest difference allowed by how sure the known count is. */
export const TOLERANCE = { exact: 0.001, derived: 0.005 } as const;

export function bundledCounts(): KnownCounts[] {
  const folder = bundledCatalogsFolder();
  return listBundledModels(folder).flatMap((entry) => {
    const { known_total_parameters: total, known_total_basis: basis } = entry;
    if (total === null || basis === null) return [];
    const config: unknown = JSON.parse(readFileSync(join(folder, 'models/configs', entry.file), 'utf8'));
    const { known_active_parameters: active, known_mtp_parameters: mtp } = entry;
    return [{ id: entry.id, basis, total, active, mtp, config }];
  });
}

/** The folder that holds models/, given it or models/ itself. */
const dataFolderOf = (folder: string): string =>
  existsSync(join(folder, 'models/parameters.csv')) ? folder : dirname(resolve(folder));

export function folderCounts(given: string): KnownCounts[] {
  const folder = dataFolderOf(given);
  return readCsv(folder, 'models/parameters.csv').map((row) => {
    const id = textOf(row, 'hf_id');
    return {
      id,
      basis: textOf(row, 'precision') as KnownCounts['basis'],
      total: numberOrNull(row, 'total_parameters') ?? 0,
      active: numberOrNull(row, 'active_parameters_derived'),
      mtp: numberOrNull(row, 'mtp_parameters'),
      config: readJson(folder, `models/configs/${id.replace('/', '__')}.json`),
    };
  });
}

const relative = (counted: number, known: number | null): number | null =>
  known === null ? null : (counted - known) / known;

export function countRow({ id, basis, total, active, mtp, config }: KnownCounts): CountRow {
  const source = {
    id,
    config,
    origin: 'file',
    source: 'report',
    revision: null,
    safetensors: null,
    addedAt: null,
  } as const;
  const start = performance.now();
  const base = { id, basis, known: total };
  try {
    const model: Model = analyzeModel(source);
    return {
      ...base,
      counted: model.totalParameters,
      difference: relative(model.totalParameters, total),
      activeDifference: relative(model.activeParameters, active),
      mtpDifference: relative(model.mtpParameters, mtp),
      isEstimated: model.isEstimated,
      refusal: null,
      milliseconds: performance.now() - start,
    };
  } catch (thrown) {
    const refusal = thrown instanceof Error ? thrown.message : String(thrown);
    const none = { counted: null, difference: null, activeDifference: null, mtpDifference: null, isEstimated: false };
    return { ...base, ...none, refusal, milliseconds: performance.now() - start };
  }
}

/** True when the total lies within its tolerance. */
export const isWithin = ({ basis, difference }: CountRow): boolean =>
  difference !== null && Math.abs(difference) <= TOLERANCE[basis];

const percent = (value: number | null): string =>
  value === null ? '' : value === 0 ? '0' : `${(100 * value).toPrecision(3)} %`;

function print(rows: readonly CountRow[]): void {
  const lines = rows.map((row) => [
    row.id,
    row.basis,
    row.known.toLocaleString('en-US'),
    row.counted?.toLocaleString('en-US') ?? 'refused',
    percent(row.difference),
    percent(row.activeDifference),
    percent(row.mtpDifference),
    `${row.isEstimated ? 'estimated' : ''}${isWithin(row) ? '' : ' MISS'}`,
  ]);
  const titles = ['model', 'basis', 'known', 'counted', 'difference', 'active', 'MTP', ''];
  const widths = titles.map((title, i) => Math.max(title.length, ...lines.map((line) => line[i]?.length ?? 0)));
  for (const line of [titles, ...lines]) {
    const cells = line.map((cell, i) =>
      i < 2 || i === 7 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0),
    );
    console.log(cells.join('  ').trimEnd());
  }
  for (const basis of ['exact', 'derived'] as const) {
    const of = rows.filter((row) => row.basis === basis);
    const within = of.filter(isWithin).length;
    const equal = of.filter(({ difference }) => difference === 0).length;
    console.log(
      `${basis}: ${within} of ${of.length} within ${100 * TOLERANCE[basis]} %, ${equal} equal to the parameter.`,
    );
  }
  for (const { id, refusal } of rows) if (refusal !== null) console.log(`refused ${id}: ${refusal}`);
  const slowest = rows.reduce((most, row) => (row.milliseconds > most.milliseconds ? row : most));
  const total = rows.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  console.log(
    `${rows.length} files in ${total.toFixed(0)} ms, slowest ${slowest.id} with ${slowest.milliseconds.toFixed(1)} ms.`,
  );
}

function main(): void {
  const { values, positionals } = parseArgs({ options: { json: { type: 'boolean' } }, allowPositionals: true });
  const [folder] = positionals;
  const counts = folder === undefined ? bundledCounts() : folderCounts(folder);
  const rows = counts.map(countRow);
  if (values.json) console.log(JSON.stringify(rows, null, 2));
  else print(rows);
  if (!rows.every(isWithin)) process.exitCode = 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    main();
  } catch (thrown) {
    if (!(thrown instanceof ConversionError)) throw thrown;
    console.error(thrown.message);
    process.exitCode = 4;
  }
}
