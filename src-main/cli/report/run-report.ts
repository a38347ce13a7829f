import type { RunDetail, RunEntry, RunRow } from '../../../src-worker/protocol/app-api.ts';
import { sweepSpecSchema, type SweepAxes } from '../../../src-worker/protocol/requests.ts';
import { count, NONE, plural, smallUsd, usd } from './format.ts';
import { facts, heading, table, textOf } from './layout.ts';
import { shortfallLines } from './shortfall-report.ts';

/** As much of a name as the line has room for; runs show prints it whole. */
const NAME_SHOWN = 28;

export function runListReport(runs: readonly RunEntry[]): string {
  if (runs.length === 0) return textOf(['No runs yet: configiq sweep stores one.']);
  return textOf(
    table(
      [
        { title: 'Run', align: 'right' },
        { title: 'Kind' },
        { title: 'Status' },
        { title: 'Points', align: 'right' },
        { title: 'Rows', align: 'right' },
        { title: 'Date' },
        { title: 'Name' },
      ],
      runs.map(({ id, kind, status, points, donePoints, rows, createdAt, name }) => [
        String(id),
        kind,
        status,
        // Of one that did not come to its end, what there is of it.
        donePoints < points ? `${count(donePoints)} of ${count(points)}` : count(points),
        count(rows),
        createdAt.slice(0, 'YYYY-MM-DD'.length),
        name.length > NAME_SHOWN ? `${name.slice(0, NAME_SHOWN - 3)}...` : name,
      ]),
    ),
  );
}

export function runReport(detail: RunDetail, targets: string): string {
  const { entry, versions } = detail;
  return textOf([
    ...heading(`RUN ${entry.id}: ${entry.name}`),
    ...facts([
      ['Model', entry.model],
      ['Question', entry.question],
      ['Status', entry.status],
      ['Points', `${count(entry.points)}, ${plural(entry.rows, 'row')}`],
      ['Catalog', versions['catalog'] ?? NONE],
    ]),
    '',
    ...bestLines(detail, entry.points, targets),
  ]);
}

const MOST_POINTS = 40;

interface PointColumn {
  title: string;
  align?: 'right';
  cell: (row: RunRow) => string;
}

/**
 * The cheapest passing row of each point, as far as a screen or two go, and why others have none. Axes that the sweep leaves open are
 * left out. `targets` are those asked for, in words.
 */
export function bestLines(
  { entry, bestRows, answeredPoints, input, shortfall }: RunDetail,
  points: number,
  targets: string,
): string[] {
  const shown = bestRows.slice(0, MOST_POINTS);
  const missing = points - answeredPoints;
  const more = answeredPoints - shown.length;
  const axes = sweepSpecSchema.safeParse(input).data?.axes;
  const hasZones = shown.some((row) => textIn(row, 'zone') !== NONE);
  const hasUsers = shown.some((row) => numberIn(row, 'users') !== null);
  const users: PointColumn = { title: 'Users', align: 'right', cell: (row) => count(numberIn(row, 'users')) };
  const tensorParallel: PointColumn = {
    title: 'TP',
    align: 'right',
    cell: (row) => count(numberIn(row, 'tensor_parallel')),
  };
  const zone: PointColumn = { title: 'Zone', cell: (row) => textIn(row, 'zone') };
  const columns: PointColumn[] = [
    ...axisColumns(axes, shown),
    ...(hasUsers ? [users] : []),
    { title: 'Quant.', cell: (row) => textIn(row, 'quantization') },
    ...(axes?.gpu ? [{ title: 'GPU', cell: (row: RunRow) => textIn(row, 'gpu') }] : []),
    ...(axes?.tp ? [tensorParallel] : []),
    ...(hasZones ? [zone] : []),
    // A zone tells the provider already, and together they would not fit the line.
    { title: 'Cheapest', cell: (row) => deploymentIn(row) + (hasZones ? '' : ` (${textIn(row, 'provider')})`) },
    { title: '$/h', align: 'right', cell: (row) => usd(numberIn(row, 'cost_usd_per_hour')) },
    { title: '$/request', align: 'right', cell: (row) => smallUsd(numberIn(row, 'cost_usd_per_request')) },
  ];
  return [
    ...(shown.length > 0
      ? table(
          columns,
          shown.map((row) => columns.map(({ cell }) => cell(row))),
        )
      : []),
    ...(more > 0
      ? [`and ${plural(more, 'point')} more: configiq runs rows ${entry.id} --best --offset ${shown.length}`]
      : []),
    ...(missing > 0 ? [...(shown.length > 0 ? [''] : []), ...shortfallLines(shortfall, missing, targets)] : []),
  ];
}

/** Axes that a point is told by beside its load, precision, GPU, TP and zone. */
const AXIS_TITLES: [axis: keyof SweepAxes, column: string, title: string][] = [
  ['model', 'model', 'Model'],
  ['workload', 'workload', 'Workload'],
  ['input_tokens', 'input_tokens', 'Prompt'],
  ['output_tokens', 'output_tokens', 'Answer'],
  ['prefix_hit_rate', 'prefix_hit_rate', 'Hits'],
  ['cacheable_ratio', 'cacheable_ratio', 'Cacheable'],
  ['calibration', 'calibration', 'Profile'],
  ['provider', 'provider', 'Provider'],
  ['instance', 'instance', 'Instance'],
  ['kv_cache_dtype', 'kv_cache_dtype', 'KV'],
  ['pp', 'pipeline_parallel', 'PP'],
  ['rate', 'rate', 'Requests/s'],
  ['think_time', 'think_time', 'Think s'],
  ['headroom', 'headroom', 'Headroom'],
  ['max_gpus', 'max_gpus', 'Most GPUs'],
  ['pricing', 'pricing', 'Pricing'],
  ['price_factor', 'price_factor', 'Price x'],
  ['region', 'region', 'Region'],
];

function axisColumns(axes: SweepAxes | undefined, shown: RunRow[]): PointColumn[] {
  const targets = Object.keys(axes?.sla ?? {}).map((metric): [string, string] => [
    `sla_${metric}_ms`,
    `${metric.replace('_', ' ').toUpperCase()} ms`,
  ]);
  const given = AXIS_TITLES.filter(([axis]) => axes?.[axis] !== undefined).map(([, column, title]) => [column, title]);
  return [...targets, ...given].map(([column = '', title = '']): PointColumn => ({
    title,
    ...(shown.some((row) => typeof row[column] === 'number') ? { align: 'right' as const } : {}),
    cell: (row) => {
      const value = row[column];
      return typeof value === 'number' ? decimalOrWhole(value) : shortName(textIn(row, column));
    },
  }));
}

const decimalOrWhole = (value: number): string => (Number.isInteger(value) ? count(value) : String(value));

/** A model without its owner. */
const shortName = (name: string): string => name.slice(name.lastIndexOf('/') + 1);

const deploymentIn = (row: RunRow): string => `${count(numberIn(row, 'instances'))} × ${textIn(row, 'instance')}`;

const numberIn = (row: RunRow, column: string): number | null => {
  const value = row[column];
  return typeof value === 'number' ? value : null;
};
const textIn = (row: RunRow, column: string): string => {
  const value = row[column];
  return value === null || value === undefined ? NONE : String(value);
};
