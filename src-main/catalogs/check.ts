import { ConfigIqError } from '../../src-worker/engine/errors.ts';
import type { Facts } from '../../src-worker/engine/facts.ts';
import { analyzeModel } from '../../src-worker/engine/model/analyze.ts';
import { cloudFileSchema, gpusFileSchema } from '../../src-worker/protocol/catalog-files.ts';
import { listCatalogFiles, readCatalogFile } from './files.ts';
import { loadFacts } from './load.ts';
import { listBundledModels, loadAliases, readBundledModel } from './models.ts';
import { checkFacts, checkSheets } from './rules/check.ts';
import type { CatalogIssue, CatalogSheets } from './rules/types.ts';

/** What a check of a catalogs folder found. Counts are of what could be read; no problem and no error = in order. */
export interface CatalogCheck {
  gpus: number;
  instances: number;
  /** Bundled configs that a question may name. */
  models: number;
  /** Those of them whose kind is not supported yet: known, not a problem. */
  unsupportedModels: number;
  workloads: number;
  /** What could not be read or used: one sentence each, with file, field and cure. */
  problems: string[];
  /** What the rules found in what could be read. */
  issues: CatalogIssue[];
}

/**
 * Everything that can be checked without a question: the facts with all their references, the rules over them, and an
 * analysis of every bundled config. Throws only what is a bug.
 */
export function checkCatalogs(folder: string): CatalogCheck {
  const problems: string[] = [];
  const { facts, sheets, issues } = checkHardware(folder, problems);
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
    gpus: facts?.gpus.length ?? sheets.gpus.length,
    instances: facts?.instances.length ?? sheets.clouds.reduce((sum, { instances }) => sum + instances.length, 0),
    models: models.length,
    unsupportedModels,
    workloads: facts?.workloads.length ?? 0,
    // The same broken file is met by more than one of the checks.
    problems: [...new Set(problems)],
    issues,
  };
}

/** GPUs, clouds and what they rest on, without the models: files that can be read, facts where they can become some. */
export function checkHardware(
  folder: string,
  problems: string[] = [],
): { facts: Facts | null; sheets: CatalogSheets; issues: CatalogIssue[] } {
  const sheets = readSheets(folder, problems);
  // Without the GPUs every name of one would count as unknown.
  const issues = sheets.gpus.length > 0 ? checkSheets(sheets) : [];
  try {
    const facts = loadFacts(folder);
    return { facts, sheets, issues: [...issues, ...checkFacts({ facts, gpus: sheets.gpus }).filter(isNewTo(issues))] };
  } catch (thrown) {
    if (!(thrown instanceof ConfigIqError)) throw thrown;
    // What keeps GPUs and clouds from becoming facts has been named entry by entry.
    const isOfSheets = /^(gpus\.json|clouds\/)/.test(String(thrown.details['file']));
    if (!isOfSheets || !issues.some(({ severity }) => severity === 'error')) problems.push(thrown.message);
    return { facts: null, sheets, issues };
  }
}

/** A rule may see the same thing in a file and in the facts that it became. */
function isNewTo(known: readonly CatalogIssue[]): (issue: CatalogIssue) => boolean {
  const sentences = new Set(known.map(({ rule, sentence }) => `${rule} ${sentence}`));
  return ({ rule, sentence }) => !sentences.has(`${rule} ${sentence}`);
}

function readSheets(folder: string, problems: string[]): CatalogSheets {
  const gpus = noted(problems, () => readCatalogFile(folder, 'gpus.json', gpusFileSchema));
  const clouds = noted(problems, () => listCatalogFiles(folder, 'clouds')) ?? [];
  return {
    gpus: gpus?.content.gpus ?? [],
    clouds: clouds.flatMap(
      (path) => noted(problems, () => readCatalogFile(folder, path, cloudFileSchema))?.content ?? [],
    ),
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
