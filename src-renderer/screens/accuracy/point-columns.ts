import type { Novelty } from '../../../src-worker/engine/calibration/types.ts';
import { formatError, NO_VALUE } from '../../../src-worker/protocol/numbers.ts';
import { textColumn, type Column } from '../../format/columns.ts';
import { type MeasuredColumn } from '../../format/measured-columns.ts';
import { engineWords, generationLabel, gpuLabel, lowerFirst } from '../../format/names.ts';
import { caseName, FILTERS, listedCaseName, whyOfMiss, type AccuracyRow } from './shown-points.ts';

const NOVELTY_LABELS: Readonly<Record<Novelty, string>> = {
  group_seen: 'Seen',
  group_new: 'New combination',
  gpu_unseen: 'GPU never measured',
  engine_unseen: 'Engine never measured',
  model_unseen: 'Kind of model never measured',
};

type PointColumn = Column<AccuracyRow>;

const figure = (
  id: string,
  label: string,
  { unit, format }: Pick<MeasuredColumn, 'unit' | 'format'>,
  value: (row: AccuracyRow) => number | null,
  definition = '',
): PointColumn => ({ id, label, unit, definition, isNumber: true, value, text: (row) => format(value(row)) });

const hidden = (column: PointColumn): PointColumn => ({ ...column, isHidden: true });

/** `8.5–14, inside`: the range, and whether the measured value lies in it. */
export function rangeWords({ lo, hi, isInRange }: AccuracyRow, { format }: Pick<MeasuredColumn, 'format'>): string {
  if (isInRange === null) return NO_VALUE;
  return `${format(lo)}–${format(hi)}, ${isInRange ? 'inside' : 'outside'}`;
}

/** The row in full: what a narrow table cuts off, and what a key press cannot point at. */
export function rowSentences(row: AccuracyRow, column: MeasuredColumn): string {
  const { point, measured, predicted, errorPercent } = row;
  const { format, unit, label } = column;
  const range =
    row.isInRange === null
      ? ''
      : `, 80 % range ${format(row.lo)}–${format(row.hi)} ${unit}: ${row.isInRange ? 'inside' : 'outside'}`;
  const why = whyOfMiss(row);
  return [
    `${caseName(point)}, ${point.load}, ${engineWords(point.engine)}, ${point.source_title}.`,
    `${label} measured ${format(measured)} ${unit}, predicted ${format(predicted)} ${unit} (${formatError(errorPercent)} %)${range}.`,
    ...(why === '' ? [] : [`Why: ${lowerFirst(why).replace(/\.$/, '')}.`]),
  ].join(' ');
}

/** Columns of the table of all points, for the metric that is shown. */
export function pointColumns(column: MeasuredColumn): PointColumn[] {
  return [
    { ...textColumn<AccuracyRow>('case', 'Case', ({ point }) => listedCaseName(point)), mostCharacters: 30 },
    figure(
      'error',
      'Error',
      { unit: '%', format: formatError },
      (row) => row.errorPercent,
      'Of the measured value; above zero, the prediction is too high.',
    ),
    figure('measured', 'Measured', column, (row) => row.measured),
    figure('predicted', 'Predicted', column, (row) => row.predicted),
    {
      ...textColumn<AccuracyRow>(
        'range',
        '80 % range',
        (row) => rangeWords(row, column),
        'Range of the prediction, and whether the measured value lies in it.',
      ),
      unit: column.unit,
      mostCharacters: 20,
    },
    {
      ...textColumn<AccuracyRow>('why', 'Why', whyOfMiss, 'What makes a figure that was missed hard to predict.'),
      mostCharacters: 44,
    },
    { ...textColumn<AccuracyRow>('load', 'Load', ({ point }) => point.load), mostCharacters: 27 },
    { ...textColumn<AccuracyRow>('engine', 'Engine', ({ point }) => engineWords(point.engine)), mostCharacters: 24 },
    { ...textColumn<AccuracyRow>('source', 'Source', ({ point }) => point.source_title), mostCharacters: 28 },
    hidden(figure('lo', 'Range from', column, (row) => row.lo, 'Lower end of the 80 % range.')),
    hidden(figure('hi', 'Range to', column, (row) => row.hi, 'Upper end of the 80 % range.')),
    hidden(textColumn('kind', 'Kind of load', ({ point }) => FILTERS.kind.words(point.workload_kind))),
    hidden(textColumn('generation', 'Predicted as', ({ point }) => generationLabel(point.generation))),
    hidden(textColumn('novelty', 'Measured before', ({ point }) => NOVELTY_LABELS[point.novelty])),
    hidden(
      textColumn('host', 'Host bound', ({ point }) => (point.host_bound ? 'yes' : 'no'), 'Most of a step is the host.'),
    ),
    hidden(textColumn('gpu', 'GPU', ({ point }) => gpuLabel(point.gpu))),
    hidden(textColumn('model', 'Model', ({ point }) => point.model)),
    hidden(textColumn('id', 'Point', ({ id }) => id)),
  ];
}
