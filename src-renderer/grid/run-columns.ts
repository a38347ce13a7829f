import type { RunDetail, RunRow } from '../../src-worker/protocol/app-api.ts';
import { configurationName, runNumber } from '../../src-worker/protocol/metrics.ts';
import { NO_VALUE } from '../../src-worker/protocol/numbers.ts';
import { countColumn, runMetricColumn, textColumn, type Column } from '../format/columns.ts';
import { gpuLabel, lowerFirst, placeLabel, precisionLabel, reasonLabel } from '../format/names.ts';

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

/** Columns of a stored run's rows, the axes first. */
export function runColumns(detail: Pick<RunDetail, 'columns' | 'bestRows'>): Column<RunRow>[] {
  const hasUsers = detail.bestRows.some((row) => runNumber(row, 'users') !== null);
  const metrics = (names: string[]): Column<RunRow>[] =>
    names.filter((name) => detail.columns.includes(name)).flatMap((name) => runMetricColumn(name) ?? []);
  return [
    textColumn('instance', 'Cheapest', cheapest),
    ...(hasUsers ? [countColumn<RunRow>('users', 'Users', (row) => runNumber(row, 'users'))] : []),
    textColumn('quantization', 'Weights', (row) => precisionLabel(word(row, 'quantization'))),
    ...metrics(COST_COLUMNS),
    textColumn('gpu', 'GPU', (row) => (word(row, 'gpu') === '' ? '' : gpuLabel(word(row, 'gpu')))),
    textColumn('region', 'Where', (row) =>
      placeLabel({ provider: word(row, 'provider'), zone: word(row, 'zone'), region: word(row, 'region') }),
    ),
    countColumn('tensor_parallel', 'TP', (row) => runNumber(row, 'tensor_parallel')),
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
  ['reason', 'Reason'],
];
const STORED_COUNTS: [column: string, label: string][] = [
  ['users', 'Users'],
  ['rank', 'Rank'],
  ['instances', 'Instances'],
  ['tensor_parallel', 'TP'],
];

/** Columns of rows that the host sorts and filters: each is one of the run. */
export function storedColumns(columns: readonly string[]): Column<RunRow>[] {
  const made = [
    ...STORED_TEXTS.slice(0, 1).map(([name, label]) => textColumn<RunRow>(name, label, (row) => word(row, name))),
    ...STORED_COUNTS.map(([name, label]) => countColumn<RunRow>(name, label, (row) => runNumber(row, name))),
    ...[...COST_COLUMNS, ...METRIC_COLUMNS].flatMap((name) => runMetricColumn(name) ?? []),
    ...STORED_TEXTS.slice(1).map(([name, label]) => textColumn<RunRow>(name, label, (row) => word(row, name))),
  ];
  return made.filter(({ id }) => columns.includes(id));
}
