import { KV_CACHE_BYTES } from '../../src-worker/engine/validation/cache-formats.ts';
import { impossibleMonth, saysVersion } from '../../src-worker/engine/validation/generation.ts';
import {
  RESULT_COLUMNS,
  WORKLOAD_KINDS,
  type Measurement,
  type WorkloadKind,
} from '../../src-worker/engine/validation/types.ts';
import { unneutralized } from '../../src-worker/protocol/csv-text.ts';
import {
  MOST_MEASURED,
  type MeasurementColumn,
  type MeasurementRow,
} from '../../src-worker/protocol/measurement-columns.ts';
import { INFINITE_RATE_REQ_PER_S } from './formats/run-draft.ts';
import { arrivalOf } from './stated-arrival.ts';

/** Why a row cannot be used. No exception: a million of them would take a minute of stack traces. */
export interface RowProblem {
  /** The reason without values. */
  kind: string;
  sentence: string;
}

/** Characters of a cell that a sentence shows. */
export const LONGEST_SHOWN = 40;
// eslint-disable-next-line no-control-regex -- a cell must not steer the terminal
const shown = (text: string): string => text.replace(/[\u0000-\u001f\u007f]+/g, ' ').slice(0, LONGEST_SHOWN);

/** What a row may have to have, in words, by its column. */
const NEEDED_WORDS = {
  workload_kind: 'kind of load',
  model: 'model',
  gpu: 'GPU',
  engine: 'engine',
} as const;
export type NeededCell = keyof typeof NEEDED_WORDS;

/** The cells of a row by their columns, empty where it has none. */
export interface RowCells {
  cell(column: string): string;
  /** The text to be kept. */
  own(text: string): string;
}

/**
 * The measurement that the cells of a row make, or why it cannot be used. One for all rows, wherever they come from; `needed`
 * cells must not be empty, `id` is what a row without one is called.
 */
export function checkedRow(
  cells: RowCells,
  { id, needed }: { id: string; needed: readonly NeededCell[] },
): Measurement | RowProblem {
  const row = new Row(cells, needed);
  const measurement = measurementOf(row, id);
  return row.problem ?? measurement;
}

/** The same for a row that is not in a file yet: its cells are what would be written. */
export function checkedCells(row: MeasurementRow, needed: readonly NeededCell[]): Measurement | RowProblem {
  const cells: RowCells = {
    // Columns are asked for by their names alone.
    cell: (column) => String(row[column as MeasurementColumn] ?? ''),
    own: (text) => text,
  };
  return checkedRow(cells, { id: '', needed });
}

/** What JavaScript takes for a number and nobody measures with: 0x3e8, 0b11, 0o17. */
const OTHER_BASE = /^0[xbo]/i;

/** One row; the first cell that cannot be used is its problem, and reads as empty like every other. */
class Row {
  problem: RowProblem | null = null;
  readonly #cells: RowCells;
  readonly #needed: readonly NeededCell[];

  constructor(cells: RowCells, needed: readonly NeededCell[]) {
    this.#cells = cells;
    this.#needed = needed;
  }

  refuse(kind: string, sentence: string): null {
    this.problem ??= { kind, sentence };
    return null;
  }

  number(column: string): number | null {
    const text = this.#cells.cell(column);
    if (text === '') return null;
    const value = Number(text);
    if (Number.isFinite(value) && !OTHER_BASE.test(text)) {
      if (value >= 0) return value;
      return this.refuse(
        `${column} is below zero`,
        `${column} is ${value}: a measured value is not below zero; correct it, or leave the cell empty.`,
      );
    }
    const isWord = /^[+-]?(nan|inf(inity)?|n\/?a|null|none|-+)$/i.test(text);
    const cure = isWord
      ? 'leave the cell empty where nothing was measured'
      : 'write the number alone, in the unit of the column, without marks between thousands';
    return this.refuse(`${column} is not a number`, `${column} is "${shown(text)}", not a number: ${cure}.`);
  }

