import { basename, dirname } from 'node:path/posix';
import { ConfigIqError, invalidInput } from '../../src-worker/engine/errors.ts';
import type { Facts } from '../../src-worker/engine/facts.ts';
import { resolveGpuId } from '../../src-worker/engine/hardware/resolve.ts';
import type {
  BenchmarkFileDraft,
  BenchmarkImport,
  BenchmarkImportDraft,
  BenchmarkSetup,
  CountedReason,
  ImportedBenchmarkFile,
} from '../../src-worker/protocol/benchmark-api.ts';
import {
  WEIGHT_DTYPES,
  type MeasurementColumn,
  type MeasurementRow,
} from '../../src-worker/protocol/measurement-columns.ts';
import { andMore } from '../../src-worker/protocol/issues.ts';
import { didYouMean } from '../../src-worker/protocol/suggest.ts';
import { readBenchmarkText, type ReadBenchmark } from './formats/registry.ts';
import type { RunDraft } from './formats/run-draft.ts';
import { checkedCells } from './checked-row.ts';
import { missingFacts, type NearModels } from './missing.ts';
import { measurementCsv } from './write.ts';

export interface ImportContext {
  facts: Facts;
  nearModels: NearModels;
}

/**
 * Reads result files of benchmarks into rows of a measurement file; the setup fills in what they do not say. A file that
 * cannot be read is told and loses nothing of the others. Throws invalid input for a setup that names what is not there.
 */
export function importBenchmarks(
  { files, setup }: BenchmarkImportDraft,
  { facts, nearModels }: ImportContext,
): BenchmarkImport {
  const columns = setupColumns(setup, facts);
  const names = pointNames(files.map(({ fileName }) => fileName));
  const read = files.map((file, index) => importedFile(file, names[index] ?? '', columns));
  const rows = read.flatMap((file) => file.rows);
  return {
    files: read.map(({ entry }) => entry),
    rows,
    warnings: read.flatMap(({ warnings }) => warnings),
    missing: missingFacts(rows, nearModels),
    csv: measurementCsv(rows),
  };
}

const POINT_DIGITS = 4;

interface ImportedFile {
  entry: ImportedBenchmarkFile;
  rows: MeasurementRow[];
  warnings: BenchmarkImport['warnings'];
}

/** A row may lack what the setup fills in later; under which load it was measured it has to say. */
const NEEDED_CELLS = ['workload_kind'] as const;

/** The rows of a file, under the checks that rows of measurement files pass; `name` is that of its points. */
function importedFile(file: BenchmarkFileDraft, name: string, setup: Cells): ImportedFile {
  const entry = { file: file.fileName, format: null, rows: 0, skipped: [], problem: null };
  let found: ReadBenchmark;
  try {
    found = readBenchmarkText(file);
  } catch (thrown) {
    if (!(thrown instanceof ConfigIqError) || thrown.family !== 'file') throw thrown;
    return { entry: { ...entry, problem: thrown.message }, rows: [], warnings: [] };
  }
  const { format, runs } = found;
  const reasons = [...found.skipped];
  const rows: MeasurementRow[] = [];
  const warnings: BenchmarkImport['warnings'] = [];
  for (const [index, run] of runs.entries()) {
    const pointId = `${name}-${String(index + 1).padStart(POINT_DIGITS, '0')}`;
    const row = finishedRow(run, { point_id: pointId, source_id: format }, setup);
    const checked = checkedCells(row, NEEDED_CELLS);
    if ('sentence' in checked) {
      reasons.push(checked.sentence);
      continue;
    }
    rows.push(row);
    warnings.push(...run.warnings.map((sentence) => ({ pointId, sentence })));
  }
  const skipped = counted(reasons);
  const [first] = skipped;
  const problem =
    rows.length > 0
      ? null
      : `${file.fileName} holds nothing that can be used: ${first?.reason ?? 'it has no run.'}${andMore(skipped.length)}`;
  return { entry: { ...entry, format, rows: rows.length, skipped, problem }, rows, warnings };
}

function counted(reasons: readonly string[]): CountedReason[] {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts].map(([reason, count]) => ({ reason, count }));
}

/**
 * A name for the points of each file: that of the file without its ending, with its folder's where several are called alike
 * (`run=0.json`), with a number where even that does not tell them apart.
 */
