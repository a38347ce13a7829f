import type { CalibrationDocument, ErrorBasis, MetricError } from '../../../src-worker/protocol/calibration.ts';
import { calibrationGain } from '../../../src-worker/protocol/calibration-gain.ts';
import { informedSentence } from '../../../src-worker/protocol/calibration-words.ts';
import { DEFAULT_CALIBRATION } from '../../../src-worker/protocol/names.ts';
import { skippedLines } from './accuracy-report.ts';
import { count, decimal, percentOfFraction, plural } from './format.ts';
import { heading, table, textOf, wrap } from './layout.ts';

export const BASIS_WORDS: Readonly<Record<ErrorBasis, string>> = {
  before: 'before',
  in_sample: 'after, on the same rows',
  group: 'groups left out',
  gpu: 'GPU left out',
  generation: 'engine left out',
  architecture: 'architecture left out',
};
const METRIC_WORDS = { tpot: 'TPOT', ttft: 'TTFT', e2e: 'E2E', throughput: 'throughput' } as const;
const WORST_SHOWN = 10;

/** What is said of a profile beside its document. */
export interface ProfileUse {
  isKept: boolean;
  isUsed: boolean;
  isFresh: boolean;
  /** Fitted to rows of the person's own, not to those that ship with the program. */
  isOfOwnRows: boolean;
}

/** What a calibration came to: errors before and after, on what was left out, and where it stays wrong. */
export function calibrationReport(
  document: CalibrationDocument,
  { isKept, isUsed, isFresh, isOfOwnRows }: ProfileUse,
): string {
  const { name, base, used, rows, repeated, parameters, informed } = document;
  return textOf([
    ...heading('CALIBRATION'),
    ...wrap(
      isFresh
        ? `Profile ${name} made anew: ${count(parameters)} parameters (${count(informed)} informed by the data) over ${count(used)} of ${plural(rows, 'measurement')}.`
        : `Profile ${name} from ${base}, over ${count(used)} of ${plural(rows, 'measurement')}. ${informedSentence(document)}`,
    ),
    ...(repeated === 0 ? [] : wrap(repeatedSentence(document))),
    '',
    'Errors, % in the median: over groups of source, GPU and model / over points',
    ...errorTable(document),
    ...(isFresh || !isOfOwnRows ? [] : verdictLines(document)),
    ...classTable(document),
    ...worstTable(document),
    ...skippedLines(document.skipped, document.skipped_reasons),
    '',
    ...endLines(name, isKept, isUsed),
  ]);
}

/** Rows of the base, and rows that were given twice. */
const repeatedSentence = ({ base, rows, repeated }: CalibrationDocument): string =>
  `${count(repeated)} of ${plural(rows, 'measurement')} ${repeated === 1 ? 'is' : 'are'} in profile ${base} already, or there twice: left out, since each counts once.`;

/** What got worse, or that nothing got better, as the window says it. */
function verdictLines(document: CalibrationDocument): string[] {
  const { warning } = calibrationGain(document);
  return warning === '' ? [] : ['', ...wrap(warning)];
}

function endLines(name: string, isKept: boolean, isUsed: boolean): string[] {
  if (!isKept) return [];
  if (isUsed)
    return wrap(
      `Kept, and used from now on. "configiq calibration use ${DEFAULT_CALIBRATION}" goes back, "configiq calibration remove ${name}" forgets it.`,
    );
  return wrap(
    `Kept. Try it with --calibration ${name}; "configiq calibration use ${name}" makes it the standing choice.`,
  );
}

const cell = ({ macro_percent: macro, points_percent: points, points: number }: MetricError): string =>
  number === 0 ? '–' : `${decimal(macro)} / ${decimal(points)} (${count(number)})`;

function errorTable({ errors }: CalibrationDocument): string[] {
  const metrics = Object.keys(METRIC_WORDS) as (keyof typeof METRIC_WORDS)[];
  return table(
    [{ title: 'Basis' }, ...metrics.map((metric) => ({ title: METRIC_WORDS[metric], align: 'right' as const }))],
    (Object.keys(BASIS_WORDS) as ErrorBasis[]).flatMap((basis) => {
      const of = errors[basis];
      if (!of) return [];
      return [
        [
          BASIS_WORDS[basis],
          ...metrics.map((metric) => cell(of.find((error) => error.metric === metric) as MetricError)),
        ],
      ];
    }),
  );
}

function classTable({ interval_classes: classes }: CalibrationDocument): string[] {
  if (classes.length === 0) return [];
  return [
    '',
    '80 % intervals on what was left out:',
    ...table(
      [
        { title: 'Metric' },
        { title: 'What was new' },
        { title: 'Points', align: 'right' },
        { title: 'Inside', align: 'right' },
        { title: 'Upper / lower', align: 'right' },
      ],
      classes.map(({ metric, novelty, points, coverage, median_width: width }) => [
        METRIC_WORDS[metric],
        novelty.replace('_', ' '),
        count(points),
        percentOfFraction(coverage),
        decimal(width),
      ]),
    ),
  ];
}

function worstTable({ worst_groups: worst }: CalibrationDocument): string[] {
  if (worst.length === 0) return [];
  return [
    '',
    'Worst groups while they were left out, %:',
    ...table(
      [
        { title: 'Group' },
        { title: 'Metric' },
        { title: 'Points', align: 'right' },
        { title: 'Median', align: 'right' },
        { title: 'Bias', align: 'right' },
      ],
      worst
        .slice(0, WORST_SHOWN)
        .map(({ group, metric, points, median_percent: median, bias_percent: bias }) => [
          group.split('|').join(', '),
          METRIC_WORDS[metric],
          count(points),
          decimal(median),
          `${bias > 0 ? '+' : ''}${decimal(bias)}`,
        ]),
    ),
  ];
}
