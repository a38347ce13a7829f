import type { AppApi } from '../../src-worker/protocol/app-api.ts';

/** Every call a front may make, with the most arguments it takes. A new method of AppApi does not compile without one. */
const CALLS: Record<keyof AppApi, number> = {
  info: 0,
  size: 2,
  checkBySimulation: 1,
  detail: 1,
  simulateLoads: 1,
  explain: 1,
  sensitivity: 1,
  predict: 1,
  simulate: 3,
  queue: 1,
  listModels: 0,
  showModel: 1,
  importModel: 1,
  pullModel: 1,
  removeModel: 1,
  restoreModel: 1,
  readModelConfig: 1,
  modelFits: 1,
  modelHolds: 1,
  listCatalog: 0,
  listWorkloads: 0,
  saveSizeRun: 2,
  planSweep: 1,
  startSweep: 1,
  resumeSweep: 1,
  cancelTask: 1,
  listTasks: 0,
  listRuns: 0,
  showRun: 1,
  analyzeRun: 1,
  runRows: 1,
  exportRun: 2,
  readRun: 1,
  deleteRuns: 1,
  diffRuns: 2,
  offerExport: 2,
  readNote: 1,
  writeNote: 2,
  catalogRevision: 0,
  browseCatalog: 0,
  previewCatalog: 1,
  importCatalog: 2,
  removeCatalogImport: 1,
  restoreCatalogImport: 1,
  correctFact: 1,
  restoreFact: 3,
  importBenchmark: 1,
  accuracy: 1,
  calibrate: 1,
  listCalibrations: 0,
  useCalibration: 1,
  removeCalibration: 1,
  restoreCalibration: 1,
};
const MAX_ID_LENGTH = 200;

/** A comlink message that calls one named method with plain arguments. */
export interface Call {
  id: string;
  type: 'APPLY';
  path: [string];
  argumentList: { type: 'RAW'; value?: unknown }[];
}

export type Verdict =
  | { kind: 'call'; call: Call }
  /** Not for us: events, answers, the release of a proxy. Nothing is done and nothing is answered. */
  | { kind: 'ignored' }
  /** A call that is not allowed; `answer` is what comlink sends for an error thrown, so that the caller does not hang. */
  | { kind: 'refused'; answer: unknown };

/**
 * Judges a message before comlink sees it. comlink follows any path into the object it exposes, prototypes included:
 * `["size", "constructor"]` is JavaScript's Function, and calling that runs text as code in the main process. It also sets properties
 * and unpacks arguments by handlers the sender names. A front needs none of this, so only calls of the named methods
 * with plain arguments pass, rebuilt from their checked parts.
 */
export function judgeCall(message: unknown): Verdict {
  if (!isRecord(message)) return { kind: 'ignored' };
  const { id, type, path, argumentList } = message;
  if (typeof id !== 'string' || id.length > MAX_ID_LENGTH || typeof type !== 'string' || type === 'RELEASE') {
    return { kind: 'ignored' };
  }
  if (type !== 'APPLY') return refused(id, `Only calls are allowed here, not "${type.slice(0, 40)}".`);
  const name: unknown = Array.isArray(path) && path.length === 1 ? path[0] : null;
  if (typeof name !== 'string' || !Object.hasOwn(CALLS, name)) {
    return refused(id, `There is no call "${printable(path)}"; there are ${Object.keys(CALLS).join(', ')}.`);
  }
  const given: unknown[] = Array.isArray(argumentList) ? argumentList : [];
  const allowed = CALLS[name as keyof AppApi];
  if (given.length > allowed) return refused(id, `The call ${name} takes ${allowed} arguments, got ${given.length}.`);
  const isPlain = given.every((argument) => isRecord(argument) && argument['type'] === 'RAW');
  if (!isPlain) return refused(id, `The call ${name} takes plain data only.`);
  const values = given.map((argument) => ({
    type: 'RAW' as const,
    value: (argument as Record<string, unknown>)['value'],
  }));
  return { kind: 'call', call: { id, type, path: [name], argumentList: values } };
}

function refused(id: string, message: string): Verdict {
  const error = { name: 'RefusedCall', message, stack: '' };
  return { kind: 'refused', answer: { id, type: 'HANDLER', name: 'throw', value: { isError: true, value: error } } };
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const printable = (path: unknown): string =>
  Array.isArray(path) ? path.map(String).join('.').slice(0, 60) : 'nothing';
