import { summaryOf } from '../../src-worker/answers/sweep/unit-summary.ts';
import type { LivePoint, ProgressEvent } from '../../src-worker/protocol/app-api.ts';
import type { ColumnBatch } from '../../src-worker/protocol/columns.ts';
import { plural } from '../../src-worker/protocol/numbers.ts';
import type { UnitSummary } from '../../src-worker/protocol/worker-api.ts';
import type { RunAnswer } from '../store/store.ts';
import { bestSoFar } from './best-so-far.ts';
import { liveEvery, livePoints } from './live-points.ts';
import { computingProgress } from './task-progress.ts';

/** What a sweep has to tell while it is computed: how far it is, its best answer, the points of the live chart, what went wrong. */
export interface SweepProgress {
  /** Of so many points every `liveEvery`-th has its rows told. */
  readonly liveEvery: number;
  /** Counts a batch that the run had before. */
  addKept(batch: ColumnBatch, points: number): void;
  /** Counts a batch of a thread, which summed it up itself. */
  addComputed(summary: UnitSummary & { points: number }): void;
  /** A worker stopped while it had so many points, which are computed again. */
  addRestart(points: number): void;
  /** Tells of `computed` points, beside those that were there before; live points that were told are not told again. */
  tell(phase: ProgressEvent['phase'], computed: number): void;
  /** What was told last, with every live point so far: for a window that was not there from the start. */
  soFar(): ProgressEvent;
  /** What the list of runs says of the whole sweep. */
  answer(): RunAnswer;
}

/** `planned` in points; `axes` in the order of the points. */
export function sweepProgress(
  { taskId, planned, axes }: { taskId: string; planned: number; axes: readonly string[] },
  send: (event: ProgressEvent) => void,
): SweepProgress {
  const every = liveEvery(planned);
  const best = bestSoFar();
  const live = livePoints();
  const restarts = { workers: 0, points: 0 };
  let keptPoints = 0;
  let computedPoints = 0;
  let phase: ProgressEvent['phase'] = 'planning';
  /** The first batch is told when it is there: who waits for a first answer does not wait for the next tick as well. */
  let hasFirst = false;

  const event = (points: LivePoint[]): ProgressEvent => ({
    ...computingProgress(taskId, keptPoints + computedPoints, planned),
    phase,
    best: best.words(),
    live: points,
    excluded: live.excluded(),
    notes: restartNotes(restarts),
  });
  const tell: SweepProgress['tell'] = (newPhase, computed) => {
    phase = newPhase;
    computedPoints = computed;
    send(event(live.take()));
  };
  const add = (summary: UnitSummary): void => {
    best.add(summary.best);
    live.add(summary);
  };

  return {
    liveEvery: every,
    addKept(batch, points) {
      add(summaryOf(batch, axes, every));
      keptPoints += points;
    },
    addComputed(summary) {
      add(summary);
      if (hasFirst) return;
      hasFirst = true;
      tell('computing', Math.max(computedPoints, summary.points));
    },
    addRestart(points) {
      restarts.workers += 1;
      restarts.points += points;
    },
    tell,
    soFar: () => event(live.told()),
    answer: () => best.answer(planned),
  };
}

function restartNotes({ workers, points }: { workers: number; points: number }): string[] {
  if (workers === 0) return [];
  const again = `${plural(points, 'point')} ${points === 1 ? 'was' : 'were'} computed again`;
  return workers === 1
    ? [`One worker stopped and was restarted; ${again}.`]
    : [`${workers} workers stopped and were restarted; ${again}.`];
}
