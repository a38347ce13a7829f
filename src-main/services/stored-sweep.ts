import { ConfigIqError, errorInfo, type ErrorInfo } from '../../src-worker/engine/errors.ts';
import type { Facts } from '../../src-worker/engine/facts.ts';
import type { SweepSummary } from '../../src-worker/protocol/app-api.ts';
import type { ColumnBatch } from '../../src-worker/protocol/columns.ts';
import type { SweepSpec } from '../../src-worker/protocol/requests.ts';
import type { SweepOutcome } from '../../src-worker/pool/sweep-run.ts';
import type { RunAnswer, Store } from '../store/store.ts';
import { thisProcess } from './owner.ts';

/** The stored run of a sweep while it is computed. */
export interface StoredSweep {
  add(batch: ColumnBatch): void;
  /** `answer`: what the list of runs will say of it. Throws when the question was wrong and nothing could be computed. */
  finish(outcome: SweepOutcome, answer: RunAnswer): SweepSummary;
  fail(thrown: unknown): void;
}

/**
 * The run of a sweep in the store. It is begun with the first rows, so that a question which turns out to be wrong
 * leaves no empty run behind.
 */
export function storedSweep(
  { store, facts }: { store: Store; facts: Facts },
  { spec, name, createdAt }: { spec: SweepSpec; name: string; createdAt: string },
  points: number,
): StoredSweep {
  let runId: number | null = null;
  let rows = 0;
  let passingRows = 0;

  const begin = (): number =>
    (runId ??= store.createRun({
      name,
      model: spec.base.model,
      createdAt,
      owner: thisProcess,
      input: spec,
      versions: { ...facts.versions, calibration: spec.base.calibration },
      points,
    }));

  return {
    add(batch) {
      const passing = countPassing(batch);
      store.appendChunk(begin(), batch, { donePoints: countPoints(batch), passing });
      rows += batch.rows;
      passingRows += passing;
    },
    finish(outcome, answer) {
      const { donePoints, problems } = outcome;
      const [first] = problems;
      const isNothing = donePoints === 0 && first !== undefined;
      if (isNothing && runId === null && first.error.family === 'invalid_input') throw asError(first.error);
      const status = isNothing ? 'failed' : outcome.status;
      const sentences = problems.map(({ error, points: lost }) => `${error.message} (${lost} of ${points} points)`);
      const id = begin();
      store.setAnswer(id, answer);
      store.finishRun(id, { status, problems: sentences });
      return { runId: id, status, points, donePoints, rows, passingRows, problems: sentences };
    },
    fail(thrown) {
      if (runId === null) return;
      try {
        store.finishRun(runId, { status: 'failed', problems: [errorInfo(thrown).message] });
      } catch (again) {
        // A full disk refuses this too. The next start finds the run unfinished and marks it; the first error counts.
        if (!(again instanceof ConfigIqError)) throw again;
      }
    },
  };
}

const asError = ({ family, code, message, details }: ErrorInfo): ConfigIqError =>
  new ConfigIqError(family, code, message, details);

/** A name for a sweep that was given none. */
export function defaultName({ base, axes }: SweepSpec): string {
  const varied = Object.entries(axes)
    .filter(([, values]) => values !== undefined)
    .map(([axis]) => axis);
  const model = base.model.slice(base.model.lastIndexOf('/') + 1);
  return varied.length > 0 ? `${model} over ${varied.join(', ')}` : `${model}, one point`;
}

function countPassing(batch: ColumnBatch): number {
  let passing = 0;
  for (const meets of batch.numbers['meets_sla'] ?? []) if (meets === 1) passing += 1;
  return passing;
}

const countPoints = (batch: ColumnBatch): number => new Set(batch.numbers['point_id']).size;
