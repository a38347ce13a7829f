import { ConfigIqError, fileError } from '../../../src-worker/engine/errors.ts';
import { foreignTextWords, foreignWords } from './foreign.ts';
import { guidellmReader } from './guidellm.ts';
import { inferencePerfReader } from './inference-perf.ts';
import { isSkipped, type BenchmarkReader, type FileShape } from './reader.ts';
import type { RunDraft } from './run-draft.ts';
import { shapeOf } from './shape.ts';
import { consoleBlocks, isOfSglang } from './vllm-console.ts';
import { vllmLatencyReader, vllmThroughputReader } from './vllm-offline.ts';
import { vllmServeReader } from './vllm-serve.ts';

/** Every format: one file each beside this one. The first that recognizes a document reads it. */
const READERS: readonly BenchmarkReader[] = [
  vllmServeReader,
  vllmThroughputReader,
  vllmLatencyReader,
  guidellmReader,
  inferencePerfReader,
];

/** What a file holds. */
export interface ReadBenchmark {
  format: string;
  runs: RunDraft[];
  /** Runs of which nothing can be used, and lines that cannot be read. */
  skipped: string[];
}

interface BenchmarkText {
  fileName: string;
  text: string;
  beside?: readonly { fileName: string; text: string }[] | undefined;
}

/** Throws file errors where nothing of a file can be used: too large, binary, empty, broken, of no known format. */
export function readBenchmarkText({ fileName, text, beside = [] }: BenchmarkText): ReadBenchmark {
  const shape = withConsoleBlocks(shapeOf(fileName, text));
  if (shape.kind === 'text') throw unknownFormat(fileName, foreignTextWords(shape.text));
  const companions = beside.flatMap((file) => companionDocuments(file));
  const skipped = [...shape.unreadable];
  const runs: RunDraft[] = [];
  let format: string | null = null;
  for (const value of shape.documents) {
    const reader = READERS.find((one) => one.recognizes(value));
    if (!reader) {
      skipped.push(`it is ${foreignWords(value) ?? 'no result that is known here'}.`);
      continue;
    }
    format ??= reader.format;
    for (const run of reader.read(value, { fileName, beside: companions })) {
      if (isSkipped(run)) skipped.push(run.skipped);
      else runs.push(run);
    }
  }
  if (format === null) throw unknownFormat(fileName, foreignOf(shape));
  return { format, runs, skipped };
}

/** What a benchmark printed reads like what it would have saved. */
function withConsoleBlocks(shape: FileShape): FileShape {
  if (shape.kind !== 'text' || isOfSglang(shape.text)) return shape;
  const blocks = consoleBlocks(shape.text);
  if (blocks.length === 0) return shape;
  return { kind: 'documents', documents: blocks, unreadable: [] };
}

/** A file beside the results says something or nothing; it stops nobody. */
function companionDocuments({ fileName, text }: { fileName: string; text: string }): unknown[] {
  try {
    const shape = shapeOf(fileName, text);
    return shape.kind === 'documents' ? shape.documents : [];
  } catch (thrown) {
    if (thrown instanceof ConfigIqError) return [];
    throw thrown;
  }
}

function foreignOf(shape: FileShape): string | null {
  if (shape.kind === 'text') return null;
  for (const value of shape.documents) {
    const words = foreignWords(value);
    if (words !== null) return words;
  }
  return null;
}

function unknownFormat(fileName: string, words: string | null): Error {
  const known = READERS.map((reader) => reader.words).join(', ');
  const message =
    words === null ? `${fileName} is in no format that is known here: it can be ${known}.` : `${fileName} is ${words}.`;
  return fileError('benchmark_format_unknown', message, { file: fileName });
}
