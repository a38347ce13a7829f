import type { Facts } from '../../../src-worker/engine/facts.ts';
import type { ValidationMethod } from '../../../src-worker/engine/validation/types.ts';
import type { Pool } from '../../../src-worker/pool/pool.ts';
import type { AccuracyDocument } from '../../../src-worker/protocol/accuracy.ts';
import type { ProgressEvent } from '../../../src-worker/protocol/app-api.ts';
import type { CalibrationApi } from '../../../src-worker/protocol/calibration-api.ts';
import type { CalibrationDocument, FitRequest } from '../../../src-worker/protocol/calibration.ts';
import { attemptAsync, type Result } from '../../../src-worker/protocol/result.ts';
import { joinedAccuracy } from '../../../src-worker/answers/calibration/accuracy.ts';
import { byCount, noMeasurements, skippedReasons } from '../../../src-worker/answers/calibration/benchmarks.ts';
import { resolveCalibration } from '../../../src-worker/answers/resolve.ts';
import { loadPriors } from '../../catalogs/priors.ts';
import type { Store } from '../../store/store.ts';
import { checkRequest } from '../check-request.ts';
import type { ModelStore } from '../model-store.ts';
import { computingProgress } from '../task-progress.ts';
import { allFits, RunningFits } from './fits.ts';
import { overTexts, readRows, reasonsOf, withModels, type MeasuredRows, type NamedFile } from './measured-rows.ts';
import { Profiles } from './profiles.ts';
import { distinctRows, fittedTo, newRows } from './repeated-rows.ts';
import { accuracySchema, calibrateSchema } from './requests.ts';
import { unwrapped } from './unwrapped.ts';

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
  /** For hosts that read files themselves: the same over files of any size, by their paths. */
  accuracyOf(
    calibration: string | null,
    files: readonly string[] | null,
    method?: ValidationMethod,
  ): Promise<Result<AccuracyDocument>>;
  calibrateWith(draft: unknown, files: readonly string[] | null): Promise<Result<CalibrationDocument>>;
  /** Name of the profile in use. */
  inUse(): string;
  /** Name of the profile that was put in use, also where it is damaged and another answers in its place. */
  chosen(): string;
  /** Ends a fit between two of its steps; others are ignored. */
  cancel(taskId: string): void;
  stop(): Promise<void>;
}

export function createCalibrations(parts: CalibrationParts): Calibrations {
  const profiles = new Profiles(parts);
  const running = new RunningFits();
  const work: Work = {
    accuracy: (asked) => accuracyOf(parts, profiles, asked),
    calibrate: (draft, files) => calibrateWith(parts, profiles, running, draft, files),
  };
  return {
    accuracyOf: (calibration, files, method = 'auto') =>
      attemptAsync(() => work.accuracy({ calibration, files: byPath(files), method })),
    calibrateWith: (draft, files) => attemptAsync(() => work.calibrate(draft, byPath(files))),
    api: apiOf(work, profiles),
    inUse: () => profiles.inUse(),
    chosen: () => profiles.chosen(),
    cancel: (taskId) => running.cancel(taskId),
    stop: () => running.stop(),
  };
}

/** What is asked of files, whoever knows them by which name. */
interface Work {
  accuracy: (asked: AccuracyAsked) => Promise<AccuracyDocument>;
  calibrate: (draft: unknown, files: readonly NamedFile[] | null) => Promise<CalibrationDocument>;
}

const byPath = (files: readonly string[] | null): NamedFile[] | null =>
  files && files.map((path) => ({ path, name: path }));

function apiOf(work: Work, profiles: Profiles): CalibrationApi {
  const attempted = (change: () => void): Promise<Result<null>> =>
    attemptAsync(() => {
      change();
      return Promise.resolve(null);
    });
  return {
    accuracy: (input) =>
      attemptAsync(() => {
        const { calibration, measurements } = checkRequest(accuracySchema, input, 'Accuracy request');
        return overTexts(measurements, (files) => work.accuracy({ calibration, files, method: 'auto' }));
      }),
    calibrate: (draft) =>
      attemptAsync(() => {
        const { measurements } = checkRequest(calibrateSchema, draft, 'Calibration request');
        return overTexts(measurements, (files) => work.calibrate(draft, files));
      }),
    listCalibrations: () => attemptAsync(() => Promise.resolve(profiles.list())),
    useCalibration: (name) => attempted(() => profiles.use(name)),
    removeCalibration: (name) => attempted(() => profiles.remove(name)),
    restoreCalibration: (name) => attempted(() => profiles.restore(name)),
  };
}

interface AccuracyAsked {
  calibration: string | null;
  files: readonly NamedFile[] | null;
  method: ValidationMethod;
}

