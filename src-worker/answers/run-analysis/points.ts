import { invalidInput } from '../../engine/errors.ts';
import { cellsOf, numbersOf, textsOf, type ColumnBatch } from '../../protocol/columns.ts';
import type { Choice, Cost, LineChoice, Place } from '../../protocol/run-analysis.ts';
import { requiredAxis, type RunAxis } from './axes.ts';

/** An answer over the rows of a run, fed batch by batch; it holds what it answers and no rows. */
export interface RunAnalysis<Answer> {
  /** Takes the rows of a batch, a step for each of its points, so that whoever drives it may pause between. */
  add(batch: ColumnBatch): Generator<void>;
  /** Asked once all batches were added: does it have to see them a second time? Where it is missing, once is enough. */
  needsRowsAgain?(): boolean;
  /** Throws invalid input where nothing was there to be answered about. */
  answer(): Answer;
}

/** The rows of one point: `first` to `end - 1`. */
export interface PointRows {
  pointId: number;
  first: number;
  end: number;
}

/** The points of a batch. All rows of a point lie in one batch, one after the other. */
export function* pointsOf(batch: ColumnBatch): Generator<PointRows> {
  const idAt = numbersOf(batch, 'point_id');
  let first = 0;
  while (first < batch.rows) {
    const pointId = idAt(first);
    let end = first + 1;
    while (end < batch.rows && idAt(end) === pointId) end += 1;
    yield { pointId, first, end };
    first = end;
  }
}

/** Row of the cheapest configuration that passes, which has rank 1; null where none does. */
export function bestRowOf(
  { first, end }: PointRows,
  passesAt: (row: number) => number,
  rankAt: (row: number) => number,
): number | null {
  // Rows that pass stand first, by rank; runs of earlier versions are not relied on for it.
  for (let row = first; row < end; row += 1) if (rankAt(row) === 1 && passesAt(row) === 1) return row;
  return null;
}

/** Reads the values of axes; null where a row lacks one: the place of a plan that came nowhere near. */
export function placesOf(batch: ColumnBatch, axes: readonly RunAxis[]): (row: number) => Place | null {
  const readers = axes.map(({ axis, column }) => ({ axis, read: cellsOf(batch, column) }));
  return (row) => {
    const place: Place = {};
    for (const { axis, read } of readers) {
      const value = read(row);
      if (value === null) return null;
      place[axis] = value;
    }
    return place;
  };
}

/** Reads a key that is the same for rows with the same values of axes. */
export function keysOf(batch: ColumnBatch, axes: readonly RunAxis[]): (row: number) => string {
  const readers = axes.map(({ column }) => cellsOf(batch, column));
  return (row) => {
    let key = '';
    for (const read of readers) key += `/${read(row)}`;
    return key;
  };
}

/** A key that is the same for the same values. */
export const placeKey = (place: Place): string => JSON.stringify(Object.values(place));

const MOST_SEEN = 1000;

/** Which points have the values asked for, and the sentence that says which there are where none has. */
export class AskedPlace {
  readonly place: Place;
  private readonly asked: { axis: RunAxis; value: number | string; seen: Set<number | string> }[];
  private hasMatched = false;

  /** Throws `unknown_axis`. */
  constructor(at: Place, axes: readonly RunAxis[]) {
    this.asked = Object.entries(at).map(([name, value]) => ({
      axis: requiredAxis(name, axes),
      value,
      seen: new Set(),
    }));
    this.place = Object.fromEntries(this.asked.map(({ axis, value }) => [axis.axis, value]));
  }

  matcher(batch: ColumnBatch): (row: number) => boolean {
    const readers = this.asked.map((asked) => ({ ...asked, read: cellsOf(batch, asked.axis.column) }));
    return (row) => {
      let matches = true;
      for (const { value, seen, read } of readers) {
        const found = read(row);
        if (found !== null && seen.size < MOST_SEEN) seen.add(found);
        matches &&= found !== null && isSame(found, value);
      }
      this.hasMatched ||= matches;
      return matches;
    };
  }

  /** Throws `value_not_there` where points were looked at and none has the values. */
  check(): void {
    if (this.hasMatched || this.asked.length === 0) return;
    const missing = this.asked.find(({ value, seen }) => ![...seen].some((found) => isSame(found, value)));
    const named = missing ?? this.asked[0];
    if (!named) return;
    const { axis, seen, value } = named;
    const values = [...seen].sort((a, b) => Number(a) - Number(b) || (String(a) < String(b) ? -1 : 1));
    const more = values.length > 8 ? ` and ${values.length - 8} more` : '';
    throw invalidInput(
      'value_not_there',
      `No point of the run has ${axis.axis}=${value}: it has ${values.slice(0, 8).join(', ') || 'no value'}${more}.`,
      { axis: axis.axis },
    );
  }
}

const isSame = (found: number | string, asked: number | string): boolean =>
  typeof found === 'number' ? found === Number(asked) : found.toLowerCase() === String(asked).toLowerCase();

/** Reads what a row deploys. */
export function choicesOf(batch: ColumnBatch): (row: number) => Choice {
  const [provider, instance, gpu, quantization] = ['provider', 'instance', 'gpu', 'quantization'].map((column) =>
    textsOf(batch, column),
  );
  const [tensorParallel, pipelineParallel] = ['tensor_parallel', 'pipeline_parallel'].map((column) =>
    numbersOf(batch, column),
  );
  return (row) => ({
    provider: provider?.(row) ?? '',
    instance: instance?.(row) ?? '',
    gpu: gpu?.(row) ?? '',
    quantization: quantization?.(row) ?? '',
    tensor_parallel: orOne(tensorParallel?.(row)),
    pipeline_parallel: orOne(pipelineParallel?.(row)),
  });
}

/** The same with the values of axes that were left to choose; without them where a row lacks one. */
export function lineChoicesOf(batch: ColumnBatch, chosen: readonly RunAxis[]): (row: number) => LineChoice {
  const [choiceAt, chosenAt] = [choicesOf(batch), placesOf(batch, chosen)];
  return (row) => ({ ...choiceAt(row), chosen: chosenAt(row) ?? {} });
}

/** Runs of versions before pipelines have no such column. */
const orOne = (value: number | undefined): number => (value === undefined || Number.isNaN(value) ? 1 : value);

export const choiceKey = (choice: Choice): string =>
  `${choice.provider}/${choice.instance}/tp${choice.tensor_parallel}pp${choice.pipeline_parallel}/${choice.quantization}`;

/** Reads what a row costs; null without a price. */
export function costsOf(batch: ColumnBatch): (row: number) => Cost | null {
  const perHour = numbersOf(batch, 'cost_usd_per_hour');
  const perRequest = numbersOf(batch, 'cost_usd_per_request');
  const instances = numbersOf(batch, 'instances');
  return (row) => {
    const usdPerHour = perHour(row);
    if (Number.isNaN(usdPerHour)) return null;
    return { instances: instances(row), usd_per_hour: usdPerHour, usd_per_request: perRequest(row) };
  };
}