  positive(column: string): number | null {
    const value = this.number(column);
    if (value !== 0) return value;
    return this.refuse(`${column} is 0`, `${column} is 0: leave the cell empty where it is not known.`);
  }

  /** A mean of requests: at least one of them. */
  requests(column: string): number | null {
    const value = this.positive(column);
    if (value === null || value >= 1) return value;
    return this.refuse(`${column} is below 1`, `${column} is ${value}: at least one request is needed.`);
  }

  rate(column: string): number | null {
    const value = this.positive(column);
    if (value === null || value < INFINITE_RATE_REQ_PER_S) return value;
    return this.refuse(
      `${column} is no rate`,
      `${column} is ${value}: from ${INFINITE_RATE_REQ_PER_S.toLocaleString('en-US')} on it means all at once, which is the workload_kind offline_max without a rate.`,
    );
  }

  count(column: string): number | null {
    const value = this.positive(column);
    if (value === null || Number.isInteger(value)) return value;
    return this.refuse(`${column} is no whole number`, `${column} is ${value}: a whole number from 1 is needed.`);
  }

  share(column: string): number | null {
    const value = this.positive(column);
    if (value === null || value <= 1) return value;
    return this.refuse(`${column} is above 1`, `${column} is ${value}: it is a share, 0.9 for 90 %.`);
  }

