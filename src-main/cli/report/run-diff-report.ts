import type {
  BestOfPoint,
  Difference,
  DiffRow,
  RunDiffDocument,
  SizeDifference,
  SweepDifference,
} from '../../../src-worker/protocol/run-diff.ts';
import { count, NONE, percent, plural, usd } from './format.ts';
import { bullet, heading, textOf, wrap } from './layout.ts';

/** Lines of one kind; `--json` has them all. */
const MOST_LINES = 20;

export function runDiffReport(document: RunDiffDocument, ids: { before: number; after: number }): string {
  const { input, versions, rows, points, reason } = document;
  return textOf([
    ...heading(`RUN ${ids.before} AND RUN ${ids.after}`),
    ...differenceLines('Question', input),
    ...differenceLines('Versions', versions),
    ...(rows ? sizeLines(rows) : []),
    ...(points ? sweepLines(points) : []),
    ...(reason === null ? [] : wrap(`Answers are not compared. ${reason}`)),
  ]);
}

export function differenceLines(title: string, differences: readonly Difference[]): string[] {
  if (differences.length === 0) return [`${title}: the same`, ''];
  const lines = differences.map(({ path, before, after }) => `${path}: ${valueText(before)} -> ${valueText(after)}`);
  return [`${title}:`, ...shortened(lines), ''];
}

function sizeLines({ went, came, changed, unchanged }: SizeDifference): string[] {
  return [
    `Configurations that pass: ${count(came.length)} came, ${count(went.length)} went, ${count(changed.length)} changed, ` +
      `${count(unchanged)} as before`,
    ...shortened([
      ...came.map((row) => `came: ${row.id}, ${rowText(row)}`),
      ...went.map((row) => `went: ${row.id}, ${rowText(row)}`),
      ...changed.map(({ id, before, after }) => `${id}: ${rowText(before)} -> ${rowText(after)}`),
    ]),
  ];
}

const rowText = ({ rank, instances, replicas, usd_per_hour }: DiffRow): string =>
  `rank ${rank}, ${plural(instances, 'instance')}, ${plural(replicas, 'replica')}, ${usd(usd_per_hour)}/h`;

function sweepLines(points: SweepDifference): string[] {
  const {
    both,
    only_before,
    only_after,
    best_changed,
    instances_changed,
    cost_change_percent: cost,
    examples,
  } = points;
  return [
    `Points with an answer: ${count(both)} in both, ${count(only_before)} in the first alone, ${count(only_after)} in the second alone`,
    `Cheapest configuration: another one in ${plural(best_changed, 'point')}, other instances of the same in ${count(instances_changed)}`,
    cost
      ? `Cost per hour: median ${signed(cost.median)}, from ${signed(cost.least)} to ${signed(cost.most)}`
      : 'Cost per hour: no point has a price in both',
    ...shortened(
      examples.map(
        ({ axes, before, after }) =>
          `${Object.entries(axes)
            .map(([axis, value]) => `${axis} ${value ?? NONE}`)
            .join(', ')}: ${bestText(before)} -> ${bestText(after)}`,
      ),
    ),
  ];
}

const bestText = ({ id, instances, usd_per_hour }: BestOfPoint): string =>
  `${count(instances)} × ${id} at ${usd(usd_per_hour)}/h`;

const signed = (value: number): string => `${value > 0 ? '+' : ''}${percent(value, 1)}`;

function shortened(lines: readonly string[]): string[] {
  const more = lines.length - MOST_LINES;
  return [
    ...lines.slice(0, MOST_LINES).flatMap(bullet),
    ...(more > 0 ? bullet(`and ${count(more)} more (--json)`) : []),
  ];
}

const MOST_CHARACTERS = 60;

function valueText(value: unknown): string {
  if (value === null || value === undefined) return NONE;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS - 3)}...` : text;
}
