import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundledCatalogsFolder, loadFacts } from '../../src-main/catalogs/load.ts';
import { readBundledModel } from '../../src-main/catalogs/models.ts';
import { exportHeader } from '../../src-main/exports/header.ts';
import { exportPieces } from '../../src-main/exports/pieces.ts';
import { writePiecesAtomically } from '../../src-main/services/atomic-write.ts';
import { answerSweepUnit } from '../../src-worker/answers/sweep/unit.ts';
import { planSweep } from '../../src-worker/engine/sweep/plan.ts';
import { isNumberColumn, type ColumnBatch } from '../../src-worker/protocol/columns.ts';
import { EXPORT_FORMATS, type ExportFormat } from '../../src-worker/protocol/export-formats.ts';
import { sweepSpecSchema } from '../../src-worker/protocol/requests.ts';

/**
 * How long a stored sweep takes to be written as each format, and what it takes of memory: real batches over users, headrooms,
 * prices and zones, given again and again until there are the rows asked for: five million of CSV, one million of the others.
 * `node tests/bench/export.bench.ts [--rows 5000000] [--format csv] [--json]`. Memory that grows with the rows fails, and so does a
 * piece that holds the thread for longer than others can wait.
 */
const option = (name: string): string | undefined => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
};
const rowsOf = (format: ExportFormat): number => Number(option('rows') ?? (format === 'csv' ? 5_000_000 : 1_000_000));
const formats = EXPORT_FORMATS.filter((format) => (option('format') ?? format) === format);
/** Above what the first tenth of the rows took: buffers and garbage, whatever the rows. */
const MOST_GROWTH_MB = 150;
/** Processor time of this thread for one piece, in which it hears nobody. */
const MOST_PIECE_MS = 200;

const MODEL = 'meta-llama/Llama-3.1-8B-Instruct';
const catalogs = bundledCatalogsFolder();
const facts = loadFacts(catalogs);
const model = readBundledModel(catalogs, MODEL);
if (!model) throw new Error(`no bundled model ${MODEL}`);
const spec = sweepSpecSchema.parse({
  base: { model: MODEL, provider: ['gcp'], quantization: ['fp16'] },
  axes: {
    users: { from: 50, to: 1000, step: 50 },
    headroom: [0, 25, 50, 75],
    pricing: ['ondemand', 'spot'],
    zone: ['*'],
  },
});
const plan = planSweep(spec, facts);
const batches = plan.units.slice(0, 4).map((unit) => answerSweepUnit(unit, model, facts));

const folder = mkdtempSync(join(tmpdir(), 'configiq-bench-'));
const megabytes = (bytes: number): number => Math.round(bytes / 1e6);
const results = [];
for (const format of formats) {
  const wanted = rowsOf(format);
  let [rows, early, peak, longestMs] = [0, 0, 0, 0];
  function* repeated(): Generator<ColumnBatch> {
    while (rows < wanted) {
      for (const batch of batches) {
        if (rows >= wanted) return;
        yield batch;
        rows += batch.rows;
        const { rss } = process.memoryUsage();
        peak = Math.max(peak, rss);
        if (rows <= wanted / 10) early = Math.max(early, rss);
      }
    }
  }
  const [first] = batches;
  if (!first) throw new Error('no batch');
  const columns = first.order.map((name) => ({
    name,
    type: isNumberColumn(first, name) ? ('number' as const) : ('text' as const),
  }));
  const header = exportHeader(
    {
      id: 1,
      kind: 'sweep',
      name: '',
      model: MODEL,
      createdAt: '',
      status: 'done',
      input: spec,
      versions: facts.versions,
      points: plan.points,
      donePoints: plan.points,
      rows: wanted,
      passing: 0,
      problems: [],
      answer: null,
      usdPerHour: null,
    },
    columns,
  );
  function* timed(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
    let before = process.threadCpuUsage();
    for (const piece of pieces) {
      const { user, system } = process.threadCpuUsage(before);
      longestMs = Math.max(longestMs, (user + system) / 1000);
      yield piece;
      before = process.threadCpuUsage();
    }
  }
  const path = join(folder, `rows.${format}`);
  const [startMs, start] = [performance.now(), process.cpuUsage()];
  await writePiecesAtomically(
    path,
    timed(exportPieces(format, { header, columns, batches: repeated(), missingRows: () => 0 })),
  );
  const used = process.cpuUsage(start);
  const processorS = (used.user + used.system) / 1e6;
  results.push({
    format,
    rows,
    columns: columns.length,
    seconds: (performance.now() - startMs) / 1000,
    processor_s: processorS,
    rows_per_processor_s: Math.round(rows / processorS),
    file_mb: megabytes(statSync(path).size),
    longest_piece_ms: Math.round(longestMs),
    rss_after_a_tenth_mb: megabytes(early),
    rss_peak_mb: megabytes(peak),
  });
  rmSync(path);
}
rmSync(folder, { recursive: true });
if (process.argv.includes('--json')) console.log(JSON.stringify(results, null, 2));
else console.table(results);
const grown = results.filter(({ rss_peak_mb: peak, rss_after_a_tenth_mb: early }) => peak - early > MOST_GROWTH_MB);
if (grown.length > 0) {
  console.error(`Memory grows with the rows: ${grown.map(({ format }) => format).join(', ')}`);
  process.exitCode = 1;
}
const slow = results.filter(({ longest_piece_ms: ms }) => ms > MOST_PIECE_MS);
if (slow.length > 0) {
  console.error(
    `A piece holds the thread for more than ${MOST_PIECE_MS} ms: ${slow.map(({ format }) => format).join(', ')}`,
  );
  process.exitCode = 1;
}
