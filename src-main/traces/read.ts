import { createReadStream, statSync } from 'node:fs';
import { ConfigIqError, fileError } from '../../src-worker/engine/errors.ts';
import type { RequestTrace } from '../../src-worker/engine/workload/trace.ts';
import { andMore } from '../../src-worker/protocol/issues.ts';
import { BadRecord } from '../measurements/csv-records.ts';
import { SkippedRows, type SkipReason } from '../measurements/skipped.ts';
import { csvRows } from './csv-rows.ts';
import { binaryWords, foreignWords } from './formats/foreign.ts';
import { knownFormats } from './formats/registry.ts';
import { LineTooLong } from './json-lines.ts';
import { jsonRows } from './json-rows.ts';
import { RequestColumns } from './request-columns.ts';
import { isProblem } from './request-row.ts';
import type { TraceRows } from './trace-rows.ts';

/** A row that is not replayed. */
export interface SkippedRequest {
  /** From 1. */
  line: number;
  /** Field, value and cure. */
  reason: string;
}

/** A trace as it was read, and what is to be said of it. */
export interface ReadTrace {
  trace: RequestTrace;
  format: string;
  /** Rows the file has, replayed or not. */
  rows: number;
  /** What is not replayed as the file has it, as sentences. */
  notes: string[];
  /** The first ten thousand rows that are not replayed. */
  skipped: SkippedRequest[];
  /** All of them. */
  skippedCount: number;
  /** Why, the commonest reason first. */
  reasons: SkipReason<SkippedRequest>[];
}

/** Five million rows of most formats; with the texts of prompts in them it would be more, and those are not traces. */
export const MAX_TRACE_BYTES = 900_000_000;
/** Rows of a piece are gone before they have to be moved: with pieces of a MiB reading takes half as long again. */
const PIECE_BYTES = 2 ** 16;
/** What a file is told by. */
const START_CHARACTERS = 4096;

/**
 * Reads a trace of requests in any format of `formats/`, told by its content. Rows that cannot be are skipped with line and
 * reason; a file that is no trace, or holds no request, is a file error. The file is streamed: beside the columns of the
 * trace, memory does not grow with it. `name`: what the person calls the file.
 */
export async function readTrace(path: string, name = path): Promise<ReadTrace> {
  try {
    checkSize(path, name);
    const stream = createReadStream(path, { encoding: 'utf8', highWaterMark: PIECE_BYTES });
    try {
      return await traceOf(stream as AsyncIterable<string>, name);
    } finally {
      stream.destroy();
    }
  } catch (error) {
    throw readError(name, error);
  }
}

/** The same of a text that is already there. */
export async function readTraceText(text: string, name: string): Promise<ReadTrace> {
  const onePiece = async function* () {
    yield await Promise.resolve(text);
  };
  try {
    return await traceOf(onePiece(), name);
  } catch (error) {
    throw readError(name, error);
  }
}

async function traceOf(file: AsyncIterable<string>, name: string): Promise<ReadTrace> {
  const { start, pieces } = await withStart(limited(file, name));
  if (start.trim() === '') throw noRequests(name, `is empty: ${CURE}`);
  const { format, hasCached, remarks, rows } = await rowsIn(start, pieces, name);
  const columns = new RequestColumns(name, format, hasCached);
  const skipped = new SkippedRows<SkippedRequest>();
  for await (const some of rows) {
    for (const { row, line } of some) {
      if (isProblem(row)) skipped.add({ line, reason: row.sentence }, row.kind);
      else columns.add(row, line);
    }
  }
  if (columns.count === 0) {
    const [why] = skipped.reasons;
    if (!why) throw noRequests(name, `has a header and no row: ${CURE}`);
    const { line, reason } = why.example;
    throw noRequests(name, `holds no request that can be replayed: line ${line}: ${reason}${andMore(skipped.count)}`);
  }
  const { trace, notes } = columns.finished();
  return {
    trace,
    format: format.format,
    rows: columns.count + skipped.count,
    notes: [...notes, ...remarks],
    skipped: skipped.rows,
    skippedCount: skipped.count,
    reasons: skipped.reasons,
  };
}

