import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundledCatalogsFolder, loadFacts } from '../../src-main/catalogs/load.ts';
import { readBundledModel } from '../../src-main/catalogs/models.ts';
import { createRunRows, type RunRows } from '../../src-main/services/run-rows.ts';
import { openStore } from '../../src-main/store/open.ts';
import type { Store } from '../../src-main/store/store.ts';
import { preparePoints, type PreparedPoints } from '../../src-worker/answers/sweep/prepared-points.ts';
import { beginSweepUnit } from '../../src-worker/answers/sweep/unit.ts';
import { planSweep } from '../../src-worker/engine/sweep/plan.ts';
import { sweepSpecSchema } from '../../src-worker/protocol/requests.ts';
import { runRowsSchema, type RunRowsDraft } from '../../src-worker/protocol/run-rows.ts';

/**
 * Rows of a stored sweep of five million, by sort and filter, as the window asks for them: the size of its database, the first
 * question after a start (the run is read) and further ones. `warm` asks for an order nobody has asked for yet, `page` for
 * another page of it. Processor time tells what other programs
 * took away. `longest_block_ms` is the longest time that nothing else was heard. `-- --json` prints one JSON object,
 * `-- --rows N` takes another size.
 */
const MODEL = 'meta-llama/Llama-3.1-8B-Instruct';
const LIMIT = 100;

const given = process.argv.indexOf('--rows');
const wantedRows = given > 0 ? Number(process.argv[given + 1]) : 5e6;
const folder = mkdtempSync(join(tmpdir(), 'configiq-bench-'));
const file = join(folder, 'configiq.sqlite');
const ms = (value: number): number => Number(value.toFixed(1));

function fill(store: Store): { runId: number; rows: number; writeMs: number; batches: number } {
  const catalogs = bundledCatalogsFolder();
  const facts = loadFacts(catalogs);
  const model = readBundledModel(catalogs, MODEL);
  if (!model) throw new Error(`no bundled config of ${MODEL}`);
  const spec = sweepSpecSchema.parse({
    base: { model: MODEL, provider: ['gcp'], quantization: ['fp16', 'int8'] },
    axes: {
      users: { from: 10, to: 20_000, step: 10 },
      headroom: [0, 25, 50, 75],
      pricing: ['ondemand', 'spot'],
      zone: ['*'],
    },
  });
  const plan = planSweep(spec, facts);
  const started = performance.now();
  const runId = store.createRun({
    name: 'bench',
    model: MODEL,
    createdAt: new Date().toISOString(),
    owner: '',
    input: spec,
    versions: {},
    points: plan.points,
  });
  let prepared: PreparedPoints | null = null;
  let [rows, batches] = [0, 0];
  for (const unit of plan.units) {
    prepared ??= preparePoints(unit.input, model, facts);
    const run = beginSweepUnit(unit, prepared);
    while (!run.isDone()) run.next();
    const batch = run.batch();
    store.appendChunk(runId, unit.seq, batch, { points: unit.points, passing: 0 });
    rows += batch.rows;
    batches += 1;
    if (rows >= wantedRows) break;
  }
  store.finishRun(runId, { status: 'done', problems: [] });
  return { runId, rows, batches, writeMs: ms(performance.now() - started) };
}

/** Of a piece of work how long it takes, and how long the thread was deaf at a stretch meanwhile. */
async function timed<Value>(
  work: () => Promise<Value>,
): Promise<{ ms: number; cpuMs: number; blockMs: number; value: Value }> {
  let [last, blockMs] = [performance.now(), 0];
  let isDone = false;
  const watch = (): void => {
    const now = performance.now();
    blockMs = Math.max(blockMs, now - last);
    last = now;
    if (!isDone) setImmediate(watch);
  };
  setImmediate(watch);
  const before = process.cpuUsage();
  const start = performance.now();
  const value = await work();
  const elapsed = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  blockMs = Math.max(blockMs, performance.now() - last);
  isDone = true;
  return { ms: ms(elapsed), cpuMs: ms((user + system) / 1000), blockMs: ms(blockMs), value };
}

