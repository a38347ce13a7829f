import { SCHEMA_VERSION } from '../../src-worker/protocol/documents.ts';
import { columnUnit } from '../../src-worker/protocol/sweep-columns.ts';
import type { StoredRun } from '../store/store.ts';

/** A column of exported rows. */
export interface ExportColumn {
  name: string;
  type: 'number' | 'text';
}

/** What an export says beside its rows: neither clock nor run number nor place, so that the same run gives the same bytes. */
export interface ExportHeader {
  schema_version: number;
  kind: StoredRun['kind'];
  status: StoredRun['status'];
  input: object;
  versions: Record<string, string>;
  points: number;
  done_points: number;
  problems: string[];
  columns: string[];
  /** Of the columns that have one. */
  units: Record<string, string>;
}

export function exportHeader(run: StoredRun, columns: readonly ExportColumn[]): ExportHeader {
  const { kind, status, input, versions, points, donePoints, problems } = run;
  const names = columns.map(({ name }) => name);
  const units = names.flatMap((name) => {
    const unit = columnUnit(name);
    return unit === null ? [] : [[name, unit] as const];
  });
  return {
    schema_version: SCHEMA_VERSION,
    kind,
    status,
    input,
    versions,
    points,
    done_points: donePoints,
    problems,
    columns: names,
    units: Object.fromEntries(units),
  };
}

/** What is said beside the header of a run that is damaged; nothing of a sound one. It stands at the end, where it is known. */
export const lossHeader = (missingRows: number): { missing_rows?: number } =>
  missingRows > 0 ? { missing_rows: missingRows } : {};