/** JSON lines begin with a brace; what is nothing else either is taken for CSV, whose header tells. */
async function rowsIn(start: string, pieces: AsyncIterable<string>, name: string): Promise<TraceRows> {
  const isJson = /^\s*\{/.test(start);
  const foreign = foreignWords(start);
  // A request may have a field that foreign documents have, too; what begins in another way is surely foreign.
  const surely = binaryWords(start) ?? (isJson ? null : foreign);
  if (surely !== null) throw unknownFormat(name, surely);
  const rows = isJson ? await jsonRows(pieces) : await csvRows(pieces);
  if (!('unknown' in rows)) return rows;
  throw unknownFormat(name, foreign ?? rows.unknown ?? `in no format of traces: it can be ${knownFormats()}`);
}

const unknownFormat = (name: string, words: string): Error =>
  fileError('trace_format_unknown', `${name} is ${words}.`, { path: name });

/** The first characters, for whoever wants to know what it is; `pieces` has them too, without a byte order mark. */
async function withStart(file: AsyncIterable<string>): Promise<{ start: string; pieces: AsyncIterable<string> }> {
  const iterator = file[Symbol.asyncIterator]();
  let start = '';
  while (start.length < START_CHARACTERS) {
    const next: IteratorResult<string, unknown> = await iterator.next();
    if (next.done === true) break;
    start += start === '' && next.value.startsWith('\uFEFF') ? next.value.slice(1) : next.value;
  }
  const pieces = async function* () {
    yield start;
    yield* { [Symbol.asyncIterator]: () => iterator };
  };
  return { start: start.slice(0, START_CHARACTERS), pieces: pieces() };
}

/** Also of what has no size before it is read: a pipe. */
async function* limited(pieces: AsyncIterable<string>, name: string): AsyncGenerator<string> {
  let characters = 0;
  for await (const piece of pieces) {
    characters += piece.length;
    if (characters > MAX_TRACE_BYTES) throw tooLarge(name, `more than ${MAX_TRACE_BYTES.toLocaleString('en-US')}`);
    yield piece;
  }
}

function checkSize(path: string, name: string): void {
  const stats = statSync(path);
  if (stats.isDirectory()) {
    throw fileError('file_unreadable', `${name} is a folder: give the path of a trace.`, { path: name });
  }
  if (stats.size > MAX_TRACE_BYTES) throw tooLarge(name, stats.size.toLocaleString('en-US'));
}

const tooLarge = (name: string, bytes: string): Error =>
  fileError(
    'file_too_large',
    `${name} has ${bytes} bytes, and at most ${MAX_TRACE_BYTES.toLocaleString('en-US')} are read: give a part of it, an hour or a day.`,
    { path: name },
  );

const CURE = 'give a trace of requests, for example a CSV with the columns arrival_s, input_tokens and output_tokens.';
const noRequests = (name: string, problem: string): Error =>
  fileError('trace_empty', `${name} ${problem}`, { path: name });

function readError(name: string, error: unknown): unknown {
  if (error instanceof ConfigIqError) return error;
  if (error instanceof BadRecord) {
    const sentence = `${name} cannot be read from line ${error.line} on: ${error.message}; mend it there, or get the file anew.`;
    return fileError('file_unreadable', sentence, { path: name, line: error.line }, error);
  }
  if (error instanceof LineTooLong) {
    const sentence = `${name} cannot be read: ${error.message}, it is no list of requests, one a line.`;
    return fileError('file_unreadable', sentence, { path: name, line: error.line }, error);
  }
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return fileError('file_missing', `${name} does not exist: check the path.`, { path: name });
  if (typeof code === 'string' && code.startsWith('E')) {
    return fileError('file_unreadable', `${name} cannot be read: ${message}`, { path: name }, error);
  }
  return error;
}