  text(column: string): string | null {
    const text = unneutralized(this.#cells.cell(column));
    return text === '' ? null : this.#cells.own(text);
  }

  /** Empty together with a problem, or where it need not be there. */
  needed(column: NeededCell): string {
    const text = this.text(column);
    if (text === null && this.#needed.includes(column)) {
      const what = NEEDED_WORDS[column];
      this.refuse(`no ${what} is given`, `No ${what} is given: the column ${column} is empty.`);
    }
    return text ?? '';
  }

  /** Read as the first of them together with a problem. */
  kind(): WorkloadKind {
    const text = this.needed('workload_kind');
    const kind = WORKLOAD_KINDS.find((known) => known === text);
    if (kind) return kind;
    this.refuse(
      'workload_kind is not known',
      `workload_kind "${shown(text)}" is none of ${WORKLOAD_KINDS.join(', ')}.`,
    );
    return WORKLOAD_KINDS[0];
  }

  engineVersion(): string | null {
    const text = this.text('engine_version');
    const month = text === null ? null : impossibleMonth(text);
    if (month !== null) {
      return this.refuse(
        'engine_version is no version',
        `engine_version is "${shown(text ?? '')}", and there is no month ${month}: write year and month as 2026-02, or leave it empty.`,
      );
    }
    if (text === null || saysVersion(text)) return text;
    return this.refuse(
      'engine_version is no version',
      `engine_version is "${shown(text)}", no version: write it as 0.11.0, 1.2.0rc1, 2024 or 2026-02, or leave it empty.`,
    );
  }

  arrival(): string | null {
    return arrivalOf(this.text('arrival'), this.text('notes'));
  }

  kvFormat(): string | null {
    const text = this.text('kv_dtype');
    if (text === null || Object.hasOwn(KV_CACHE_BYTES, text.toLowerCase())) return text;
    const known = Object.keys(KV_CACHE_BYTES).join(', ');
    return this.refuse(
      'kv_dtype is not known',
      `kv_dtype is "${shown(text)}", none of ${known}: write one of them, or leave it empty.`,
    );
  }
}

function measurementOf(row: Row, fallbackId: string): Measurement {
  const id = row.text('point_id');
  const kind = row.kind();
  const measurement: Measurement = {
    pointId: id ?? fallbackId,
    sourceId: row.text('source_id') ?? 'unknown',
    model: row.needed('model'),
    gpu: row.needed('gpu'),
    gpuCount: row.count('gpu_count'),
    tensorParallel: row.count('tp'),
    pipelineParallel: row.count('pp'),
    expertParallel: row.count('ep'),
    dataParallel: row.count('dp'),
    engine: row.needed('engine').toLowerCase(),
    engineVersion: row.engineVersion(),
    engineGeneration: row.text('engine_generation'),
    weightDtype: row.text('weight_dtype'),
    kvDtype: row.kvFormat(),
    kind,
    inputTokens: row.positive('isl'),
    outputTokens: row.positive('osl'),
    inputTokensNominal: row.positive('isl_nominal'),
    outputTokensNominal: row.positive('osl_nominal'),
    batchOrConcurrency: row.requests('batch_or_concurrency'),
    requestRatePerS: row.rate('request_rate_rps'),
    numPrompts: row.requests('num_prompts'),
    arrival: row.arrival(),
    prefixTokens: row.number('prefix_tokens'),
    coldRequests: row.number('cold_requests'),
    maxNumSeqs: row.count('max_num_seqs'),
    maxNumBatchedTokens: row.count('max_num_batched_tokens'),
    gpuMemoryUtilization: row.share('gpu_memory_utilization'),
    regime: row.text('regime'),
    measured: resultsOf(row),
  };
  checkGpus(row, measurement);
  checkPrefix(row, measurement);
  return measurement;
}

/** The GPUs of a row are those its matrices, layers and copies are shared out over. */
function checkGpus(row: Row, { gpuCount, tensorParallel, pipelineParallel, dataParallel }: Measurement): void {
  if (gpuCount === null || tensorParallel === null) return;
  const gpus = tensorParallel * (pipelineParallel ?? 1) * (dataParallel ?? 1);
  if (gpus === gpuCount) return;
  row.refuse(
    'gpu_count is not tp × pp × dp',
    `gpu_count is ${gpuCount}, and tp × pp × dp ${gpus}: give the GPUs of one instance, or leave gpu_count empty.`,
  );
}

function checkPrefix(row: Row, { prefixTokens, inputTokens }: Measurement): void {
  if (prefixTokens === null || inputTokens === null || prefixTokens <= inputTokens) return;
  row.refuse(
    'prefix_tokens is above isl',
    `prefix_tokens is ${prefixTokens}, and the prompt has ${inputTokens} tokens (isl): what is found in the cache is a part of it.`,
  );
}

function resultsOf(row: Row): Record<string, number> {
  const measured: Record<string, number> = {};
  let count = 0;
  for (const column of RESULT_COLUMNS) {
    const value = row.number(column);
    if (value === null) continue;
    if (value === 0) row.refuse(`${column} is 0`, `${column} is 0: nothing was measured; leave the cell empty.`);
    if (value > MOST_MEASURED)
      row.refuse(
        `${column} is too large`,
        `${column} is ${value}: nothing measured that; correct it, or leave the cell empty.`,
      );
    measured[column] = value;
    count += 1;
  }
  if (count === 0)
    row.refuse(
      'no result is given',
      'None of its results is given: there is nothing to compare; fill in a latency or a rate, or take the row out.',
    );
  checkOrder(row, measured);
  return measured;
}

/** Columns of the percentiles of each quantity, upwards. */
const PERCENTILES = ['ttft', 'tpot', 'e2e'].map((quantity) =>
  ['p50', 'p90', 'p95', 'p99'].map((statistic) => `${quantity}_ms_${statistic}`),
);
/** Printed figures are rounded. */
const ORDER_TOLERANCE = 0.01;

/** A percentile is not below a smaller one, unless its unit is another. */
function checkOrder(row: Row, measured: Readonly<Record<string, number>>): void {
  for (const columns of PERCENTILES) {
    let below = '';
    let least = 0;
    for (const column of columns) {
      const value = measured[column];
      if (value === undefined) continue;
      if (value < least * (1 - ORDER_TOLERANCE)) {
        row.refuse(
          `${column} is below ${below}`,
          `${column} ${value} is below ${below} ${least}: one of them is in another unit, or in the wrong column.`,
        );
      }
      below = column;
      least = value;
    }
  }
}
