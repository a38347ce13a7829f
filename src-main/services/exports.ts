import { randomBytes } from 'node:crypto';
import { fileError, invalidInput } from '../../src-worker/engine/errors.ts';
import { isNumberColumn, type ColumnBatch } from '../../src-worker/protocol/columns.ts';
import { EXPORT_MEDIA_TYPES, type ExportFormat } from '../../src-worker/protocol/export-formats.ts';
import { SWEEP_COLUMNS } from '../../src-worker/protocol/sweep-columns.ts';
import { exportHeader, type ExportColumn } from '../exports/header.ts';
import { exportPieces, hasSidecar, sidecarText, type ExportContent } from '../exports/pieces.ts';
import type { Store, StoredRun } from '../store/store.ts';
import { checkWritable, isPlainFile, writeAtomically, writePiecesAtomically } from './atomic-write.ts';
import { inSlices } from './in-slices.ts';
import { batchesOf, requiredRun } from './run-view.ts';

/** A file that was written. */
export interface WrittenExport {
  path: string;
  format: ExportFormat;
  /** In the file. */
  rows: number;
  /** That were stored and could not be read; 0 unless the run is damaged. */
  missingRows: number;
  bytes: number;
  /** The file beside it that says what a format without a header cannot; null where there is none. */
  metadata: string | null;
}

/** An export that a front may fetch once. */
export interface OfferedExport {
  fileName: string;
  /** `export/` and a secret, to be fetched from where the page came from. */
  path: string;
}

export interface ExportStream {
  fileName: string;
  mediaType: string;
  pieces: Iterable<Uint8Array>;
}

export interface ExportText {
  fileName: string;
  text: string;
  /** As of `WrittenExport`. */
  missingRows: number;
}

export interface Exports {
  /** Writes a run to a file, a batch at a time. Throws for a run that is not there or not finished, and for a file that cannot be written. */
  writeTo(request: { runId: number; format: ExportFormat; path: string }, signal?: AbortSignal): Promise<WrittenExport>;
  /** Checks a run and keeps a place for it to be fetched from. */
  offer(runId: number, format: ExportFormat): OfferedExport;
  /** What was offered under that path, once; null when nothing was, or too long ago. */
  open(path: string): ExportStream | null;
  /** A run as text, for those small enough. Throws `export_too_large`. */
  text(runId: number, format: 'csv' | 'json', limit?: number): Promise<ExportText>;
}

/** Longest text a program can hold is about 530 million characters; beyond this a text is refused. */
const MAX_TEXT_CHARACTERS = 500_000_000;
/** A page fetches at once; a person may be asked where to save only after it has begun. */
const OFFER_MS = 60_000;
const SECRET_BYTES = 24;
export const EXPORT_PATH = 'export/';

