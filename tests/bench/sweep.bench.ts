import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createAppService } from '../../src-main/services/app-service.ts';
import { bundledCatalogsFolder, loadFacts } from '../../src-main/catalogs/load.ts';
import { listBundledModelIds, readBundledModel } from '../../src-main/catalogs/models.ts';
import { liveEvery } from '../../src-main/services/live-points.ts';
import { openStore } from '../../src-main/store/open.ts';
import { exclusionCells, recommendationCells } from '../../src-worker/answers/sweep/document-rows.ts';
import { prepareSizing, sizeAt } from '../../src-worker/answers/size.ts';
import { analyzeGenerator } from '../../src-worker/engine/model/analyze.ts';
import { offersOf } from '../../src-worker/engine/sweep/demand-axes.ts';
import { planSweep } from '../../src-worker/engine/sweep/plan.ts';
import { unpacked } from '../../src-worker/pool/packed-batch.ts';
import { createPool } from '../../src-worker/pool/pool.ts';
import { cellsOf, numbersOf, type ColumnBatch } from '../../src-worker/protocol/columns.ts';
import { sizeInputSchema, sweepSpecSchema, type SweepSpec } from '../../src-worker/protocol/requests.ts';
import type { PackedBatch } from '../../src-worker/protocol/worker-api.ts';
import { questionOfPoint } from '../../src-worker/protocol/sweep-point.ts';

/**
 * Sweeps: `npm run bench:sweep [-- --json]`. One model at one precision over users x headroom x pricing x zones of one cloud, in
 * real worker threads: rows a second with the store on, the kernel's alone beside it, on one thread and two; sizes from ten
 * thousand rows to ten million, each in a process of its own for its memory; capacity searches where nothing is shared; and a
 * thousand random rows against the direct answer to their question.
 *
 * `--full` is the whole what-if alone, which takes many minutes: two hundred models, every instance and zone, four precisions,
 * twenty numbers of users.
 */
const MODEL = 'meta-llama/Llama-3.1-8B-Instruct';
const WORKER = resolve(import.meta.dirname, '../../src-worker/worker.ts');
const THREADS = 2;
const SIZES = [1e4, 1e5, 1e6, 1e7];
/**
 * Rows of the comparison with and without store, and of one thread with two: some ten seconds, so that what a thread compiles and
 * searches at first is little beside it.
 */
const COMPARED_ROWS = 2e7;
const RANDOM_ROWS = 1000;
const ROUNDS = 3;
const FULL_MODELS = 200;

const folder = bundledCatalogsFolder();
const facts = loadFacts(folder);
const model = readBundledModel(folder, MODEL);
if (!model) throw new Error(`no bundled config of ${MODEL}`);
const models = new Map([[model.id, model]]);

const HEADROOMS = [0, 25, 50, 75];
const spec = (users: number, headroom = HEADROOMS): SweepSpec =>
  sweepSpecSchema.parse({
    base: { model: MODEL, provider: ['gcp'], quantization: ['fp16'] },
    axes: {
      users: { from: 10, to: 10 * users, step: 10 },
      headroom,
      pricing: ['ondemand', 'spot'],
      zone: ['*'],
    },
  });

const gcpRows = facts.instances.filter(({ provider }) => provider === 'gcp').length;
const rowsPerUser = gcpRows * HEADROOMS.length * offersOf(planSweep(spec(1), facts).demand);
/** The sweep of about so many rows. */
const specOf = (rows: number): SweepSpec => (rows < rowsPerUser ? spec(1, [25]) : spec(Math.round(rows / rowsPerUser)));

interface SweepFigures {
  rows: number;
  seconds: number;
  rows_per_second: number;
}
const figures = (rows: number, ms: number): SweepFigures => ({
  rows,
  seconds: Number((ms / 1000).toFixed(3)),
  rows_per_second: Math.round(rows / (ms / 1000)),
});

/** Threads that have compiled what they run, by a sweep over another workload. */
const WARM_UP: SweepSpec = sweepSpecSchema.parse({
  base: { model: MODEL, workload: 'rag', provider: ['gcp'], quantization: ['fp16'] },
  axes: { users: { from: 10, to: 400, step: 10 }, headroom: HEADROOMS, zone: ['*'] },
});

/** Rows a second of the threads alone. */
async function kernel(threads: number, rows: number): Promise<SweepFigures> {
  let written = 0;
  const ms = await sweepOf(threads, rows, (batch) => (written += batch.rows));
  return figures(written, ms);
}

