import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigIqError, invalidInput } from '../../src-worker/engine/errors.ts';
import { LEAVE_OUTS, NOVELTIES, UNCERTAIN_METRICS, type LeaveOut } from '../../src-worker/engine/calibration/types.ts';
import type { Facts } from '../../src-worker/engine/facts.ts';
import type { Measurement, ValidationMethod } from '../../src-worker/engine/validation/types.ts';
import type { Pool } from '../../src-worker/pool/pool.ts';
import type { AccuracyDocument, MeasurementText, SkippedReason } from '../../src-worker/protocol/accuracy.ts';
import type { ProgressEvent } from '../../src-worker/protocol/app-api.ts';
import {
  MAX_MEASUREMENT_TEXT_BYTES,
  type CalibrationApi,
  type CalibrationEntry,
} from '../../src-worker/protocol/calibration-api.ts';
import type { CalibrationDocument, FitAnswer, FitRequest, MeasuredSet } from '../../src-worker/protocol/calibration.ts';
import { calibrationFileSchema } from '../../src-worker/protocol/catalog-files.ts';
import type { LeftOutPrediction } from '../../src-worker/protocol/left-out.ts';
import { attemptAsync, type Result } from '../../src-worker/protocol/result.ts';
import { byCount, noMeasurements, skippedReasons } from '../../src-worker/answers/calibration/benchmarks.ts';
import { resolveCalibration } from '../../src-worker/answers/resolve.ts';
import { leftOutOf } from '../catalogs/left-out.ts';
import { loadPriors } from '../catalogs/priors.ts';
import { bundledMeasurements, measurementSources } from '../measurements/bundled.ts';
import { readMeasurements } from '../measurements/read.ts';
import type { SkippedRow } from '../measurements/skipped.ts';
import type { Store, StoredCalibration } from '../store/store.ts';
import { checkRequest, taskIdSchema } from './check-request.ts';
import type { ModelStore } from './model-store.ts';

interface CalibrationParts {
  catalogsFolder: string;
  store: Store;
  models: ModelStore;
  pool: Pool;
  facts: () => Facts;
  /** Takes in what was written to the database. */
  changed: () => void;
  now: () => Date;
  tell: (event: ProgressEvent) => void;
  report: (problem: string) => void;
}

/** Calibration profiles: their fits, what they are worth, and which of them is in use. */
export interface Calibrations {
  api: CalibrationApi;
  /** For hosts that read files themselves: the same over files of any size. */
  accuracyOf(
    calibration: string | null,
    files: readonly string[] | null,
    method?: ValidationMethod,
  ): Promise<Result<AccuracyDocument>>;
  calibrateWith(draft: unknown, files: readonly string[] | null): Promise<Result<CalibrationDocument>>;
  /** Name of the profile in use. */
  inUse(): string;
  /** Ends a fit between two of its steps; others are ignored. */
  cancel(taskId: string): void;
  stop(): Promise<void>;
}

const profileName = z
  .string()
  .min(1)
  .max(80)
  .regex(/^[a-z0-9][a-z0-9.-]*$/, 'must be lower case letters, digits, "-" and "."');
const measurementText = z.strictObject({
  name: z.string().min(1).max(1000),
  text: z.string().max(MAX_MEASUREMENT_TEXT_BYTES),
});
const calibrateSchema = z.strictObject({
  taskId: taskIdSchema,
  name: profileName,
  base: z.string().min(1).max(80).nullish(),
  measurements: z.array(measurementText).min(1).max(1000).nullable(),
  fromPriors: z.boolean().default(false),
  save: z.boolean(),
  use: z.boolean().default(false),
});
const accuracySchema = z.strictObject({
  calibration: z.string().min(1).max(80).nullable(),
  measurements: z.array(measurementText).min(1).max(1000).nullable(),
});

/** The profile of questions that name none, as long as nobody chose another. */
const BUNDLED = 'default';

/** Measurements to be used, with what is to be said of those that cannot be. */
interface Rows {
  rows: Measurement[];
  skipped: SkippedRow[];
  /** Of all rows that cannot be read, however many. */
  unreadable: SkippedReason[];
  titles: Record<string, string>;
  doubtful: Record<string, string>;
  isBundled: boolean;
}

