import type { BenchmarkImport, MissingFact } from '../../../src-worker/protocol/benchmark-api.ts';
import type { MeasurementColumn, MeasurementRow } from '../../../src-worker/protocol/measurement-columns.ts';
import { count, decimal, millisecondNumber, NONE, plural } from './format.ts';
import { bullet, table, textOf } from './layout.ts';

const ROWS_SHOWN = 100;
const LINES_SHOWN = 20;

/** What came in, one line a run, and what has to be known of it. */
export function benchmarkReport({ files, rows, warnings, missing }: BenchmarkImport): string {
  const read = files.filter(({ rows: own }) => own > 0).length;
  return textOf([
    `${plural(rows.length, 'row')} from ${read === files.length ? '' : `${count(read)} of `}${plural(files.length, 'file')}.`,
    ...(rows.length === 0 ? [] : ['', ...rowTable(rows)]),
    ...section('Notes', noteLines(rows)),
    ...section(
      plural(warnings.length, 'warning'),
      warnings.map(({ pointId, sentence }) => `${pointId}: ${sentence}`),
    ),
    ...section(
      'Passed over',
      files.flatMap(({ file, problem, skipped }) =>
        problem === null ? skipped.map(({ reason, count: number }) => `${file}: ${count(number)} × ${reason}`) : [],
      ),
    ),
    ...section(
      'Not read',
      files.flatMap(({ problem }) => (problem === null ? [] : [problem])),
    ),
    ...section('Still missing', missing.map(missingText)),
  ]);
}

function section(title: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  const rest = lines.length - LINES_SHOWN;
  return [
    '',
    `${title}:`,
    ...lines.slice(0, LINES_SHOWN).flatMap(bullet),
    ...(rest > 0 ? [`  and ${count(rest)} more (--json lists all)`] : []),
  ];
}

function rowTable(rows: readonly MeasurementRow[]): string[] {
  const rest = rows.length - ROWS_SHOWN;
  return [
    ...table(
      [
        { title: 'No.', align: 'right' },
        { title: 'Kind' },
        { title: 'Load' },
        { title: 'Input', align: 'right' },
        { title: 'Output', align: 'right' },
        { title: 'TTFT ms', align: 'right' },
        { title: 'TPOT ms', align: 'right' },
        { title: 'Output tok/s', align: 'right' },
      ],
      rows
        .slice(0, ROWS_SHOWN)
        .map((row, index) => [
          String(index + 1),
          text(row, 'workload_kind'),
          loadText(row),
          decimal(number(row, 'isl')),
          decimal(number(row, 'osl')),
          millisecondNumber(number(row, 'ttft_ms_mean')),
          decimal(number(row, 'tpot_ms_mean')),
          rateText(row),
        ]),
    ),
    ...(rest > 0 ? [`and ${count(rest)} more rows (--json and --output have all)`] : []),
  ];
}

const number = (row: MeasurementRow, column: MeasurementColumn): number | null => {
  const value = row[column];
  return typeof value === 'number' ? value : null;
};
const text = (row: MeasurementRow, column: MeasurementColumn): string => {
  const value = row[column];
  return value === null ? NONE : String(value);
};

function loadText(row: MeasurementRow): string {
  const [rate, batch] = [number(row, 'request_rate_rps'), number(row, 'batch_or_concurrency')];
  if (rate !== null) return `${decimal(rate)} req/s${batch === null ? '' : `, ${count(batch)} at most`}`;
  if (batch === null) return NONE;
  return row.workload_kind === 'closed_loop' ? `${count(batch)} in flight` : `${count(batch)} at once`;
}

/** Output tokens, or all of them where only they are known. */
function rateText(row: MeasurementRow): string {
  const [output, total] = [number(row, 'output_tok_s'), number(row, 'total_tok_s')];
  return output === null && total !== null ? `${decimal(total)} all` : decimal(output);
}

/** Each note once, with the rows it is about. */
function noteLines(rows: readonly MeasurementRow[]): string[] {
  const rowsOf = new Map<string, number[]>();
  for (const [index, row] of rows.entries()) {
    const about = [row.model, row.gpu, row.notes].filter((part) => part !== null).join('; ');
    rowsOf.set(about, [...(rowsOf.get(about) ?? []), index + 1]);
  }
  return [...rowsOf].map(([note, numbers]) => `${numbersText(numbers)}: ${note}`);
}

/** 1–4, 7. */
function numbersText(numbers: readonly number[]): string {
  const parts: string[] = [];
  let start = 0;
  for (let at = 1; at <= numbers.length; at += 1) {
    if (at < numbers.length && numbers[at] === (numbers[at - 1] ?? 0) + 1) continue;
    const [first, last] = [numbers[start] ?? 0, numbers[at - 1] ?? 0];
    parts.push(first === last ? String(first) : `${first}–${last}`);
    start = at;
  }
  return parts.join(', ');
}

/** Options that give what files do not say. */
const OPTIONS: Partial<Record<MeasurementColumn, string>> = {
  model: '--model',
  gpu: '--gpu',
  engine: '--engine',
  tp: '--tp',
  weight_dtype: '--quantization',
  engine_version: '--engine NAME@VERSION',
};

function missingText({ column, rows, sentence }: MissingFact): string {
  const option = OPTIONS[column];
  const cure = option === undefined ? `Fill in ${column} in the CSV.` : `Give ${option}.`;
  return `${column} of ${plural(rows, 'row')}: ${sentence} ${cure}`;
}