/** Evaluations of the closed form in such a sweep; to count them takes longer than to make them, so no time is said. */
async function evaluations(threads: number, rows: number): Promise<{ evaluations: number }> {
  let counted = 0;
  await sweepOf(threads, rows, (batch) => (counted += evaluationsIn(unpacked(batch))));
  return { evaluations: counted };
}

/** Runs a sweep in threads that have compiled what they run; returns ms. */
async function sweepOf(threads: number, rows: number, onBatch: (batch: PackedBatch) => void): Promise<number> {
  const pool = createPool({ workerPath: WORKER, size: threads, facts });
  await pool.runSweep({ units: planSweep(WARM_UP, facts).units, models, onBatch: () => undefined });
  const { units, points } = planSweep(specOf(rows), facts);
  const startMs = performance.now();
  await pool.runSweep({ units, models, onBatch, liveEvery: liveEvery(points) });
  const ms = performance.now() - startMs;
  await pool.close();
  return ms;
}

/** Of the closed form, each load of a plan at its planned rate and in a burst; the first entry of a table is empty. */
function evaluationsIn({ tables }: ColumnBatch): number {
  const loads = tables.find(({ numbers }) => 'ttft_ms_p95' in numbers);
  return loads ? 2 * (loads.entries - 1) : 0;
}

/** The program of the command line, on a folder of its own. */
const serviceIn = (dataFolder: string, threads: number) =>
  createAppService({
    host: 'cli',
    dataFolder,
    workerPath: WORKER,
    workers: threads,
    environment: { HF_HOME: dataFolder },
  });

/** The whole way: as the CLI asks for it, into a database of its own. */
async function stored(threads: number, rows: number) {
  const dataFolder = mkdtempSync(join(tmpdir(), 'configiq-bench-'));
  const service = serviceIn(dataFolder, threads);
  const run = async (asked: SweepSpec) => {
    const result = await service.api.startSweep({ taskId: 'bench', spec: asked, name: '' });
    if (!result.ok) throw new Error(result.error.message);
    return result.value;
  };
  await run(WARM_UP);
  const file = join(dataFolder, 'configiq.sqlite');
  const before = statSync(file).size;
  const startMs = performance.now();
  const summary = await run(specOf(rows));
  const ms = performance.now() - startMs;
  await service.close();
  const bytes = statSync(file).size - before;
  rmSync(dataFolder, { recursive: true, force: true });
  return {
    ...figures(summary.rows, ms),
    points: summary.points,
    passing_rows: summary.passingRows,
    bytes_per_row: Number((bytes / summary.rows).toFixed(1)),
    // Of the whole process, its threads included.
    peak_memory_mb: Math.round(process.resourceUsage().maxRSS / 1000),
  };
}

/** The first bundled models that have answers to size. */
function generators(most: number): string[] {
  const generates = (id: string): boolean => {
    const source = readBundledModel(folder, id);
    try {
      return source !== null && analyzeGenerator(source) !== null;
    } catch {
      return false;
    }
  };
  return listBundledModelIds(folder).filter(generates).slice(0, most);
}

/** Everything a catalog can be asked about so many models, into a database of its own. */
async function fullWhatIf(numModels: number) {
  const dataFolder = mkdtempSync(join(tmpdir(), 'configiq-bench-'));
  const service = serviceIn(dataFolder, THREADS);
  const asked = sweepSpecSchema.parse({
    base: {},
    axes: {
      model: generators(numModels),
      quantization: ['fp16', 'fp8', 'int8', 'int4'],
      users: { from: 10, to: 200, step: 10 },
      zone: ['*'],
    },
  });
  const { axes } = planSweep(asked, facts);
  const startMs = performance.now();
  const result = await service.api.startSweep({ taskId: 'bench', spec: asked, name: '' });
  const ms = performance.now() - startMs;
  if (!result.ok) throw new Error(result.error.message);
  await service.close();
  const bytes = statSync(join(dataFolder, 'configiq.sqlite')).size;
  rmSync(dataFolder, { recursive: true, force: true });
  const { rows, points, passingRows, problems } = result.value;
  return {
    ...figures(rows, ms),
    axes,
    points,
    passing_rows: passingRows,
    problems,
    database_mb: Math.round(bytes / 1e6),
    bytes_per_row: Number((bytes / rows).toFixed(2)),
    peak_memory_mb: Math.round(process.resourceUsage().maxRSS / 1000),
  };
}

