import type { GoodputDocument, GoodputGroup } from '../../../src-worker/protocol/run-analysis.ts';
import { formatSignificant } from '../../../src-worker/protocol/numbers.ts';
import {
  axesBesideChoice,
  axisWords,
  choiceWords,
  GOODPUT_DEFINITION,
  hasPrices,
  leftOutWords,
  metSentence,
  noGoodputWords,
  placeWords,
  valueWords,
} from '../../../src-worker/protocol/run-analysis-words.ts';
import { count, NONE, plural } from './format.ts';
import { bullet, heading, table, textOf, wrap } from './layout.ts';

const MOST_GROUPS = 8;
const MOST_ROWS = 15;

export function goodputReport(document: GoodputDocument): string {
  const { run_id: run, at, groups, loads, points_left_out: leftOut } = document;
  const shown = groups.slice(0, MOST_GROUPS);
  const unmet = loads.filter(({ points, points_met: met }) => met < points);
  const hasAny = groups.some(({ rows }) => rows.length > 0);
  const place = Object.keys(at).length > 0 ? ` (${placeWords(at)})` : '';
  return textOf([
    ...heading(`GOODPUT OF RUN ${run}`),
    ...wrap(`${GOODPUT_DEFINITION}${place}`),
    ...(hasAny ? [] : ['', ...wrap(noGoodputWords(groups))]),
    ...shown.flatMap((group) => ['', ...groupLines(group, hasPrices(document), loads.length)]),
    ...(groups.length > shown.length
      ? [
          '',
          ...wrap(
            `and ${plural(groups.length - shown.length, 'situation')} more: --at AXIS=VALUE picks, --json has all`,
          ),
        ]
      : []),
    ...(unmet.length > 0 ? ['', 'Loads at which not every point has an answer:'] : []),
    ...unmet
      .slice(0, MOST_ROWS)
      .flatMap((load) => bullet(`${axisWords(load.axis)} ${valueWords(load.axis, load.value)}: ${metSentence(load)}`)),
    ...wrap(leftOutWords(leftOut) ?? ''),
  ]);
}

function groupLines(group: GoodputGroup, isPriced: boolean, loads: number): string[] {
  const { at, rows } = group;
  const place = placeWords(at);
  // Of the run as a whole it has been said.
  if (rows.length === 0) return place === '' ? [] : wrap(`${place}: ${metSentence(group)}`);
  const shown = rows.slice(0, MOST_ROWS);
  const chosen = axesBesideChoice(rows);
  return [
    ...wrap(`${place === '' ? 'The run' : place}: ${metSentence(group)}`),
    '',
    ...table(
      [
        ...(isPriced ? [{ title: 'Requests/$', align: 'right' as const }] : []),
        { title: 'Per GPU', align: 'right' },
        { title: 'Req/s', align: 'right' },
        { title: 'Configuration' },
        ...chosen.map((axis) => ({ title: axisWords(axis) })),
        ...(loads > 1 ? [{ title: 'Loads', align: 'right' as const }] : []),
      ],
      shown.map((row) => [
        ...(isPriced ? [formatSignificant(row.requests_per_usd)] : []),
        formatSignificant(row.per_gpu_requests_per_s),
        formatSignificant(row.goodput_requests_per_s),
        `${count(row.instances)} × ${choiceWords(row)}`,
        ...chosen.map((axis) => valueWords(axis, row.chosen[axis] ?? NONE)),
        ...(loads > 1 ? [`${count(row.loads_met)} of ${count(loads)}`] : []),
      ]),
    ),
    ...(rows.length > shown.length
      ? [`and ${plural(rows.length - shown.length, 'configuration')} more in --json`]
      : []),
  ];
}
