import type { AppApi, RunRow, RunRowsPage } from '../../../src-worker/protocol/app-api.ts';
import { documentText, SCHEMA_VERSION } from '../../../src-worker/protocol/documents.ts';
import { MOST_PAGE_ROWS, type RunRowsDraft } from '../../../src-worker/protocol/run-rows.ts';
import type { Options, Run } from '../context.ts';
import { EXIT, unwrap, usageError } from '../errors.ts';
import { runRowsCsv, runRowsReport, tableColumns } from '../report/run-rows-report.ts';
import { rowFilter, rowSort } from '../row-question.ts';
import { runNumber } from '../run-number.ts';

/** A few screens of a table. */
const ROWS_WHERE_NOT_SAID = 50;
/** Held at once, some 20 MB; an export takes any number. */
const MOST_ROWS = 10_000;

/** `configiq runs rows`: rows of a run as the window's table has them, by order, filters and page. No row = exit 3. */
export const runRunsRows: Run = async ({ service, terminal }, options, [number = '']) => {
  const { json, csv } = options;
  if (json === true && csv === true) throw usageError('--json and --csv exclude each other: keep one.');
  const asked = askedRows(runNumber(number), options);
  const { api } = await service();
  const { rows, total, columns: known } = await readRows(api, asked);
  const columns = asked.columns ?? known.filter((column) => column !== LONG);
  if (json === true) {
    const cells = rows.map((row) => Object.fromEntries(columns.map((column) => [column, row[column] ?? null])));
    terminal.print(documentText({ schema_version: SCHEMA_VERSION, total, offset: asked.offset, columns, rows: cells }));
  } else if (csv === true) {
    terminal.print(runRowsCsv(columns, rows));
  } else {
    const { input } = unwrap(await api.readRun(asked.runId));
    const shown = asked.columns ?? tableColumns(rows, known, input, askedColumns(asked));
    const { offset, filters, onlyBest } = asked;
    terminal.print(
      runRowsReport(shown, rows, { total, offset, filters: filters?.length ?? 0, onlyBest: onlyBest === true }),
    );
  }
  return total > 0 ? EXIT.answered : EXIT.noAnswer;
};

/** Left out unless it is named, as the service does: it is long and follows from the rest. */
const LONG = 'vllm_command';

interface Asked extends RunRowsDraft {
  offset: number;
  limit: number;
  columns: string[] | null;
}

function askedRows(runId: number, { sort, filter, columns, best, limit, offset }: Options): Asked {
  return {
    runId,
    sort: typeof sort === 'string' ? rowSort(sort) : null,
    filters: ((filter ?? []) as string[]).map(rowFilter),
    columns: (columns ?? null) as string[] | null,
    onlyBest: best === true,
    limit: wholeNumber('--limit', limit ?? ROWS_WHERE_NOT_SAID, { least: 1, most: MOST_ROWS }),
    offset: wholeNumber('--offset', offset ?? 0, { least: 0, most: Number.MAX_SAFE_INTEGER }),
  };
}

/** The columns that a person speaks of belong to the table. */
const askedColumns = ({ sort, filters }: RunRowsDraft): string[] => [
  ...(sort ? [sort.column] : []),
  ...(filters ?? []).map(({ column }) => column),
];

function wholeNumber(flag: string, value: unknown, { least, most }: { least: number; most: number }): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  const cure = flag === '--limit' ? ' (runs export writes all of them)' : '';
  const upTo = most === Number.MAX_SAFE_INTEGER ? 'on' : `to ${most.toLocaleString('en-US')}${cure}`;
  throw usageError(`${flag} takes a whole number from ${least} ${upTo}, got ${String(value)}.`);
}

/** Page by page, as one answer has no more. */
async function readRows(
  api: AppApi,
  asked: Asked,
): Promise<Pick<RunRowsPage, 'total' | 'columns'> & { rows: RunRow[] }> {
  const rows: RunRow[] = [];
  for (;;) {
    const limit = Math.min(asked.limit - rows.length, MOST_PAGE_ROWS);
    const page = unwrap(await api.runRows({ ...asked, offset: asked.offset + rows.length, limit }));
    rows.push(...page.rows);
    if (page.rows.length < limit || rows.length === asked.limit) return { ...page, rows };
  }
}
