import { ConfigIqError } from '../../src-worker/engine/errors.ts';
import type { Facts } from '../../src-worker/engine/facts.ts';
import { engineRefusal } from '../../src-worker/engine/hardware/precision.ts';
import { analyzeModel } from '../../src-worker/engine/model/analyze.ts';
import { listCatalogFiles } from './files.ts';
import { loadFacts } from './load.ts';
import { listBundledModels, loadAliases, readBundledModel } from './models.ts';

/** What a check of a catalogs folder found. Counts are 0 where the files could not be loaded; no problems = in order. */
export interface CatalogCheck {
  gpus: number;
  instances: number;
  /** Bundled configs that a question may name. */
  models: number;
  /** Those of them whose kind is not supported yet: known, not a problem. */
  unsupportedModels: number;
  workloads: number;
  /** One sentence each, with file, field and cure. */
  problems: string[];
}

/**
 * Everything that can be checked without a question: the facts with all their references, the default profile's family
 * of every GPU the default engine starts on, and an analysis of every bundled config. Throws only what is a bug.
 */
export function checkCatalogs(folder: string): CatalogCheck {
  const problems: string[] = [];
  const facts = noted(problems, () => loadFacts(folder));
  if (facts) problems.push(...gpusWithoutFamily(facts));
  const models = noted(problems, () => listBundledModels(folder)) ?? [];
  noted(problems, () => loadAliases(folder));
  noted(problems, () => {
    const listed = new Set(models.map(({ file }) => `models/configs/${file}`));
    const strays = listCatalogFiles(folder, 'models/configs').filter((path) => !listed.has(path));
    if (models.length > 0) {
      problems.push(...strays.map((path) => `${path}: is not in models/index.json: list it there or remove it.`));
    }
  });
  const unsupportedModels = models.filter(({ id, file }) => isUnsupported(folder, id, file, problems)).length;
  return {
    gpus: facts?.gpus.length ?? 0,
    instances: facts?.instances.length ?? 0,
    models: models.length,
    unsupportedModels,
    workloads: facts?.workloads.length ?? 0,
    // The same broken index is met by more than one of the checks.
    problems: [...new Set(problems)],
  };
}

/** The value of `work`, or null after writing down what it refused. */
function noted<Value>(problems: string[], work: () => Value): Value | null {
  try {
    return work();
  } catch (thrown) {
    if (!(thrown instanceof ConfigIqError)) throw thrown;
    problems.push(thrown.message);
    return null;
  }
}

function gpusWithoutFamily({ gpus, engines, calibrations }: Facts): string[] {
  const families = Object.values(calibrations.find(({ name }) => name === 'default')?.families ?? {});
  const assigned = new Set(families.flatMap(({ gpuIds }) => gpuIds));
  const lowest = Math.min(...engines.map(({ minComputeCapability }) => minComputeCapability));
  return gpus
    .filter((gpu) => !assigned.has(gpu.id) && engineRefusal(gpu, lowest) === null)
    .map(
      ({ id }) =>
        `calibration/default.json: families: none lists the GPU "${id}": add it to the gpuIds of its chip's family, else of "unmeasured".`,
    );
}

function isUnsupported(folder: string, id: string, file: string, problems: string[]): boolean {
  try {
    const source = readBundledModel(folder, id);
    if (source) analyzeModel(source);
    return false;
  } catch (thrown) {
    if (!(thrown instanceof ConfigIqError)) throw thrown;
    if (thrown.code === 'model_unsupported') return true;
    const path = `models/configs/${file}`;
    problems.push(thrown.message.includes(path) ? thrown.message : `${path}: ${thrown.message}`);
    return false;
  }
}
