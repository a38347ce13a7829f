import { ConfigIqError, errorInfo, type ErrorInfo } from '../../src-worker/engine/errors.ts';
import type { SweepSummary } from '../../src-worker/protocol/app-api.ts';
import type { PackedBatch } from '../../src-worker/protocol/worker-api.ts';
import { plural } from '../../src-worker/protocol/numbers.ts';
import type { SweepSpec } from '../../src-worker/protocol/requests.ts';
import type { SweepOutcome } from '../../src-worker/pool/sweep-run.ts';
import type { RunAnswer, Store } from '../store/store.ts';
import { thisProcess } from './owner.ts';
import type { KeptBatch } from './resumed-sweep.ts';
import type { SweepVersions } from './sweep-versions.ts';

/** The stored run of a sweep while it is computed. */
export interface StoredSweep {
  /** `seq` = place among the units of the sweep; `points` of the unit are in the batch, `passing` of its rows pass. */
  add(seq: number, batch: PackedBatch, counts: { points: number; passing: number }): void;
  /** Counts a batch that is there already. */
  keep(kept: KeptBatch): void;
  /** `answer`: what the list of runs will say of it. Throws when the question was wrong and nothing could be computed. */
  finish(outcome: SweepOutcome, answer: RunAnswer): SweepSummary;
  /** Books why the sweep broke off. Answers the error to hand on: with what was kept, where something was. */
  fail(thrown: unknown): unknown;
}

interface NewSweep {
  spec: SweepSpec;
  name: string;
  createdAt: string;
  versions: SweepVersions;
}

/**
 * The run of a sweep in the store. It is begun with the first rows, so that a question which turns out to be wrong
 * leaves no empty run behind. `resumed` = the run that goes on.
 */
export function storedSweep(
  store: Store,
  { spec, name, createdAt, versions }: NewSweep,
  planned: number,
  resumed: number | null,
): StoredSweep {
  let runId = resumed;
  let rows = 0;
  let passingRows = 0;
  let keptPoints = 0;
  let addedPoints = 0;

  const begin = (): number =>
    (runId ??= store.createRun({
      name,
      model: modelsOf(spec),
      createdAt,
      owner: thisProcess,
      input: spec,
      versions,
      points: planned,
    }));

  return {
    add(seq, batch, { points, passing }) {
      store.appendChunk(begin(), seq, batch, { points, passing });
      rows += batch.rows;
      passingRows += passing;
      addedPoints += points;
    },
    keep({ batch, points, passing }) {
      rows += batch.rows;
      passingRows += passing;
      keptPoints += points;
    },
    finish(outcome, answer) {
      const { problems } = outcome;
      const donePoints = keptPoints + outcome.donePoints;
      const [first] = problems;
      const isNothing = donePoints === 0 && first !== undefined;
      if (isNothing && runId === null && first.error.family === 'invalid_input') throw asError(first.error);
      const status = isNothing ? 'failed' : outcome.status;
      const sentences = problems.map(({ error, points: lost }) => `${error.message} (${lost} of ${planned} points)`);
      const id = begin();
      store.setAnswer(id, answer);
      store.finishRun(id, { status, problems: sentences });
      return { runId: id, status, points: planned, donePoints, rows, passingRows, problems: sentences };
    },
    fail(thrown) {
      if (runId === null) return thrown;
      failRun(store, runId, thrown);
      const { family, code, message, details } = errorInfo(thrown);
      if (family !== 'file') return thrown;
      // All rows of a batch are stored or none, so what was counted is what is there.
      const kept = `Run ${runId} keeps ${keptPoints + addedPoints} of ${plural(planned, 'point')}: configiq sweep resume ${runId} goes on.`;
      return new ConfigIqError(family, code, `${message}\n${kept}`, { ...details, run: runId }, { cause: thrown });
    },
  };
}

/** Ends a run that cannot go on; what it has is kept. */
export function failRun(store: Store, runId: number, thrown: unknown): void {
  try {
    store.finishRun(runId, { status: 'failed', problems: [errorInfo(thrown).message] });
  } catch (again) {
    // A full disk refuses this too. The next start finds the run unfinished and marks it; the first error counts.
    if (!(again instanceof ConfigIqError)) throw again;
  }
}

const asError = ({ family, code, message, details }: ErrorInfo): ConfigIqError =>
  new ConfigIqError(family, code, message, details);

/** The models of a sweep in words: by name as long as there are few. */
export function modelsOf({ base, axes }: SweepSpec): string {
  const models = axes.model ?? (base.model === undefined ? [] : [base.model]);
  return models.length <= MOST_NAMED ? models.join(', ') : `${models.length} models`;
}

const MOST_NAMED = 3;

/** A name for a sweep that was given none. */
export function defaultName(spec: SweepSpec): string {
  const varied = Object.entries(spec.axes)
    .filter(([, values]) => values !== undefined)
    .map(([axis]) => axis.replaceAll('_', ' '));
  const models = modelsOf(spec)
    .split(', ')
    .map((model) => model.slice(model.lastIndexOf('/') + 1))
    .join(', ');
  return varied.length > 0 ? `${models} over ${varied.join(', ')}` : `${models}, one point`;
}
