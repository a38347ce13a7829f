import type { ColumnBatch } from '../../src-worker/protocol/columns.ts';
import { documentText } from '../../src-worker/protocol/documents.ts';
import type { ExportFormat } from '../../src-worker/protocol/export-formats.ts';
import { csvPieces } from './csv.ts';
import { lossHeader, type ExportColumn, type ExportHeader } from './header.ts';
import { jsonPieces, ndjsonPieces } from './json.ts';
import { parquetPieces } from './parquet/parquet.ts';

/** What is exported: rows, one batch at a time, and what is said beside them. */
export interface ExportContent {
  header: ExportHeader;
  columns: readonly ExportColumn[];
  batches: Iterable<ColumnBatch>;
  /** Rows that were stored and are not among `batches`; known once all of them have been read. */
  missingRows: () => number;
}

const WRITERS: Record<ExportFormat, (content: ExportContent) => Iterable<Uint8Array>> = {
  csv: ({ columns, batches }) => csvPieces(columns, batches),
  json: ({ header, batches, missingRows }) => jsonPieces(header, batches, missingRows),
  ndjson: ({ header, batches }) => ndjsonPieces(header, batches),
  parquet: ({ header, columns, batches, missingRows }) => parquetPieces(header, columns, batches, missingRows),
};

/** The bytes of an export, piece by piece: a piece is made when it is asked for. */
export const exportPieces = (format: ExportFormat, content: ExportContent): Iterable<Uint8Array> =>
  WRITERS[format](content);

/** What stands beside a file of a format that has no place for a header, under its name with `.meta.json`. */
export const sidecarText = (header: ExportHeader, missingRows: number): string =>
  documentText({ ...header, ...lossHeader(missingRows) });

export const hasSidecar = (format: ExportFormat): boolean => format === 'csv' || format === 'ndjson';