/** Searches a second over inputs that share nothing: of each, all plans of the catalog. */
async function searches(threads: number) {
  const pool = createPool({ workerPath: WORKER, size: threads, facts });
  const inputs = Array.from({ length: 24 }, (_, index) =>
    sizeInputSchema.parse({ model: MODEL, users: 100, quantization: ['fp16'], input_tokens: 200 + 37 * index }),
  );
  const counts = { found: 0, screened: 0 };
  const search = async (input: (typeof inputs)[number], isCounted: boolean): Promise<void> => {
    const missing = await pool.run('missingPlans', input, model as NonNullable<typeof model>);
    if (!missing.ok) throw new Error(missing.error.message);
    const keys = missing.value;
    const result = await pool.run('searchPlans', input, model as NonNullable<typeof model>, keys, keys.length);
    if (!result.ok) throw new Error(result.error.message);
    if (!isCounted) return;
    const found = result.value.filter(({ capacity }) => capacity.kind === 'found' && capacity.ratePerMs > 0).length;
    counts.found += found;
    counts.screened += keys.length - found;
  };
  const warm = inputs
    .map((input) => ({ ...input, input_tokens: (input.input_tokens ?? 0) + 11 }))
    .slice(0, 4 * threads);
  await Promise.all(warm.map((input) => search(input, false)));
  const startMs = performance.now();
  await Promise.all(inputs.map((input) => search(input, true)));
  const seconds = (performance.now() - startMs) / 1000;
  await pool.close();
  return {
    searches: counts.found,
    screened_plans: counts.screened,
    seconds: Number(seconds.toFixed(3)),
    searches_per_second: Math.round(counts.found / seconds),
  };
}

/** Numbers that look random and are the same every time (Park and Miller). */
function* randomIndices(most: number): Generator<number, never> {
  for (let state = 20_261; ;) {
    state = (state * 48_271) % 2_147_483_647;
    yield state % most;
  }
}

/** Random rows of a stored sweep against the answer to the question of their point. */
async function exactness() {
  const dataFolder = mkdtempSync(join(tmpdir(), 'configiq-bench-'));
  const service = serviceIn(dataFolder, THREADS);
  const asked = specOf(1e6);
  const result = await service.api.startSweep({ taskId: 'bench', spec: asked, name: '' });
  if (!result.ok) throw new Error(result.error.message);
  await service.close();
  const { store } = openStore(join(dataFolder, 'configiq.sqlite'));
  const batches = [...store.readChunks(result.value.runId, (problem) => void console.error(problem))];
  const worst = { percent: 0, column: '', cells: 0, different: 0 };
  const indices = randomIndices(result.value.rows);
  for (let count = 0; count < RANDOM_ROWS; count += 1) {
    const found = rowAt(batches, indices.next().value);
    compareRow(asked, found, worst);
  }
  store.close();
  rmSync(dataFolder, { recursive: true, force: true });
  return { rows: RANDOM_ROWS, ...worst };
}

function rowAt(batches: ColumnBatch[], index: number): { batch: ColumnBatch; row: number } {
  let row = index;
  for (const batch of batches) {
    if (row < batch.rows) return { batch, row };
    row -= batch.rows;
  }
  throw new RangeError(`no row ${index}`);
}

function compareRow(
  asked: SweepSpec,
  { batch, row }: { batch: ColumnBatch; row: number },
  worst: { percent: number; column: string; cells: number; different: number },
): void {
  const cellAt = (column: string) => cellsOf(batch, column)(row);
  const question = sizeInputSchema.parse(questionOfPoint(asked, cellAt));
  const prepared = prepareSizing(question, model as NonNullable<typeof model>, facts);
  const document = sizeAt(prepared, { users: null, zone: null }, { isBrief: true });
  const pointId = numbersOf(batch, 'point_id')(row);
  const point = {
    pointId,
    users: question.users ?? null,
    quantization: question.quantization[0] ?? null,
    tensorParallel: question.tp,
    zone: question.zone,
  };
  const isSame = ({ provider, instance }: { provider: string; instance: string }): boolean =>
    provider === cellAt('provider') && instance === cellAt('instance');
  const passing = document.recommendations.find(isSame);
  const failing = document.excluded.find(isSame);
  const read = passing ? recommendationCells(point, passing) : failing && exclusionCells(point, failing);
  if (!read) throw new Error(`the direct answer has no row of ${cellAt('instance')}`);
  for (const column of batch.order) {
    // The point's place on the axes is what the question was made of.
    if (column === 'headroom' || column === 'pricing') continue;
    const wanted = read(column);
    const direct = typeof wanted === 'boolean' ? Number(wanted) : wanted;
    const kept = cellAt(column);
    worst.cells += 1;
    if (direct === kept) continue;
    worst.different += 1;
    const percent =
      typeof direct === 'number' && typeof kept === 'number'
        ? Math.abs(kept / direct - 1) * 100
        : Number.POSITIVE_INFINITY;
    if (percent > worst.percent) Object.assign(worst, { percent, column });
  }
}

