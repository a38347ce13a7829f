import { ConfigIqError, errorInfo, type ErrorInfo } from '../../src-worker/engine/errors.ts';
import type { Facts } from '../../src-worker/engine/facts.ts';
import type { SweepSummary } from '../../src-worker/protocol/app-api.ts';
import { numbersOf, type ColumnBatch } from '../../src-worker/protocol/columns.ts';
import { plural } from '../../src-worker/protocol/numbers.ts';
import type { SweepSpec } from '../../src-worker/protocol/requests.ts';
import type { SweepOutcome } from '../../src-worker/pool/sweep-run.ts';
import type { RunAnswer, Store } from '../store/store.ts';
import { thisProcess } from './owner.ts';

/** The stored run of a sweep while it is computed. */
export interface StoredSweep {
  /** `seq` = place among the units of the sweep, `points` = how many of the unit's the batch holds. */
  add(seq: number, batch: ColumnBatch, points: number): void;
  /** `answer`: what the list of runs will say of it. Throws when the question was wrong and nothing could be computed. */
  finish(outcome: SweepOutcome, answer: RunAnswer): SweepSummary;
  /** Books why the sweep broke off. Answers the error to hand on: with what was kept, where something was. */
  fail(thrown: unknown): unknown;
}

/**
 * The run of a sweep in the store. It is begun with the first rows, so that a question which turns out to be wrong
 * leaves no empty run behind.
 */
export function storedSweep(
  { store, facts }: { store: Store; facts: Facts },
  { spec, name, createdAt }: { spec: SweepSpec; name: string; createdAt: string },
  planned: number,
): StoredSweep {
  let runId: number | null = null;
  let rows = 0;
  let passingRows = 0;
  let donePoints = 0;

  const begin = (): number =>
    (runId ??= store.createRun({
      name,
      model: modelsOf(spec),
      createdAt,
      owner: thisProcess,
      input: spec,
      versions: { ...facts.versions, calibration: spec.base.calibration },
      points: planned,
    }));

  return {
    add(seq, batch, points) {
      const passing = countPassing(batch);
      store.appendChunk(begin(), seq, batch, { points, passing });
      rows += batch.rows;
      passingRows += passing;
      donePoints += points;
    },
    finish(outcome, answer) {
      const { donePoints, problems } = outcome;
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
      const { family, code, message, details } = errorInfo(thrown);
      try {
        store.finishRun(runId, { status: 'failed', problems: [message] });
      } catch (again) {
        // A full disk refuses this too. The next start finds the run unfinished and marks it; the first error counts.
        if (!(again instanceof ConfigIqError)) throw again;
      }
      if (family !== 'file') return thrown;
      // All rows of a batch are stored or none, so what was counted is what is there.
      const kept = `Run ${runId} keeps ${donePoints} of ${plural(planned, 'point')}.`;
      return new ConfigIqError(family, code, `${message}\n${kept}`, { ...details, run: runId }, { cause: thrown });
    },
  };
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

function countPassing(batch: ColumnBatch): number {
  const passesAt = numbersOf(batch, 'meets_sla');
  let passing = 0;
  for (let row = 0; row < batch.rows; row += 1) if (passesAt(row) === 1) passing += 1;
  return passing;
}
