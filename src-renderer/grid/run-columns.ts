import type { RunDetail, RunRow } from '../../src-worker/protocol/app-api.ts';
import { configurationName, runNumber } from '../../src-worker/protocol/metrics.ts';
import { formatFixed, NO_VALUE } from '../../src-worker/protocol/numbers.ts';
import { columnUnit, sweepColumns } from '../../src-worker/protocol/sweep-columns.ts';
import { countColumn, runMetricColumn, textColumn, type Column } from '../format/columns.ts';
import { gpuLabel, lowerFirst, placeLabel, precisionLabel, pricingLabel, reasonLabel } from '../format/names.ts';
import { isAxisId, kindOf } from '../state/sweep-axis-kinds.ts';

/** Next to the name: what a sweep is mostly run for must not scroll out of view. */
const COST_COLUMNS = ['cost_usd_per_hour', 'cost_usd_per_1m_output_tokens'];
const METRIC_COLUMNS = ['ttft_ms_p95', 'tpot_ms_p50', 'tpot_ms_p95', 'capacity_share'];

const word = (row: RunRow, column: string): string => {
  const value = row[column];
  return value === null || value === undefined ? '' : String(value);
};

function cheapest(row: RunRow): string {
  const instances = runNumber(row, 'instances');
  if (instances !== null) return configurationName({ instances, instance: word(row, 'instance') });
  return row['reason'] ? `${NO_VALUE} ${lowerFirst(reasonLabel(word(row, 'reason')))}` : '';
}

/** Columns of axes that only a sweep over them has, by their names: those of every row are among the others. */
function axisColumns(columns: readonly string[], axisText: (name: string, value: string) => string): Column<RunRow>[] {
  const common = new Set(sweepColumns([]).map(({ name }) => name));
  return sweepColumns(columns).flatMap(({ name, type }) => {
    if (common.has(name) || !isAxisId(name)) return [];
    const { label, definition } = kindOf(name);
    return type === 'text'
      ? [textColumn<RunRow>(name, label, (row) => axisText(name, word(row, name)), definition)]
      : [axisNumber(name, label, definition)];
  });
}

/** A value of an axis in words; the host holds filters against what the exports have. */
const axisWords = (name: string, value: string): string =>
  name === 'pricing' && value !== '' ? pricingLabel(value) : value;

/** A number of an axis as the exports have it: filters of the host are held against the same. */
const axisNumber = (name: string, label: string, definition: string): Column<RunRow> => ({
  id: name,
  label,
  unit: columnUnit(name) ?? '',
  definition,
  isNumber: true,
  value: (row) => runNumber(row, name),
  text: (row) => numberText(runNumber(row, name)),
});

/** Digits as they were asked: a value of an axis is exact. */
const numberText = (value: number | null): string =>
  value === null || Number.isInteger(value) ? formatFixed(value) : String(value);

/** Columns of a stored run's rows, the axes first. */
export function runColumns(detail: Pick<RunDetail, 'columns' | 'bestRows'>): Column<RunRow>[] {
  const hasUsers = detail.bestRows.some((row) => runNumber(row, 'users') !== null);
  const hasStages = detail.bestRows.some((row) => (runNumber(row, 'pipeline_parallel') ?? 1) > 1);
  const caches = new Set(detail.bestRows.map((row) => word(row, 'kv_cache_dtype')).filter(Boolean));
  const metrics = (names: string[]): Column<RunRow>[] =>
    names.filter((name) => detail.columns.includes(name)).flatMap((name) => runMetricColumn(name) ?? []);
  return [
    textColumn('instance', 'Cheapest', cheapest),
    ...(hasUsers ? [countColumn<RunRow>('users', 'Users', (row) => runNumber(row, 'users'))] : []),
    ...axisColumns(detail.columns, axisWords),
    textColumn('quantization', 'Weights', (row) => precisionLabel(word(row, 'quantization'))),
    ...(caches.size > 1
      ? [textColumn<RunRow>('kv_cache_dtype', 'KV cache', (row) => precisionLabel(word(row, 'kv_cache_dtype')))]
      : []),
    ...metrics(COST_COLUMNS),
    textColumn('gpu', 'GPU', (row) => (word(row, 'gpu') === '' ? '' : gpuLabel(word(row, 'gpu')))),
    textColumn('region', 'Where', (row) =>
      placeLabel({ provider: word(row, 'provider'), zone: word(row, 'zone'), region: word(row, 'region') }),
    ),
    countColumn('tensor_parallel', 'TP', (row) => runNumber(row, 'tensor_parallel')),
    ...(hasStages
      ? [countColumn<RunRow>('pipeline_parallel', 'PP', (row) => runNumber(row, 'pipeline_parallel'))]
      : []),
    ...metrics(METRIC_COLUMNS),
  ];
}

/** Texts of a stored run, in the words of its exports: these are what the host holds filters against. */
const STORED_TEXTS: [column: string, label: string][] = [
  ['instance', 'Instance'],
  ['quantization', 'Weights'],
  ['gpu', 'GPU'],
  ['provider', 'Provider'],
  ['region', 'Region'],
  ['zone', 'Zone'],
  ['kv_cache_dtype', 'KV cache'],
  ['reason', 'Reason'],
];
const STORED_COUNTS: [column: string, label: string][] = [
  ['users', 'Users'],
  ['rank', 'Rank'],
  ['instances', 'Instances'],
  ['tensor_parallel', 'TP'],
  ['pipeline_parallel', 'PP'],
];

/** Columns of rows that the host sorts and filters: each is one of the run. */
export function storedColumns(columns: readonly string[]): Column<RunRow>[] {
  const made = [
    ...STORED_TEXTS.slice(0, 1).map(([name, label]) => textColumn<RunRow>(name, label, (row) => word(row, name))),
    ...STORED_COUNTS.map(([name, label]) => countColumn<RunRow>(name, label, (row) => runNumber(row, name))),
    ...axisColumns(columns, (_, value) => value),
    ...[...COST_COLUMNS, ...METRIC_COLUMNS].flatMap((name) => runMetricColumn(name) ?? []),
    ...STORED_TEXTS.slice(1).map(([name, label]) => textColumn<RunRow>(name, label, (row) => word(row, name))),
  ];
  return made.filter(({ id }) => columns.includes(id));
}
