import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import {
  bundledMeasured,
  fitWhole,
  leftOutErrors,
  problemOf,
  type Start,
  type VariantErrors,
} from './accuracy/ablation.ts';
import { fidelityText } from './accuracy/fidelity-text.ts';
import { writeDocument } from './accuracy/markdown.ts';
import { studyFigures } from './accuracy/study.ts';
import { BASE, VARIANTS } from './accuracy/variants.ts';

/**
 * `npm run docs:fidelity`: fits the model without each of its parts to the measurements that ship with the program, and writes
 * docs/fidelity.md. One thread a core, one variant at a time.
 */

const MS_PER_MINUTE = 60_000;

const variantOf = (name: string) => {
  const found = VARIANTS.find((variant) => variant.name === name);
  if (!found) throw new Error(`There is no variant "${name}".`);
  return found;
};

/** Works through the names it is sent, from the fit of the whole model. */
async function workOff({ start }: { start: Start }): Promise<void> {
  const measured = await bundledMeasured();
  parentPort?.on('message', (name: string) => {
    const problem = problemOf(measured, variantOf(name));
    // Without a part the others have to move; the whole model goes the same way, so that all are fitted as long.
    parentPort?.postMessage(leftOutErrors(problem, fitWhole(problem, start), name));
  });
}

function allVariants(start: Start): Promise<VariantErrors[]> {
  const waiting = VARIANTS.map(({ name }) => name);
  const done = new Map<string, VariantErrors>();
  const threads = Math.min(availableParallelism(), waiting.length);
  const run = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL(import.meta.url), { workerData: { start } });
      const next = (): void => {
        const name = waiting.shift();
        if (name !== undefined) worker.postMessage(name);
        else void worker.terminate().then(() => resolve(), reject);
      };
      worker.on('message', (errors: VariantErrors) => {
        done.set(errors.name, errors);
        console.error(`${done.size} of ${VARIANTS.length}: ${errors.name}`);
        next();
      });
      worker.on('error', reject);
      next();
    });
  return Promise.all(Array.from({ length: threads }, run)).then(() =>
    VARIANTS.map(({ name }) => done.get(name) as VariantErrors),
  );
}

async function main(): Promise<void> {
  const start = performance.now();
  const measured = await bundledMeasured();
  const whole = fitWhole(problemOf(measured, variantOf(BASE)), null);
  const errors = await allVariants(whole);
  const minutes = (performance.now() - start) / MS_PER_MINUTE;
  const text = fidelityText({ measured, errors, study: studyFigures(measured), threads: availableParallelism() });
  await writeDocument('docs/fidelity.md', text);
  console.log(`docs/fidelity.md: ${errors.length} variants in ${minutes.toFixed(1)} minutes.`);
}

if (isMainThread) await main();
else await workOff(workerData as { start: Start });
