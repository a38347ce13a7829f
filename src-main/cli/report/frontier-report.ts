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

const MOST_GROUPS = 12;
const MOST_POINTS = 20;

const metricWords = ({ label, unit }: AxisMetric): string => (unit === '' ? label : `${label}, ${unit}`);

export function frontierReport(document: FrontierDocument): string {
  const { run_id: run, x, y, per, at, groups, rows, rows_without: without, rows_left_out: leftOut } = document;
  const shown = groups.slice(0, MOST_GROUPS);
  const alone = Object.keys(at).length > 0 ? ` with ${placeWords(at)}` : '';
  const situations = per.length > 0 ? `, for each ${per.map(axisWords).join(' and ')} by itself` : '';
  const lead =
    rows === 0
      ? `No row of the run${alone} passes, so there is no frontier: configiq runs show ${run} says how its points ended.`
      : `Of ${plural(rows, 'row')} that pass${alone}, those that no other beats in both${situations}. ${betterWords(x, y)}`;
  return textOf([
    ...heading(`FRONTIER OF RUN ${run}: ${x.label} against ${y.label}`),
    ...wrap(lead),
    ...shown.flatMap((group) => ['', ...groupLines(group, x, y)]),
    ...(groups.length > shown.length
      ? [
          '',
          ...wrap(
            `and ${plural(groups.length - shown.length, 'situation')} more: --at AXIS=VALUE picks, --json has all`,
          ),
        ]
      : []),
    ...(without > 0
      ? ['', ...wrap(`${plural(without, 'row')} without one of the two figures left out: hardware without a price.`)]
      : []),
    ...(leftOut > 0
      ? ['', ...wrap(`${plural(leftOut, 'row')} of further situations left out: fix axes with --at to see them.`)]
      : []),
  ]);
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
