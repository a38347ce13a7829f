import { bundledCatalogsFolder, loadFacts } from '../../src-main/catalogs/load.ts';
import { readBundledModel } from '../../src-main/catalogs/models.ts';
import { answerSize } from '../../src-worker/answers/size.ts';
import { sizeInputSchema } from '../../src-worker/protocol/requests.ts';

/**
 * One sizing over the whole catalog: one precision, one workload, Llama-3.1-8B, every capacity searched anew. Prints the
 * median of 20 after a warm-up; `-- --json` prints one JSON object.
 */
const RUNS = 20;
const WARM_UP = 10;
const MODEL = 'meta-llama/Llama-3.1-8B-Instruct';

const folder = bundledCatalogsFolder();
const facts = loadFacts(folder);
const model = readBundledModel(folder, MODEL);
if (!model) throw new Error(`no bundled config of ${MODEL}`);
const input = sizeInputSchema.parse({ model: MODEL, workload: 'chat', users: 100, quantization: ['fp16'] });

const timesMs: number[] = [];
let passing = 0;
for (let run = 0; run < WARM_UP + RUNS; run += 1) {
  const start = performance.now();
  passing = answerSize(input, model, facts).num_passing;
  const elapsed = performance.now() - start;
  if (run >= WARM_UP) timesMs.push(elapsed);
}
timesMs.sort((a, b) => a - b);
const at = (share: number): number => timesMs[Math.round(share * (timesMs.length - 1))] ?? NaN;
const result = {
  instances: facts.instances.length,
  passing,
  runs: RUNS,
  median_ms: at(0.5),
  min_ms: at(0),
  max_ms: at(1),
};

if (process.argv.includes('--json')) console.log(JSON.stringify(result));
else {
  console.log('one sizing over the whole catalog, ms');
  console.table([result]);
}