function pointNames(fileNames: readonly string[]): string[] {
  const paths = fileNames.map((name) => name.replaceAll('\\', '/'));
  const stems = paths.map((path) => basename(path).replace(/\.(?:json|jsonl|ya?ml)$/i, '') || 'benchmark');
  const longer = stems.map((stem, index) =>
    isUnique(stems, stem) ? stem : `${basename(dirname(paths[index] ?? ''))}/${stem}`,
  );
  const used = new Map<string, number>();
  return longer.map((name) => {
    const before = used.get(name) ?? 0;
    used.set(name, before + 1);
    return before === 0 ? name : `${name}~${before + 1}`;
  });
}

const isUnique = (names: readonly string[], name: string): boolean => names.indexOf(name) === names.lastIndexOf(name);

type Cells = Partial<MeasurementRow>;

function finishedRow(run: RunDraft, ids: Cells, setup: Cells): MeasurementRow {
  const row = { ...run.row, ...ids };
  const notes = [...run.notes];
  for (const [key, value] of Object.entries(setup)) {
    const column = key as MeasurementColumn;
    const told = row[column];
    if (told !== null && told !== value) notes.push(`${column} in the file: ${told}`);
    row[column] = value;
  }
  const [tp, pp, dp] = [row.tp, row.pp ?? 1, row.dp ?? 1].map(Number);
  if (row.gpu_count === null && row.tp !== null) row.gpu_count = (tp ?? 1) * (pp ?? 1) * (dp ?? 1);
  row.notes = notes.length === 0 ? null : notes.join('; ');
  return row;
}

/** The cells that a setup fills in. */
function setupColumns({ model, gpu, tp, pp, dp, quantization, engine }: BenchmarkSetup, facts: Facts): Cells {
  const cells: Cells = {
    model,
    gpu: gpu === null ? null : resolveGpuId(facts, gpu),
    tp,
    pp,
    dp,
    weight_dtype: quantization === null ? null : weightDtype(quantization),
    ...engineCells(engine),
  };
  return Object.fromEntries(Object.entries(cells).filter(([, value]) => value !== null && value !== undefined));
}

function weightDtype(name: string): string {
  const found = WEIGHT_DTYPES[name.trim().toLowerCase()];
  if (found !== undefined && Object.hasOwn(WEIGHT_DTYPES, name.trim().toLowerCase())) return found;
  const known = Object.keys(WEIGHT_DTYPES);
  throw invalidInput(
    'unknown_precision',
    `unknown precision "${name.slice(0, LONGEST_SHOWN)}": ${didYouMean(name, known)}`,
    {
      quantization: name.slice(0, LONGEST_SHOWN),
      known,
    },
  );
}

/** Engines of measurement files, by the names people give them. */
const ENGINES: Readonly<Record<string, string>> = {
  vllm: 'vllm',
  sglang: 'sglang',
  trtllm: 'trtllm',
  'trt-llm': 'trtllm',
  'tensorrt-llm': 'trtllm',
};
const LONGEST_SHOWN = 60;
/** `0.11.0`, `v1.1.0rc5`, `2026-02`. */
const VERSION = /^v?\d+[.-]\d+/i;

function engineCells(asked: string | null): Cells {
  if (asked === null) return {};
  const [name = '', ...rest] = asked.split('@');
  const key = name.trim().toLowerCase();
  const engine = Object.hasOwn(ENGINES, key) ? ENGINES[key] : undefined;
  if (engine === undefined) {
    throw invalidInput(
      'unknown_engine',
      `unknown engine "${name.slice(0, LONGEST_SHOWN)}": ${didYouMean(name, ['vllm', 'trtllm', 'sglang'])}`,
      { engine: name.slice(0, LONGEST_SHOWN) },
    );
  }
  const version = rest.join('@').trim();
  if (rest.length > 0 && version === '') {
    throw invalidInput(
      'engine_version',
      `Engine "${asked}" has no version after the @: write ${engine}@0.11.0, or ${engine}.`,
      {
        engine: asked,
      },
    );
  }
  if (version !== '' && !VERSION.test(version)) {
    throw invalidInput(
      'engine_version',
      `Engine version "${version.slice(0, LONGEST_SHOWN)}" is not a number: write ${engine}@0.11.0, or ${engine} where it is not known.`,
      { engine: asked.slice(0, LONGEST_SHOWN), version: version.slice(0, LONGEST_SHOWN) },
    );
  }
  return version === '' ? { engine } : { engine, engine_version: version };
}
