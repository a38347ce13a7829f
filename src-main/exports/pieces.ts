import type { ColumnBatch } from '../../src-worker/protocol/columns.ts';
import { documentText } from '../../src-worker/protocol/documents.ts';
import type { ExportFormat } from '../../src-worker/protocol/export-formats.ts';
import { csvPieces } from './csv.ts';
import type { ExportColumn, ExportHeader } from './header.ts';
import { jsonPieces, ndjsonPieces } from './json.ts';
import { parquetPieces } from './parquet/parquet.ts';

/** What is exported: rows, one batch at a time, and what is said beside them. */
export interface ExportContent {
  header: ExportHeader;
  columns: readonly ExportColumn[];
  batches: Iterable<ColumnBatch>;
}

const WRITERS: Record<ExportFormat, (content: ExportContent) => Iterable<Uint8Array>> = {
  csv: ({ columns, batches }) => csvPieces(columns, batches),
  json: ({ header, batches }) => jsonPieces(header, batches),
  ndjson: ({ header, batches }) => ndjsonPieces(header, batches),
  parquet: ({ header, columns, batches }) => parquetPieces(header, columns, batches),
};

/** The bytes of an export, piece by piece: a piece is made when it is asked for. */
export const exportPieces = (format: ExportFormat, content: ExportContent): Iterable<Uint8Array> =>
  WRITERS[format](content);

/** What stands beside a file of a format that has no place for a header, under its name with `.meta.json`; null for the others. */
export const sidecarText = (format: ExportFormat, header: ExportHeader): string | null =>
  format === 'csv' || format === 'ndjson' ? documentText(header) : null;
