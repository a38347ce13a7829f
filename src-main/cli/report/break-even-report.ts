import type { BreakEvenDocument, Comparison, ComparisonDocument } from '../../../src-worker/protocol/run-analysis.ts';
import {
  axisWords,
  changeWords,
  comparisonWords,
  leftOutWords,
  onlyWords,
  placeWords,
  spanWords,
  unchangedWords,
  valueWords,
} from '../../../src-worker/protocol/run-analysis-words.ts';
import { count, decimal, NONE, plural, usd } from './format.ts';
import { bullet, heading, table, textOf, wrap } from './layout.ts';

const MOST_LINES = 20;
const MOST_STEPS = 24;
const MOST_VALUES = 24;

const lines = (sentence: string | null): string[] => (sentence === null ? [] : ['', ...wrap(sentence)]);
const atWords = (at: BreakEvenDocument['at']): string => (Object.keys(at).length > 0 ? ` (${placeWords(at)})` : '');

export function breakEvenReport(document: BreakEvenDocument): string {
  const { run_id: run, along, at, points_left_out: leftOut } = document;
  const changing = document.lines.filter(({ changes }) => changes.length > 0);
  const still = document.lines.filter(({ changes }) => changes.length === 0);
  const shown = [...changing, ...still].slice(0, MOST_LINES);
  return textOf([
    ...heading(`BREAK-EVENS OF RUN ${run} ALONG ${axisWords(along).toUpperCase()}`),
    ...wrap(
      `Where the cheapest choice that meets the targets changes${atWords(at)}. Deployments grow by whole instances, so a change lies somewhere between two values that were computed.`,
    ),
    ...shown.flatMap((line) => {
      const place = placeWords(line.at);
      return [
        '',
        ...(place === '' ? [] : [`${place}:`]),
        ...(line.changes.length === 0
          ? bullet(unchangedWords(line, along))
          : line.changes.flatMap((change) => bullet(changeWords(line, along, change)))),
      ];
    }),
    ...(document.lines.length > shown.length
      ? lines(`and ${plural(document.lines.length - shown.length, 'line')} more: --at AXIS=VALUE picks, --json has all`)
      : []),
    ...lines(leftOutWords(leftOut)),
  ]);
}

export function comparisonReport(document: ComparisonDocument): string {
  const { run_id: run, between, along, at, values, pairs, points_left_out: leftOut } = document;
  return textOf([
    ...heading(`BREAK-EVENS OF RUN ${run} BETWEEN VALUES OF ${axisWords(between).toUpperCase()}`),
    ...wrap(`The cheapest choice with the one against that with the other, all other axes alike${atWords(at)}.`),
    ...(values.length < 2 ? lines(`Only one value of ${axisWords(between)} has points here: nothing compares.`) : []),
    // Of two values the sentence of their pair says it all.
    ...(values.length > 2 ? valueLines(document) : []),
    ...pairs.flatMap((pair) => [
      ...lines(comparisonWords(between, pair)),
      ...wrap(onlyWords(between, pair) ?? ''),
      ...(along === null ? [] : flipLines(pair, between, along)),
      ...(pairs.length === 1 ? stepLines(pair, between, along) : []),
    ]),
    ...lines(leftOutWords(leftOut)),
  ]);
}

function valueLines({ between, values, situations }: ComparisonDocument): string[] {
  const shown = values.slice(0, MOST_VALUES);
  const hasGaps = shown.some(({ situations: priced }) => priced < situations);
  const hasAlone = shown.some(({ alone }) => alone > 0);
  return [
    '',
    ...table(
      [
        { title: axisWords(between) },
        { title: 'x cheapest', align: 'right' },
        { title: '$/h', align: 'right' },
        { title: 'Cheapest in', align: 'right' },
        ...(hasAlone ? [{ title: 'Alone in', align: 'right' as const }] : []),
        ...(hasGaps ? [{ title: 'Priced in', align: 'right' as const }] : []),
      ],
      shown.map(({ value, situations: priced, alone, cheapest, usd_per_hour: cost, times_cheapest: times }) => [
        valueWords(between, value),
        decimal(times?.mean),
        cost ? spanWords(cost.least, cost.most, usd) : NONE,
        priced > alone ? `${count(cheapest)} of ${count(priced - alone)}` : NONE,
        ...(hasAlone ? [count(alone)] : []),
        ...(hasGaps ? [`${count(priced)} of ${count(situations)}`] : []),
      ]),
    ),
    ...(values.length > shown.length ? [`and ${plural(values.length - shown.length, 'value')} more in --json`] : []),
    '',
    ...wrap(
      `x cheapest: its cost over that of the cheapest value, all other axes alike, on average over the situations in which it and another have a cost.${hasAlone ? ' Alone in: no other has a cost there, so nothing compares.' : ''}`,
    ),
  ];
}

function flipLines({ a, b, lines: found }: Comparison, between: string, along: string): string[] {
  const flips = found.flatMap(({ at, changes }) => changes.map((change) => ({ at, change })));
  return flips.slice(0, MOST_LINES).flatMap(({ at, change }) => {
    const place = placeWords(at);
    const side = (ratio: number): string =>
      ratio === 1 ? 'both alike' : `${valueWords(between, ratio < 1 ? b : a)} cheaper`;
    return bullet(
      `${place === '' ? '' : `${place}: `}${axisWords(along)} ${valueWords(along, change.from)} to ${valueWords(along, change.to)}: from ${side(change.ratio_before)} to ${side(change.ratio_after)}`,
    );
  });
}

function stepLines({ a, b, lines: found }: Comparison, between: string, along: string | null): string[] {
  const steps = found.flatMap(({ at, steps: own }) => own.map((step) => ({ at, ...step })));
  const shown = steps.slice(0, MOST_STEPS);
  const [nameA, nameB] = [valueWords(between, a), valueWords(between, b)];
  const hasPlaces = shown.some(({ at }) => Object.keys(at).length > 0);
  if (shown.length === 0) return [];
  return [
    '',
    ...table(
      [
        ...(hasPlaces ? [{ title: 'Situation' }] : []),
        ...(along === null ? [] : [{ title: axisWords(along), align: 'right' as const }]),
        { title: `${nameA} $/h`, align: 'right' },
        { title: `${nameB} $/h`, align: 'right' },
        { title: 'Ratio', align: 'right' },
      ],
      shown.map(({ at, value, a: costA, b: costB, ratio }) => [
        ...(hasPlaces ? [placeWords(at)] : []),
        ...(along === null ? [] : [value === null ? '' : valueWords(along, value)]),
        usd(costA?.usd_per_hour),
        usd(costB?.usd_per_hour),
        ratio === null ? '–' : ratio.toFixed(3),
      ]),
    ),
    ...(steps.length > shown.length ? [`and ${plural(steps.length - shown.length, 'situation')} more in --json`] : []),
  ];
}