/** Rows of one call to a thread: a second or so of work, so that progress moves and every core has some. */
const SLICE_ROWS = 4000;

async function accuracyOf(
  { catalogsFolder, facts, models, pool, tell, report }: CalibrationParts,
  profiles: Profiles,
  { calibration, files, method }: AccuracyAsked,
): Promise<AccuracyDocument> {
  const name = calibration ?? profiles.inUse();
  const profile = resolveCalibration(name, facts());
  const read = await readRows(catalogsFolder, files);
  const { skipped, unreadable, notes, titles, doubtful, isBundled } = read;
  notes.forEach(report);
  const { rows, repeated } = distinctRows(read.rows);
  const isFitted = await fittedTo(profile, catalogsFolder);
  const slices = isBundled ? [rows] : slicesOf(rows, SLICE_ROWS);
  const told = new ToldRows(rows.length, slices.length > 1 ? tell : () => undefined);
  const answers = await Promise.all(
    slices.map(async (slice) => {
      const answered = await pool.run('accuracy', {
        ...withModels(slice, models),
        calibration: name,
        method,
        leftOut: isBundled && method === 'auto' ? profiles.leftOutOf(name) : null,
        fittedRows: isFitted && slice.flatMap((row, index) => (isFitted(row) ? [index] : [])),
        sourceTitles: titles,
        doubtful,
        skipped: [],
        unreadable: [],
      });
      told.add(slice.length);
      return unwrapped(answered);
    }),
  );
  const unread = skipped.map(({ pointId, reason }) => ({ point_id: pointId, reason }));
  return joinedAccuracy(answers, {
    skipped: [...unread, ...repeated],
    unreadable: [...unreadable, ...skippedReasons(repeated)],
  });
}

/** At least one, which may be empty. */
function slicesOf<Item>(items: readonly Item[], length: number): Item[][] {
  const count = Math.max(1, Math.ceil(items.length / length));
  return Array.from({ length: count }, (_, index) => items.slice(index * length, (index + 1) * length));
}

/** Rows that were compared so far. */
class ToldRows {
  readonly #total: number;
  readonly #tell: (event: ProgressEvent) => void;
  #done = 0;

  constructor(total: number, tell: (event: ProgressEvent) => void) {
    this.#total = total;
    this.#tell = tell;
  }

  add(rows: number): void {
    this.#done += rows;
    this.#tell(computingProgress('accuracy', this.#done, this.#total));
  }
}

async function calibrateWith(
  parts: CalibrationParts,
  profiles: Profiles,
  running: RunningFits,
  draft: unknown,
  files: readonly NamedFile[] | null,
): Promise<CalibrationDocument> {
  const { catalogsFolder, facts, models, report } = parts;
  const asked = checkRequest(calibrateSchema, draft, 'Calibration request');
  const { taskId, name } = asked;
  running.refuseRunning(taskId);
  const profile = resolveCalibration(asked.base ?? profiles.inUse(), facts());
  if (asked.save) profiles.refuseTakenName(name, asked.replace);
  return running.run(taskId, async (signal) => {
    const read = await readRows(catalogsFolder, files);
    read.notes.forEach(report);
    const sound = read.rows.filter(({ pointId }) => read.doubtful[pointId] === undefined);
    if (sound.length === 0) throw noMeasurements(byCount(read.unreadable), read.rows.length);
    // What is made anew starts from no measurement.
    const { rows, repeated } = asked.fromPriors
      ? { rows: sound, repeated: [] }
      : await newRows(sound, profile, catalogsFolder);
    const fit: FitRequest = {
      ...withModels(rows, models),
      profile,
      priors: loadPriors(catalogsFolder),
      startsFrom: asked.fromPriors ? 'priors' : 'profile',
      withheld: null,
      from: null,
      otherReasons: [...read.unreadable, ...skippedReasons(repeated)],
    };
    const document = withAllRows(
      await allFits(parts, fit, { taskId, name, signal, isBundled: read.isBundled, repeated }),
      read,
    );
    if (asked.save) profiles.keep(document, asked);
    return document;
  });
}

/** The document with the rows that did not come as far as a fit. */
function withAllRows(document: CalibrationDocument, read: MeasuredRows): CalibrationDocument {
  const doubts = Object.entries(read.doubtful).map(([pointId, reason]) => ({ pointId, reason }));
  const passedOver = [...read.skipped, ...doubts].map(({ pointId, reason }) => ({ point_id: pointId, reason }));
  const unreadable = read.unreadable.reduce((sum, { count }) => sum + count, 0);
  return {
    ...document,
    rows: read.rows.length + unreadable,
    skipped: [...passedOver, ...document.skipped],
    skipped_reasons: byCount([...read.unreadable, ...reasonsOf(doubts), ...document.skipped_reasons]),
  };
}
