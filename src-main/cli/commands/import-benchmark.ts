import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { ConfigIqError } from '../../../src-worker/engine/errors.ts';
import {
  MAX_BENCHMARK_BYTES,
  type BenchmarkFileDraft,
  type BenchmarkImport,
  type BenchmarkSetup,
  type ImportedBenchmarkFile,
} from '../../../src-worker/protocol/benchmark-api.ts';
import { documentText, SCHEMA_VERSION } from '../../../src-worker/protocol/documents.ts';
import { andMore } from '../../../src-worker/protocol/issues.ts';
import { checkWritable, writeAtomically } from '../../services/atomic-write.ts';
import type { AppService } from '../../services/app-service.ts';
import type { Run } from '../context.ts';
import { EXIT, errorText, unwrap } from '../errors.ts';
import { readTextFile } from '../files.ts';
import { snakeCaseKeys } from '../json-keys.ts';
import { draftOf } from '../options.ts';
import { benchmarkReport } from '../report/benchmark-report.ts';
import { checkRequest } from '../validate.ts';

const name = z.string().nullable().default(null);
const gpus = z.number().int().min(1).nullable().default(null);
const optionsSchema = z.object({
  output: name,
  model: name,
  gpu: name,
  tp: gpus,
  pp: gpus,
  dp: gpus,
  quantization: name,
  engine: name,
  good_part: z.boolean().default(false),
});

/**
 * Results of other programs as rows of a measurement file. A file that cannot be used stands in the way of `--output` until
 * `--good-part` says to take the rest: exit 4 then, and nothing is written; what was found is printed all the same.
 */
export const runImportBenchmark: Run = async (context, options, paths) => {
  const { terminal } = context;
  const { output, good_part: useGoodPart, ...told } = checkRequest(optionsSchema, draftOf(options));
  if (output !== null) checkWritable(output);
  const { drafts, unread } = readFiles(paths);
  const service = await context.service();
  const setup = { ...told, model: told.model === null ? null : await modelName(service, told.model) };
  const found = await imported(service, drafts, setup);
  const files = [...found.files, ...unread].toSorted((a, b) => paths.indexOf(a.file) - paths.indexOf(b.file));
  const shown = { ...found, files };
  const problems = files.flatMap(({ problem }) => (problem === null ? [] : [problem]));
  const mayWrite = problems.length === 0 || (useGoodPart && found.rows.length > 0);
  const written = output !== null && mayWrite ? output : null;
  if (written !== null) await writeAtomically(written, found.csv);
  terminal.print(options['json'] === true ? jsonText(shown, written) : benchmarkReport(shown));
  if (written !== null) terminal.note(`Written: ${written}`);
  if (mayWrite) return EXIT.answered;
  terminal.complain(problemText(problems, { hasOutput: output !== null, hasRows: found.rows.length > 0 }));
  return EXIT.file;
};

/** Files by their paths as given; one that cannot be read is told like one that cannot be used. */
function readFiles(paths: readonly string[]): { drafts: BenchmarkFileDraft[]; unread: ImportedBenchmarkFile[] } {
  const drafts: BenchmarkFileDraft[] = [];
  const unread: ImportedBenchmarkFile[] = [];
  for (const path of new Set(paths)) {
    try {
      drafts.push({ fileName: path, text: readTextFile(path, MAX_BENCHMARK_BYTES), beside: filesBeside(path) });
    } catch (thrown) {
      if (!(thrown instanceof ConfigIqError)) throw thrown;
      unread.push({ file: path, format: null, rows: 0, skipped: [], problem: thrown.message });
    }
  }
  return { drafts, unread };
}

/** Where inference-perf says how a run was made. */
const RUN_CONFIG = 'config.yaml';
/** Larger is none. */
const MAX_RUN_CONFIG_BYTES = 1_000_000;

function filesBeside(path: string): BenchmarkFileDraft[] {
  const config = join(dirname(resolve(path)), RUN_CONFIG);
  if (config === resolve(path) || !existsSync(config)) return [];
  try {
    return [{ fileName: config, text: readTextFile(config, MAX_RUN_CONFIG_BYTES) }];
  } catch (thrown) {
    // It belongs to something else; results that need it say what they lack.
    if (thrown instanceof ConfigIqError) return [];
    throw thrown;
  }
}

/** The id of a model that is known, or the name as given: rows may be of any model. */
async function modelName(service: AppService, given: string): Promise<string> {
  const found = await service.useModel(given);
  return !found.ok && found.error.code === 'unknown_model' ? given : unwrap(found);
}

async function imported(
  service: AppService,
  files: BenchmarkFileDraft[],
  setup: BenchmarkSetup,
): Promise<BenchmarkImport> {
  if (files.length === 0) return { files: [], rows: [], warnings: [], missing: [], csv: '' };
  return unwrap(await service.api.importBenchmark({ files, setup }));
}

/** The CSV text is the rows once more. */
function jsonText({ csv: _, rows, ...found }: BenchmarkImport, written: string | null): string {
  return documentText({ schema_version: SCHEMA_VERSION, ...snakeCaseKeys(found), rows, written });
}

function problemText(problems: readonly string[], { hasOutput, hasRows }: { hasOutput: boolean; hasRows: boolean }) {
  const [first = ''] = problems;
  const cure = !hasRows
    ? ''
    : hasOutput
      ? '\nNothing was written: leave such files out, or take the rest with --good-part.'
      : '\nThe rest was read: leave such files out, or take the rest with --good-part.';
  return errorText({
    family: 'file',
    code: 'benchmark_unusable',
    message: `${first.replace(/[.]$/, '')}${andMore(problems.length)}.${cure}`,
    details: {},
  });
}
