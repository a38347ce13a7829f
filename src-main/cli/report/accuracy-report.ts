import type {
  AccuracyDocument,
  AccuracyPoint,
  ColumnErrors,
  SkippedPoint,
  SkippedReason,
} from '../../../src-worker/protocol/accuracy.ts';
import { errorPercent } from '../../../src-worker/protocol/error-summary.ts';
import { count, decimal, percent, percentOfFraction, plural } from './format.ts';
import { bullet, heading, table, textOf, wrap } from './layout.ts';

const GROUPS_SHOWN = 40;
const MISSES_SHOWN = 10;

/** Errors by column and by group, the largest misses, and what could not be judged. */
export function accuracyReport(document: AccuracyDocument): string {
  const { points, metrics, skipped, skipped_reasons: reasons } = document;
  if (points.length === 0) {
    return textOf(['Nothing could be judged.', ...skippedLines(skipped, reasons)]);
  }
  return textOf([
    ...heading('PREDICTED AGAINST MEASURED'),
    ...wrap(
      `${plural(points.length, 'measurement')} with calibration profile ${document.calibration}. ${document.basis_sentence}`,
    ),
    '',
    'Errors by column (absolute, % of the measured value):',
    ...errorTable(metrics),
    '',
    ...groupLines(document),
    '',
    'Largest misses:',
    ...largestMisses(points),
    ...skippedLines(skipped, reasons),
  ]);
}

const COLUMN_WORDS: Readonly<Record<string, string>> = {
  output_tok_s: 'output tokens/s',
  total_tok_s: 'total tokens/s',
  req_s: 'requests/s',
};

const columnWords = (column: string): string =>
  COLUMN_WORDS[column] ??
  column.replace(
    /^([a-z0-9]+)_ms_(.+)$/,
    (_, kind: string, statistic: string) => `${kind.toUpperCase()} ${statistic.replace(/^p/, 'P')}`,
  );

function errorTable(metrics: ColumnErrors): string[] {
  return table(
    [
      { title: 'Column' },
      { title: 'Points', align: 'right' },
      { title: 'Median', align: 'right' },
      { title: 'Mean', align: 'right' },
      { title: 'P90', align: 'right' },
      { title: 'Bias', align: 'right' },
      { title: 'In 80% range', align: 'right' },
    ],
    Object.entries(metrics).map(([column, errors]) => [
      columnWords(column),
      count(errors.count),
      decimal(errors.median_absolute_percent),
      decimal(errors.mean_absolute_percent),
      decimal(errors.p90_absolute_percent),
      signed(errors.median_signed_percent),
      percentOfFraction(errors.interval_coverage),
    ]),
  );
}

const signed = (value: number | null): string => (value === null ? '–' : `${value > 0 ? '+' : ''}${decimal(value)}`);

/** The column of a group that says most of it: mean before median, latency before throughput. */
const TELLING = [
  'tpot_ms_mean',
  'tpot_ms_p50',
  'e2e_ms_mean',
  'e2e_ms_p50',
  'output_tok_s',
  'req_s',
  'ttft_ms_mean',
  'ttft_ms_p50',
];

function groupLines({ groups }: AccuracyDocument): string[] {
  const told = groups
    .flatMap((group) => {
      const column = TELLING.find((name) => group.metrics[name] !== undefined);
      const errors = column === undefined ? undefined : group.metrics[column];
      return column === undefined || !errors ? [] : [{ group, column, errors }];
    })
    .sort((a, b) => (b.errors.median_absolute_percent ?? 0) - (a.errors.median_absolute_percent ?? 0));
  const rest = told.length - GROUPS_SHOWN;
  return [
    `${plural(groups.length, 'group')} of source, GPU, model and kind of load, worst first (% in the median):`,
    ...table(
      [
        { title: 'Source' },
        { title: 'GPU' },
        { title: 'Model' },
        { title: 'Load' },
        { title: 'Column' },
        { title: 'Points', align: 'right' },
        { title: 'Error', align: 'right' },
        { title: 'Bias', align: 'right' },
      ],
      told
        .slice(0, GROUPS_SHOWN)
        .map(({ group, column, errors }) => [
          group.source_id,
          group.gpu.replace(/^nvidia-/, ''),
          shortModel(group.model),
          group.workload_kind,
          columnWords(column),
          count(errors.count),
          decimal(errors.median_absolute_percent),
          signed(errors.median_signed_percent),
        ]),
    ),
    ...(rest > 0 ? [`and ${count(rest)} more (--json lists all)`] : []),
  ];
}

const shortModel = (model: string): string => model.slice(model.lastIndexOf('/') + 1);

function largestMisses(points: readonly AccuracyPoint[]): string[] {
  const misses = points
    .flatMap((point) =>
      Object.entries(point.columns).map(([column, { measured, predicted, why }]) => ({
        point,
        column,
        measured,
        predicted,
        why,
        error: errorPercent({ measured, predicted }),
      })),
    )
    .sort((a, b) => Math.abs(Math.log(b.predicted / b.measured)) - Math.abs(Math.log(a.predicted / a.measured)))
    .slice(0, MISSES_SHOWN);
  return table(
    [
      { title: 'Point' },
      { title: 'Column' },
      { title: 'Measured', align: 'right' },
      { title: 'Predicted', align: 'right' },
      { title: 'Error', align: 'right' },
      { title: 'Why' },
    ],
    misses.map(({ point, column, measured, predicted, error, why }) => [
      point.point_id,
      columnWords(column),
      decimal(measured),
      decimal(predicted),
      `${signed(error)}%`,
      why ?? '',
    ]),
  );
}

/** Rows that are told one by one, the first of each kind: their values and what to do about them. */
const ROWS_SHOWN = 5;

/** What was passed over: by reason, and the first rows of each. */
export function skippedLines(skipped: readonly SkippedPoint[], reasons: readonly SkippedReason[]): string[] {
  const total = reasons.reduce((sum, { count: rows }) => sum + rows, 0);
  if (total === 0) return [];
  const first = new Map<string, SkippedPoint>();
  for (const point of skipped) {
    if (first.size === ROWS_SHOWN) break;
    const kind = point.reason.replace(/\d[\d.,]*|"[^"]*"/g, '');
    if (!first.has(kind)) first.set(kind, point);
  }
  return [
    '',
    `${plural(total, 'row')} skipped:`,
    ...reasons.flatMap(({ reason, count: rows }) => bullet(`${count(rows)} × ${reason}`)),
    '',
    'For example:',
    ...[...first.values()].flatMap(({ point_id: id, reason }) => bullet(`${id}: ${reason}`)),
  ];
}

export { columnWords, percent };