const sort = (column: string, descending = false): Omit<RunRowsDraft, 'runId'> => ({ sort: { column, descending } });
const where = (column: string, expression: string): Omit<RunRowsDraft, 'runId'> => ({
  filters: [{ column, expression }],
});
const QUESTIONS: Record<string, Omit<RunRowsDraft, 'runId'>> = {
  'as stored': {},
  'best of each point': { onlyBest: true },
  'best of each point by cost': { ...sort('cost_usd_per_hour'), onlyBest: true },
  'sort cost_usd_per_hour (product)': sort('cost_usd_per_hour'),
  'sort cost_usd_per_1m_output_tokens desc (product)': sort('cost_usd_per_1m_output_tokens', true),
  'sort ttft_ms_p95': sort('ttft_ms_p95'),
  'sort utilization desc': sort('utilization', true),
  'sort users desc': sort('users', true),
  'sort meets_sla': sort('meets_sla'),
  'sort rank': sort('rank'),
  'sort point_id desc': sort('point_id', true),
  'sort instance (text)': sort('instance'),
  'sort region desc (text)': sort('region', true),
  'sort id (joined text)': sort('id'),
  'sort detail (text)': sort('detail'),
  'sort vllm_command (text)': sort('vllm_command'),
  'filter cost_usd_per_hour < 20': where('cost_usd_per_hour', '<20'),
  'filter cost_usd_per_hour 5..50 or >500': where('cost_usd_per_hour', '5..50 or >500'),
  'filter ttft_ms_p95 < 200': where('ttft_ms_p95', '<200'),
  'filter instance contains a3': where('instance', 'a3'),
  'filter id contains tp2': where('id', 'tp2'),
  'filter and sort': { ...sort('cost_usd_per_hour'), ...where('ttft_ms_p95', '<200') },
};

try {
  const filled = openStore(file);
  const { runId, rows, batches, writeMs } = fill(filled.store);
  filled.store.close();
  const { store } = openStore(file);
  const ask = (runRows: RunRows, question: Omit<RunRowsDraft, 'runId'>) =>
    runRows.page(runRowsSchema.parse({ runId, limit: LIMIT, ...question }));
  const report = (problem: string): void => console.error(problem);

  const opened = createRunRows(store, report);
  const cold = await timed(() => ask(opened, sort('ttft_ms_p95')));
  const times: Record<string, Record<string, number>> = {};
  for (const [name, question] of Object.entries(QUESTIONS)) {
    const first = await timed(() => ask(opened, question));
    // Another question in between, so that what is kept of the last one does not count.
    await ask(opened, { onlyBest: true });
    const warm = await timed(() => ask(opened, question));
    const deep = await timed(() => ask(opened, { ...question, offset: Math.floor(first.value.total / 2) }));
    times[name] = {
      first_ms: first.ms,
      warm_ms: warm.ms,
      warm_processor_ms: warm.cpuMs,
      deep_page_ms: deep.ms,
      longest_block_ms: Math.max(first.blockMs, warm.blockMs, deep.blockMs),
      rows: first.value.total,
    };
  }
  const result = {
    rows,
    batches,
    write_ms: writeMs,
    database_mb: Math.round(statSync(file).size / 1e6),
    bytes_per_row: ms(statSync(file).size / rows),
    rss_mb: Math.round(process.memoryUsage().rss / 1e6),
    cold_ms: cold.ms,
    cold_processor_ms: cold.cpuMs,
    cold_longest_block_ms: cold.blockMs,
    times,
  };
  store.close();
  if (process.argv.includes('--json')) console.log(JSON.stringify(result));
  else {
    const { times: table, ...about } = result;
    console.log(about);
    console.table(table);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