const PARTS = {
  kernel: (threads: string, rows: string) => kernel(Number(threads), Number(rows)),
  stored: (threads: string, rows: string) => stored(Number(threads), Number(rows)),
  searches: (threads: string) => searches(Number(threads)),
  evaluations: (threads: string, rows: string) => evaluations(Number(threads), Number(rows)),
  full: (models: string) => fullWhatIf(Number(models)),
  exactness,
};
type Part = keyof typeof PARTS;

/** A part in a process of its own, so that its memory is its own and nothing is warm that should not be. */
function apart<Name extends Part>(name: Name, ...args: number[]): Awaited<ReturnType<(typeof PARTS)[Name]>> {
  const text = execFileSync(process.execPath, [fileURLToPath(import.meta.url), '--part', name, ...args.map(String)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // It is what this file prints below.
  return JSON.parse(text) as Awaited<ReturnType<(typeof PARTS)[Name]>>;
}

/** The best of some rounds: what else runs on the machine only slows. */
function best<Name extends 'kernel' | 'stored'>(name: Name, ...args: number[]) {
  const rounds = Array.from({ length: ROUNDS }, () => apart(name, ...args));
  return rounds.reduce((one, other) => (other.rows_per_second > one.rows_per_second ? other : one));
}

/** What two processes of one thread each write in the time of one alone: no two threads of a process can gain more. */
async function twoProcesses(alone: SweepFigures): Promise<number> {
  const args = [fileURLToPath(import.meta.url), '--part', 'kernel', '1', String(COMPARED_ROWS)];
  const both = await Promise.all([0, 1].map(() => promisify(execFile)(process.execPath, args)));
  const slowest = Math.max(...both.map(({ stdout }) => (JSON.parse(stdout) as SweepFigures).seconds));
  return Number(((2 * alone.seconds) / slowest).toFixed(2));
}

async function all() {
  const two = { kernel: best('kernel', 2, COMPARED_ROWS), stored: best('stored', 2, COMPARED_ROWS) };
  const one = { kernel: best('kernel', 1, COMPARED_ROWS), stored: best('stored', 1, COMPARED_ROWS) };
  const counted = apart('evaluations', THREADS, COMPARED_ROWS);
  const searched = apart('searches', THREADS);
  const ratio = (a: SweepFigures, b: SweepFigures): number =>
    Number((a.rows_per_second / b.rows_per_second).toFixed(2));
  return {
    rows: two.stored.rows,
    seconds: two.stored.seconds,
    rows_per_second: two.stored.rows_per_second,
    kernel_rows_per_second: two.kernel.rows_per_second,
    evaluations_per_second: Math.round(counted.evaluations / two.kernel.seconds),
    second_core: {
      kernel: ratio(two.kernel, one.kernel),
      stored: ratio(two.stored, one.stored),
      two_processes: await twoProcesses(one.kernel),
    },
    passing_rows: two.stored.passing_rows,
    bytes_per_row: two.stored.bytes_per_row,
    capacity_searches_per_second: searched.searches_per_second,
    searches: searched,
    workers: THREADS,
    axes: planSweep(specOf(COMPARED_ROWS), facts).axes,
    sizes: SIZES.map((rows) => apart('stored', THREADS, rows)),
    exactness: apart('exactness'),
  };
}

const [flag, part, ...rest] = process.argv.slice(2);
if (flag === '--part') {
  const run = PARTS[part as Part] as (...args: string[]) => Promise<unknown>;
  console.log(JSON.stringify(await run(...rest)));
} else {
  const answer = process.argv.includes('--full') ? await fullWhatIf(FULL_MODELS) : await all();
  if (process.argv.includes('--json')) console.log(JSON.stringify(answer, null, 2));
  else console.dir(answer, { depth: 4 });
}
