import { metric } from '../../../src-worker/protocol/metrics.ts';
import type { AxisMetric, FrontierDocument, FrontierGroup } from '../../../src-worker/protocol/run-analysis.ts';
import {
  axesBesideChoice,
  axisWords,
  betterWords,
  choiceWords,
  placeWords,
  valueWords,
} from '../../../src-worker/protocol/run-analysis-words.ts';
import { count, plural } from './format.ts';
import { heading, table, textOf, wrap } from './layout.ts';
import { shortfallLines } from './shortfall-report.ts';

const MOST_GROUPS = 12;
const MOST_POINTS = 20;

const metricWords = ({ label, unit }: AxisMetric): string => (unit === '' ? label : `${label}, ${unit}`);

/** `targets` are those that the run asked for, in words. */
export function frontierReport(document: FrontierDocument, targets: string): string {
  const { run_id: run, x, y, per, at, groups, rows, no_answer: shortfall } = document;
  const alone = Object.keys(at).length > 0 ? ` with ${placeWords(at)}` : '';
  const head = heading(`FRONTIER OF RUN ${run}: ${x.label} against ${y.label}`);
  if (shortfall) {
    return textOf([
      ...head,
      ...wrap(`No row of the run${alone} passes, so there is no frontier.`),
      '',
      ...shortfallLines(shortfall, shortfall.points, targets),
    ]);
  }
  // Where no row of a situation has both figures there is nothing to draw.
  const drawn = groups.filter(({ points }) => points.length > 0);
  const shown = drawn.slice(0, MOST_GROUPS);
  const situations = per.length > 0 ? `, for each ${per.map(axisWords).join(' and ')} by itself` : '';
  return textOf([
    ...head,
    ...(drawn.length > 0
      ? wrap(
          `Of ${plural(rows, 'row')} that pass${alone}, those that no other beats in both${situations}. ${betterWords(x, y)}`,
        )
      : wrap(
          `${plural(rows, 'row')} pass${rows === 1 ? 'es' : ''}${alone}, and none has both figures: hardware without a price has no cost. Take two metrics that need none, --x ttft_p95 --y tpot_p50 for one, or say what an hour of it costs.`,
        )),
    ...shown.flatMap((group) => ['', ...groupLines(group, x, y)]),
    ...(drawn.length > shown.length
      ? [
          '',
          ...wrap(
            `and ${plural(drawn.length - shown.length, 'situation')} more: --at AXIS=VALUE picks, --json has all`,
          ),
        ]
      : []),
    ...(drawn.length > 0 ? leftOutLines(document) : []),
  ]);
}

function leftOutLines({ groups, rows_without: without, rows_left_out: leftOut }: FrontierDocument): string[] {
  const empty = groups.filter(({ points }) => points.length === 0).length;
  const whole = empty > 0 ? `, all of ${plural(empty, 'situation')} among them` : '';
  return [
    ...(without > 0
      ? [
          '',
          ...wrap(
            `${plural(without, 'row')} without one of the two figures left out${whole}: hardware without a price.`,
          ),
        ]
      : []),
    ...(leftOut > 0
      ? ['', ...wrap(`${plural(leftOut, 'row')} of further situations left out: fix axes with --at to see them.`)]
      : []),
  ];
}

function groupLines({ at, rows, points }: FrontierGroup, x: AxisMetric, y: AxisMetric): string[] {
  const place = placeWords(at);
  const shown = points.slice(0, MOST_POINTS);
  const chosen = axesBesideChoice(points);
  return [
    ...(place === '' ? [] : [`${place}: ${plural(points.length, 'choice')} of ${plural(rows, 'row')}`, '']),
    ...table(
      [
        { title: metricWords(x), align: 'right' },
        { title: metricWords(y), align: 'right' },
        { title: 'Configuration' },
        ...chosen.map((axis) => ({ title: axisWords(axis) })),
        { title: 'Alike', align: 'right' },
      ],
      shown.map((point) => [
        metric(x.id).format(point.x),
        metric(y.id).format(point.y),
        `${count(point.instances)} × ${choiceWords(point)}`,
        ...chosen.map((axis) => valueWords(axis, point.chosen[axis] ?? '')),
        point.others > 0 ? `+${count(point.others)}` : '',
      ]),
    ),
    ...(points.length > shown.length ? [`and ${count(points.length - shown.length)} more`] : []),
  ];
}
