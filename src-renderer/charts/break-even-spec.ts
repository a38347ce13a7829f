import { metric } from '../../src-worker/protocol/metrics.ts';
import { formatFixed } from '../../src-worker/protocol/numbers.ts';
import type { BreakEvenLine, LineChoice } from '../../src-worker/protocol/run-analysis.ts';
import {
  axisWords,
  changeWords,
  lineChoiceWords,
  outcomeWords,
  placeWords,
  unchangedWords,
  unnamedChosen,
  valueWords,
} from '../../src-worker/protocol/run-analysis-words.ts';
import { axisAround, withTicks, type AxisRange } from './axis.ts';
import { metricCell, numberCell, textCell, type ChartTable } from './chart-table.ts';

/** From one line of break-evens to what is drawn: the cheapest cost over the axis, and where the choice changes. */
export interface BreakEvenSpec {
  x: AxisRange & { title: string };
  y: AxisRange & { title: string };
  points: { x: number; y: number; choice: number }[];
  /**
   * The line: level between two values, at the dearer of their two costs, as nothing there was computed and cost has steps
   * (docs/decisions/0045). It breaks, with a y of NaN, at a value without an answer.
   */
  steps: { x: number; y: number }[];
  /** Between two values; the name is that of the choice from there on. */
  changes: { from: number; to: number; name: string }[];
  stops: { x: number; y: number; text: string }[];
  /** One for each change, else the one that says there is none. */
  sentences: string[];
  summary: string;
}

const COST = metric('usd_per_hour');

/** Rows of names above the marks, and what their height is worth of the axis: 13 px each of some 200 px, and a margin. */
export const NAME_ROWS = 3;
const NAME_ROOM = [0.1, 0.17, 0.24];

const choiceAt = ({ choices }: BreakEvenLine, index: number | null): LineChoice | null =>
  index === null ? null : (choices[index] ?? null);

/** The instance, with what was chosen beside it where that alone tells it from another choice of the line. */
function shortName({ choices }: BreakEvenLine, { instance, chosen }: LineChoice): string {
  const words = placeWords(unnamedChosen(chosen));
  const isElsewhere = choices.some(
    (other) => other.instance === instance && placeWords(unnamedChosen(other.chosen)) !== words,
  );
  return isElsewhere && words !== '' ? `${instance}, ${words}` : instance;
}

export function breakEvenSpec(line: BreakEvenLine, along: string): BreakEvenSpec {
  const points = line.steps.flatMap(({ value, choice, cost }) =>
    choice === null || !cost ? [] : [{ x: value, y: cost.usd_per_hour, choice }],
  );
  const changes = line.changes.map(({ from, to, after }) => {
    const choice = choiceAt(line, after);
    return { from, to, name: choice ? shortName(line, choice) : 'nothing' };
  });
  const sentences =
    line.changes.length > 0
      ? line.changes.map((change) => changeWords(line, along, change))
      : [unchangedWords(line, along)];
  const title = axisWords(along);
  return {
    x: { ...rangeOf(line.steps.map(({ value }) => value)), title },
    y: {
      ...withRoomAbove(
        rangeOf(points.map(({ y }) => y)),
        line.changes.length === 0 ? 0 : NAME_ROOM[Math.min(line.changes.length, NAME_ROWS) - 1]!,
      ),
      title: `${COST.label}, ${COST.unit}`,
    },
    points,
    steps: stepsOf(line),
    changes,
    stops: line.steps.map(({ value, choice, cost, reason }) => ({
      x: value,
      y: cost?.usd_per_hour ?? 0,
      text: `${title} ${valueWords(along, value)}: ${outcomeWords(choiceAt(line, choice), cost, reason)}`,
    })),
    sentences,
    summary: `The cheapest cost over ${title}, ${formatFixed(points.length)} values; ${
      changes.length === 0
        ? 'the choice stays the same'
        : `the choice changes ${changes.length === 1 ? 'once' : `${formatFixed(changes.length)} times`}`
    }.`,
  };
}

function stepsOf({ steps }: BreakEvenLine): BreakEvenSpec['steps'] {
  const at = steps.map(({ value, choice, cost }) => ({
    x: value,
    y: choice === null || !cost ? Number.NaN : cost.usd_per_hour,
  }));
  return at.flatMap((here, index) => {
    const next = at[index + 1];
    // Beside a value without an answer both are NaN, and the line breaks.
    const level = next ? Math.max(here.y, next.y) : here.y;
    return next ? [here, { x: here.x, y: level }, { x: next.x, y: level }] : [here];
  });
}

/** The axis with the upper `share` of its length left free of values. */
function withRoomAbove({ min, max, isLog }: AxisRange, share: number): AxisRange {
  const stretch = 1 / (1 - share);
  return withTicks(min, isLog ? min * (max / min) ** stretch : min + (max - min) * stretch, isLog);
}

function rangeOf(values: readonly number[]): AxisRange {
  if (values.length === 0) return axisAround(0, 1);
  // A line may have more values than a call may have arguments.
  const [low, high] = values.reduce(
    ([least, most], value) => [Math.min(least, value), Math.max(most, value)],
    [Infinity, -Infinity],
  );
  return axisAround(low, high);
}

export function breakEvenTable(line: BreakEvenLine, along: string): ChartTable {
  return {
    columns: [
      { label: axisWords(along), unit: '', isNumber: true },
      { label: 'Cheapest', unit: '', isNumber: false },
      { label: 'Instances', unit: '', isNumber: true },
      { label: COST.label, unit: COST.unit, isNumber: true },
    ],
    rows: line.steps.map(({ value, choice, cost, reason }) => {
      const chosen = choiceAt(line, choice);
      return {
        id: String(value),
        cells: [
          { value, text: valueWords(along, value) },
          textCell(chosen ? lineChoiceWords(chosen) : outcomeWords(null, null, reason)),
          numberCell(cost?.instances ?? null, formatFixed),
          metricCell(COST, cost?.usd_per_hour ?? null),
        ],
      };
    }),
  };
}