export function createExports(store: Store, report: (problem: string) => void): Exports {
  const offers = new Map<string, { runId: number; format: ExportFormat; untilMs: number }>();

  const piecesOf = (content: CountedContent, run: StoredRun, format: ExportFormat): Iterable<Uint8Array> => {
    // The answer of a size question is its document, byte for byte.
    const document = format === 'json' ? store.readDocument(run.id) : null;
    return document === null ? exportPieces(format, content) : [Buffer.from(document)];
  };

  return {
    async writeTo({ runId, format, path }, signal) {
      const run = finishedRun(store, runId);
      const content = contentOf(store, run, report);
      const metadata = hasSidecar(format) && isPlainFile(path) ? `${path}.meta.json` : null;
      if (metadata !== null) checkWritable(metadata);
      const bytes = await writePiecesAtomically(path, piecesOf(content, run, format), signal);
      const missingRows = content.missingRows();
      if (metadata !== null) await writeAtomically(metadata, sidecarText(content.header, missingRows));
      // The document of a size question has its rows, and none of them is read here.
      const rows = run.kind === 'size' ? run.rows : content.rows();
      return { path, format, rows, missingRows, bytes, metadata };
    },
    offer(runId, format) {
      const run = finishedRun(store, runId);
      for (const [path, { untilMs }] of offers) if (untilMs < performance.now()) offers.delete(path);
      const path = EXPORT_PATH + randomBytes(SECRET_BYTES).toString('base64url');
      offers.set(path, { runId, format, untilMs: performance.now() + OFFER_MS });
      return { fileName: exportFileName(run, format), path };
    },
    open(path) {
      const offered = offers.get(path);
      offers.delete(path);
      if (!offered || offered.untilMs < performance.now()) return null;
      const { runId, format } = offered;
      const run = store.readRun(runId);
      if (!run) return null;
      return {
        fileName: exportFileName(run, format),
        mediaType: EXPORT_MEDIA_TYPES[format],
        pieces: piecesOf(contentOf(store, run, report), run, format),
      };
    },
    async text(runId, format, limit = MAX_TEXT_CHARACTERS) {
      const run = requiredRun(store, runId);
      const content = contentOf(store, run, report);
      const parts: string[] = [];
      let bytes = 0;
      const decoder = new TextDecoder();
      for await (const piece of inSlices(piecesOf(content, run, format))) {
        bytes += piece.length;
        if (bytes > limit) throw textTooLarge(runId, format, limit);
        parts.push(decoder.decode(piece, { stream: true }));
      }
      return { fileName: exportFileName(run, format), text: parts.join(''), missingRows: content.missingRows() };
    },
  };
}

interface CountedContent extends ExportContent {
  /** Read so far. */
  rows: () => number;
}

/**
 * Columns as the run was stored with them, which an earlier version may have had others of. Reading throws where the run was
 * deleted meanwhile: what was written of it is no export.
 */
function contentOf(store: Store, run: StoredRun, report: (problem: string) => void): CountedContent {
  const columns = columnsIn(batchesOf(store, run, () => undefined));
  let rows = 0;
  let missing = 0;
  function* counted(): Generator<ColumnBatch> {
    const batches = batchesOf(store, run, report);
    for (let next = batches.next(); ; next = batches.next()) {
      if (next.done) {
        missing = next.value;
        break;
      }
      rows += next.value.rows;
      yield next.value;
    }
    requiredRun(store, run.id);
  }
  return {
    header: exportHeader(run, columns),
    columns,
    batches: counted(),
    rows: () => rows,
    missingRows: () => missing,
  };
}

function columnsIn(batches: Iterable<ColumnBatch>): ExportColumn[] {
  for (const batch of batches) {
    return batch.order.map((name) => ({ name, type: isNumberColumn(batch, name) ? 'number' : 'text' }));
  }
  return SWEEP_COLUMNS.map(({ name, type }) => ({ name, type }));
}

function finishedRun(store: Store, id: number): StoredRun {
  const run = requiredRun(store, id);
  if (run.status !== 'running') return run;
  throw invalidInput(
    'run_running',
    `Run ${id} is still computed: wait for its end or stop it, which keeps what is done.`,
    { id },
  );
}

function textTooLarge(id: number, format: string, limit: number): Error {
  return fileError(
    'export_too_large',
    `Run ${id} as ${format.toUpperCase()} has more than ${limit} characters, the most one text may have: ` +
      `"configiq runs export ${id} FILE.${format}" writes it to a file, whatever its size.`,
    { id, format, limit },
  );
}

/** `run-12-llama-3.1-8b-sweep.csv`: the model's name without its owner, in characters that any file system takes. */
export function exportFileName({ id, model, kind }: Pick<StoredRun, 'id' | 'model' | 'kind'>, format: string): string {
  const name = model
    .slice(model.lastIndexOf('/') + 1)
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replaceAll(/^[-.]+|[-.]+$/g, '')
    .slice(0, 80);
  return ['run', id, name, kind].filter((part) => part !== '').join('-') + `.${format}`;
}
