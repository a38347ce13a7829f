import type { RunDetail, RunEntry, RunRow } from '../../../src-worker/protocol/app-api.ts';
import { sweepSpecSchema } from '../../../src-worker/protocol/requests.ts';
import { count, NONE, plural, smallUsd, usd } from './format.ts';
import { facts, heading, table, textOf } from './layout.ts';

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
      runs.map(({ id, kind, status, points, rows, createdAt, name }) => [
        String(id),
        kind,
        status,
        count(points),
        count(rows),
        createdAt.slice(0, 'YYYY-MM-DD'.length),
        name.length > NAME_SHOWN ? `${name.slice(0, NAME_SHOWN - 3)}...` : name,
      ]),
    ),
  );
}

export function runReport(detail: RunDetail): string {
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
    ...bestLines(detail, entry.points),
  ]);
}

const MOST_POINTS = 40;

interface PointColumn {
  title: string;
  align?: 'right';
  cell: (row: RunRow) => string;
}

/** The cheapest passing row of each point, as far as a screen or two go. Axes that the sweep leaves open are left out. */
export function bestLines({ bestRows, answeredPoints, input }: RunDetail, points: number): string[] {
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
    ...(more > 0 ? [`and ${count(more)} more points (all in the export)`] : []),
    ...(missing > 0 ? [`${plural(missing, 'point')} without an answer that passes`] : []),
  ];
}

const deploymentIn = (row: RunRow): string => `${count(numberIn(row, 'instances'))} × ${textIn(row, 'instance')}`;

const numberIn = (row: RunRow, column: string): number | null => {
  const value = row[column];
  return typeof value === 'number' ? value : null;
};
const textIn = (row: RunRow, column: string): string => {
  const value = row[column];
  return value === null || value === undefined ? NONE : String(value);
};