export function createCalibrations(parts: CalibrationParts): Calibrations {
  const { catalogsFolder, store, models, pool, facts, changed, now, tell, report } = parts;
  const running = new Map<string, { controller: AbortController; ended: Promise<unknown> }>();
  /** What was removed or replaced while the program runs, to be put back. */
  const removed = new Map<string, StoredCalibration>();

  const stored = (): StoredCalibration[] => {
    const { rows, problems } = store.listCalibrations();
    problems.forEach(report);
    return rows;
  };
  const inUse = (): string => stored().find(({ isInUse }) => isInUse)?.name ?? BUNDLED;

  const bundledRows = async (): Promise<Rows> => {
    const { measurements, skipped, sources, doubtful } = await bundledMeasurements(catalogsFolder);
    return {
      rows: measurements,
      skipped,
      unreadable: reasonsOf(skipped),
      titles: Object.fromEntries(sources.map(({ source_id: id, title }) => [id, title])),
      doubtful: Object.fromEntries(doubtful),
      isBundled: true,
    };
  };

  const rowsOf = async (files: readonly string[] | null): Promise<Rows> => {
    if (files === null) return bundledRows();
    const read: Rows = {
      rows: [],
      skipped: [],
      unreadable: [],
      titles: titlesOf(catalogsFolder),
      doubtful: {},
      isBundled: false,
    };
    for (const file of files) {
      const { measurements, skipped, reasons } = await readMeasurements(file);
      for (const row of measurements) read.rows.push(row);
      read.skipped.push(...skipped);
      read.unreadable.push(...reasons.map(({ reason, count }) => ({ reason, count })));
    }
    return read;
  };

  /** The configs of the models that rows name; a name nobody knows has none. */
  const withModels = (rows: Measurement[]): MeasuredSet => {
    const known: MeasuredSet['models'] = {};
    for (const name of new Set(rows.map(({ model }) => model))) {
      try {
        known[name] = models.resolve(name);
      } catch (thrown) {
        if (!(thrown instanceof ConfigIqError)) throw thrown;
      }
    }
    return { rows, models: known };
  };

  const accuracyOf = (
    calibration: string | null,
    files: readonly string[] | null,
    method: ValidationMethod = 'auto',
  ): Promise<Result<AccuracyDocument>> =>
    attemptAsync(async () => {
      const name = calibration ?? inUse();
      resolveCalibration(name, facts());
      const { rows, skipped, unreadable, titles, doubtful, isBundled } = await rowsOf(files);
      const answered = await pool.run('accuracy', {
        ...withModels(rows),
        calibration: name,
        method,
        leftOut: isBundled && method === 'auto' ? leftOutFor(name) : null,
        sourceTitles: titles,
        doubtful,
        skipped: skipped.map(({ pointId, reason }) => ({ point_id: pointId, reason })),
        unreadable,
      });
      return unwrapped(answered);
    });

  const leftOutFor = (name: string): LeftOutPrediction[] | null => {
    const own = stored().find((profile) => profile.name === name);
    if (own) return leftOutSchema.parse(JSON.parse(own.leftOut));
    return leftOutOf(catalogsFolder, name);
  };

  const calibrateWith = (draft: unknown, files: readonly string[] | null): Promise<Result<CalibrationDocument>> =>
    attemptAsync(async () => {
      const asked = checkRequest(calibrateSchema, draft, 'Calibration request');
      const { taskId, name, fromPriors } = asked;
      if (running.has(taskId))
        throw invalidInput('task_running', `Task "${taskId}" is running already: cancel it or choose another id.`, {
          taskId,
        });
      const base = asked.base ?? inUse();
      const profile = resolveCalibration(base, facts());
      if (asked.save) refuseBundledName(name);
      const controller = new AbortController();
      const work = async (): Promise<CalibrationDocument> => {
        const read = await rowsOf(files);
        const sound = read.rows.filter(({ pointId }) => read.doubtful[pointId] === undefined);
        if (sound.length === 0) throw noMeasurements(byCount(read.unreadable), read.rows.length);
        const fit: FitRequest = {
          ...withModels(sound),
          profile,
          priors: loadPriors(catalogsFolder),
          startsFrom: fromPriors ? 'priors' : 'profile',
          withheld: null,
          from: null,
        };
        const document = await fitted(fit, asked, controller.signal);
        const doubts = Object.entries(read.doubtful).map(([pointId, reason]) => ({ pointId, reason }));
        const passedOver = [...read.skipped, ...doubts].map(({ pointId, reason }) => ({ point_id: pointId, reason }));
        const unreadable = read.unreadable.reduce((sum, { count }) => sum + count, 0);
        const whole: CalibrationDocument = {
          ...document,
          rows: read.rows.length + unreadable,
          skipped: [...passedOver, ...document.skipped],
          skipped_reasons: byCount([...read.unreadable, ...reasonsOf(doubts), ...document.skipped_reasons]),
        };
        if (asked.save) keep(whole, asked.use);
        return whole;
      };
      const ended = work().finally(() => running.delete(taskId));
      running.set(taskId, { controller, ended });
      return ended;
    });

  /** All fits of a calibration: over everything first, from which the others start, then over all but one part each. */
  const fitted = async (
    fit: FitRequest,
    asked: { taskId: string; name: string },
    signal: AbortSignal,
  ): Promise<CalibrationDocument> => {
    let done = 0;
    let total = 2;
    const step = <Value>(answer: Result<Value>): Value => {
      done += 1;
      tell(progressOf(asked.taskId, done, total));
      if (signal.aborted)
        throw new ConfigIqError(
          'interrupted',
          'calibration_cancelled',
          'The calibration was cancelled: nothing was kept.',
          {},
        );
      return unwrapped(answer);
    };
    tell(progressOf(asked.taskId, 0, total));
    const full = step(await pool.run('fit', fit));
    const parts = partsOf(full, fit.startsFrom === 'priors');
    total = 2 + parts.length;
    const leftOut = await Promise.all(
      parts.map(async ({ by, keys }) => {
        if (signal.aborted) return { by, answer: full };
        return { by, answer: step(await pool.run('fit', { ...fit, withheld: { by, keys }, from: full.logs })) };
      }),
    );
    const description = descriptionOf(fit, full);
    return step(
      await pool.run('finishCalibration', { name: asked.name, description, source: sourceOf(fit), fit, full, leftOut }),
    );
  };

  const keep = (document: CalibrationDocument, use: boolean): void => {
    const { name } = document;
    const before = stored().find((profile) => profile.name === name);
    if (before) removed.set(name, before);
    store.saveCalibration({
      name,
      document: JSON.stringify(calibrationFileSchema.parse({ schema_version: 1, ...document.profile })),
      leftOut: JSON.stringify(document.left_out),
      createdAt: now().toISOString(),
      isInUse: before?.isInUse ?? false,
    });
    if (use) store.useCalibration(name);
    changed();
  };

  const refuseBundledName = (name: string): void => {
    const isOwn = stored().some((profile) => profile.name === name);
    if (isOwn || !facts().calibrations.some((profile) => profile.name === name)) return;
    throw invalidInput(
      'calibration_bundled',
      `"${name}" is a profile that ships with the program: choose another name.`,
      { name },
    );
  };

  const own = (name: unknown): StoredCalibration => {
    const checked = checkRequest(profileName, name, 'Profile name');
    const found = stored().find((profile) => profile.name === checked);
    if (found) return found;
    throw invalidInput(
      'unknown_calibration',
      `There is no profile "${checked}" that was fitted here: configiq calibrate makes one.`,
      { name: checked },
    );
  };

  /** The window's texts as files, so that there is one reader. */
  const overTexts = async <Value>(
    texts: readonly MeasurementText[] | null,
    work: (files: string[] | null) => Promise<Value>,
  ): Promise<Value> => {
    if (texts === null) return work(null);
    const folder = await mkdtemp(join(tmpdir(), 'configiq-'));
    try {
      const files = texts.map((_, index) => join(folder, `${index + 1}.csv`));
      await Promise.all(texts.map(({ text }, index) => writeFile(files[index] as string, text)));
      return await work(files);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };

  const done = (work: () => void): Promise<Result<null>> =>
    attemptAsync(() => {
      work();
      return Promise.resolve(null);
    });

  const api: CalibrationApi = {
    accuracy: (input) =>
      attemptAsync(async () => {
        const { calibration, measurements } = checkRequest(accuracySchema, input, 'Accuracy request');
        return unwrapped(await overTexts(measurements, (files) => accuracyOf(calibration, files)));
      }),
    calibrate: (draft) =>
      attemptAsync(async () => {
        const { measurements } = checkRequest(calibrateSchema, draft, 'Calibration request');
        return unwrapped(await overTexts(measurements, (files) => calibrateWith(draft, files)));
      }),
    listCalibrations: () =>
      attemptAsync(() => {
        const used = inUse();
        const createdAt = new Map(stored().map((profile) => [profile.name, profile.createdAt]));
        return Promise.resolve(
          facts().calibrations.map(({ name, description, coverage }): CalibrationEntry => ({
            name,
            description,
            isOwn: createdAt.has(name),
            createdAt: createdAt.get(name) ?? null,
            isInUse: name === used,
            measurements: coverage ? Object.values(coverage.gpus).reduce((sum, rows) => sum + rows, 0) : null,
          })),
        );
      }),
    useCalibration: (name) =>
      done(() => {
        store.useCalibration(name === null || name === BUNDLED ? null : own(name).name);
        changed();
      }),
    removeCalibration: (name) =>
      done(() => {
        const row = own(name);
        removed.set(row.name, row);
        store.removeCalibration(row.name);
        changed();
      }),
    restoreCalibration: (name) =>
      done(() => {
        const checked = checkRequest(profileName, name, 'Profile name');
        const row = removed.get(checked);
        if (!row)
          throw invalidInput(
            'unknown_calibration',
            `Nothing of the name "${checked}" was removed since the program started.`,
            { name: checked },
          );
        // What it takes the place of can be put back in turn, and one profile is in use at most.
        const { replaced, others } = Object.groupBy(stored(), ({ name: of }) =>
          of === checked ? 'replaced' : 'others',
        );
        const isOtherInUse = others?.some(({ isInUse }) => isInUse) ?? false;
        store.saveCalibration({ ...row, isInUse: row.isInUse && !isOtherInUse });
        const [present] = replaced ?? [];
        if (present) removed.set(checked, present);
        else removed.delete(checked);
        changed();
      }),
  };

  return {
    api,
    accuracyOf,
    calibrateWith,
    inUse,
    cancel: (taskId) => running.get(taskId)?.controller.abort(),
    async stop() {
      for (const { controller } of running.values()) controller.abort();
      await Promise.allSettled([...running.values()].map(({ ended }) => ended));
    },
  };
}

const leftOutSchema = z.array(
  z.strictObject({
    point_id: z.string(),
    metric: z.enum(UNCERTAIN_METRICS),
    predicted: z.number(),
    factor: z.number().nullable(),
    novelty: z.enum(NOVELTIES),
  }),
);

/** What is left out one after the other: everything for a profile from the priors, groups alone where it is moved. */
function partsOf({ parts }: FitAnswer, isFresh: boolean): { by: LeaveOut; keys: string[] }[] {
  const kinds = isFresh ? LEAVE_OUTS : (['group'] as const);
  return kinds.flatMap((by) => (parts[by].length < 2 ? [] : parts[by].map((keys) => ({ by, keys }))));
}

const reasonsOf = (rows: readonly SkippedRow[]): SkippedReason[] =>
  skippedReasons(rows.map(({ pointId, reason }) => ({ point_id: pointId, reason })));

const progressOf = (taskId: string, done: number, total: number): ProgressEvent => ({
  type: 'configiq:progress',
  taskId,
  phase: 'computing',
  done,
  total,
  best: null,
  live: [],
  excluded: {},
  notes: [],
});

const descriptionOf = ({ startsFrom, profile }: FitRequest, { used }: FitAnswer): string =>
  startsFrom === 'priors'
    ? `Efficiencies and overheads fitted to ${used.toLocaleString('en-US')} measurements.`
    : `Profile ${profile.name}, moved to ${used.toLocaleString('en-US')} measurements.`;

const sourceOf = ({ startsFrom, profile }: FitRequest): string =>
  startsFrom === 'priors'
    ? 'Robust least squares on the logarithm of errors with the priors of catalogs/priors.json; groups of (source, GPU, model) weighted, hosts of the measurements told apart; ranges are the lowest and highest of five refits without a fifth of the groups.'
    : `Robust least squares on the logarithm of errors, held near profile ${profile.name}.`;

function titlesOf(catalogsFolder: string): Record<string, string> {
  return Object.fromEntries(measurementSources(catalogsFolder).map(({ source_id: id, title }) => [id, title]));
}

function unwrapped<Value>(result: Result<Value>): Value {
  if (result.ok) return result.value;
  const { family, code, message, details } = result.error;
  throw new ConfigIqError(family, code, message, details);
}
