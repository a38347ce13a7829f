import { bundledCatalogsFolder, loadFacts } from '../../src-main/catalogs/load.ts';
import { readBundledModel } from '../../src-main/catalogs/models.ts';
import { answerSize } from '../../src-worker/answers/size.ts';
import type { Facts } from '../../src-worker/engine/facts.ts';
import type { SizeDocument } from '../../src-worker/protocol/documents.ts';
import { sizeInputSchema, type SizeInputDraft } from '../../src-worker/protocol/requests.ts';

/**
 * Sizings over the whole catalog as the window asks for them (every row): one precision, one workload, Llama-3.1-8B. `cold`
 * evaluates every plan, as a new worker does; the edits come to a worker that has just answered the question before.
 * Prints the median of 20 each after a warm-up; `-- --json` prints one JSON object.
 */
const RUNS = 20;
const WARM_UP = 10;
const MODEL = 'meta-llama/Llama-3.1-8B-Instruct';

const folder = bundledCatalogsFolder();
const facts = loadFacts(folder);
const model = readBundledModel(folder, MODEL);
if (!model) throw new Error(`no bundled config of ${MODEL}`);
const zones = ['us-central1-a', 'us-west1-b'];

const ask = (known: Facts, edit: Partial<SizeInputDraft> = {}): SizeDocument => {
  const draft = { model: MODEL, workload: 'chat', users: 100, quantization: ['fp16' as const], top: 100_000, ...edit };
  return answerSize(sizeInputSchema.parse(draft), model, known);
};

function timesOf(answer: (run: number) => unknown): { median_ms: number; min_ms: number; max_ms: number } {
  const timesMs: number[] = [];
  for (let run = 0; run < WARM_UP + RUNS; run += 1) {
    const start = performance.now();
    answer(run);
    const elapsedMs = performance.now() - start;
    if (run >= WARM_UP) timesMs.push(elapsedMs);
  }
  timesMs.sort((a, b) => a - b);
  const at = (share: number): number => Number((timesMs[Math.round(share * (RUNS - 1))] ?? NaN).toFixed(1));
  return { median_ms: at(0.5), min_ms: at(0), max_ms: at(1) };
}

const start = performance.now();
const document = ask({ ...facts });
const firstMs = Number((performance.now() - start).toFixed(1));
const warm: Facts = { ...facts };
ask(warm);
const result = {
  instances: facts.instances.length,
  passing: document.num_passing,
  document_kb: Math.round(JSON.stringify(document).length / 1024),
  runs: RUNS,
  first_of_process_ms: firstMs,
  times: {
    // Facts nobody has asked about yet: nothing is remembered of them.
    cold: timesOf(() => ask({ ...facts })),
    users: timesOf((run) => ask(warm, { users: 101 + 37 * run })),
    headroom: timesOf((run) => ask(warm, { headroom: run })),
    zone: timesOf((run) => ask(warm, { zone: zones[run % zones.length] })),
    prompt_length: timesOf((run) => ask(warm, { input_tokens: 300 + run })),
    target: timesOf((run) => ask(warm, { sla: { ttft_p95: 400 + run } })),
  },
};

if (process.argv.includes('--json')) console.log(JSON.stringify(result));
else {
  const { times, ...about } = result;
  console.log('one sizing over the whole catalog, every row, by what was edited, ms');
  console.table(times);
  console.log(about);
}
