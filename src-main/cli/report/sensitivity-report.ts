import { metric } from '../../../src-worker/protocol/metrics.ts';
import { endWords } from '../../../src-worker/protocol/run-analysis-words.ts';
import type {
  SensitivityBar,
  SensitivityDocument,
  SensitivityEnd,
  SensitivityMetric,
} from '../../../src-worker/protocol/sensitivity.ts';
import { NONE } from './format.ts';
import { bullet, heading, table, textOf, wrap } from './layout.ts';

/** Characters of a bar from the base to its farthest end. */
const BAR = 10;

const METRIC_WORDS: Record<SensitivityMetric, string> = {
  usd_per_hour: 'cost in US$ an hour',
  usd_per_request: 'cost in US$ a request',
};

export function sensitivityReport(document: SensitivityDocument): string {
  const { base, base_reason: reason, by_percent: by, bars, left_out: leftOut, versions } = document;
  const shown = metric(document.metric);
  const money = (end: SensitivityEnd): string => shown.formatCell(end.outcome?.[document.metric] ?? null);
  const head = heading(`SENSITIVITY: ${METRIC_WORDS[document.metric]}, each input ${by} % down and up`);
  const prices = document.price_factor === 1 ? '' : ` with prices times ${document.price_factor}`;
  if (!base) return textOf([...head, ...wrap(reason ?? '')]);
  const farthest = Math.max(
    ...bars.flatMap(({ low, high }) =>
      [low, high].map((end) => Math.abs(difference(end, base[document.metric], document))),
    ),
  );
  const barText = (end: SensitivityEnd): string => {
    if (!end.outcome) return 'no answer';
    const from = difference(end, base[document.metric], document);
    const length = farthest > 0 ? Math.round((Math.abs(from) / farthest) * BAR) : 0;
    return (from < 0 ? '-' : '+').repeat(length);
  };
  return textOf([
    ...head,
    ...wrap(
      `Cheapest as asked${prices}: ${base.instances} × ${base.instance} (${base.provider}), TP ${base.tensor_parallel}, ${shown.formatCell(base[document.metric])} ${shown.unit}. The whole question is sized anew at each end.`,
    ),
    '',
    ...table(
      [
        { title: 'Input' },
        { title: 'Change', align: 'right' },
        { title: shown.unit, align: 'right' },
        { title: 'Beside the base' },
        { title: 'What changes' },
      ],
      bars.flatMap((bar) => [rowOf(bar.input, bar.low), rowOf('', bar.high)]),
    ),
    '',
    ...bars.flatMap(noteOf),
    ...leftOut.flatMap(({ input, reason: why }) => bullet(`${input}: ${why}`)),
    '',
    ...wrap(`Engine ${versions.engine}, catalog ${versions.catalog}, calibration ${versions.calibration}`),
  ]);

  function rowOf(input: string, end: SensitivityEnd): string[] {
    return [input, end.change, end.outcome ? money(end) : NONE, barText(end), endWords(end, base)];
  }
}

const difference = ({ outcome }: SensitivityEnd, base: number, { metric: id }: SensitivityDocument): number =>
  outcome ? outcome[id] - base : 0;

const noteOf = ({ input, value, unit, note }: SensitivityBar): string[] => {
  const now =
    value === null
      ? ''
      : ` (now ${Number(value.toPrecision(6)).toLocaleString('en-US')}${unit === '' ? '' : ` ${unit}`})`;
  return bullet(`${input}${now}: ${note}`);
};
