import {
  emptyMeasurementRow,
  MOST_MEASURED,
  type MeasurementColumn,
  type MeasurementRow,
} from '../../../src-worker/protocol/measurement-columns.ts';
import type { WorkloadKind } from '../../../src-worker/engine/validation/types.ts';
import type { Fields } from './values.ts';
import { numberAt } from './values.ts';

/** Digits that are kept: more than any clock has, and no tail of binary fractions. */
const DIGITS = 10;
export const rounded = (value: number): number => Number(value.toPrecision(DIGITS));

/** Rates from here on are how programs write "all at once". */
export const INFINITE_RATE_REQ_PER_S = 1e5;

/** Characters of a value that a sentence shows. */
const LONGEST_SHOWN = 40;

export interface Load {
  /** Offered requests per second; null or infinite = no rate. */
  ratePerS: number | null;
  /** Most requests in flight; null = no cap. */
  cap: number | null;
  /** Requests that were to be made. */
  requests: number;
  arrival: 'poisson' | 'constant' | null;
}

/** One row while it is read, with what has to be said about it. */
export class RunDraft {
  readonly row: MeasurementRow = emptyMeasurementRow();
  readonly notes: string[] = [];
  readonly warnings: string[] = [];
  /** Why it cannot be used. */
  refusal: string | null = null;

  set(column: MeasurementColumn, value: number | string | null): void {
    this.row[column] = typeof value === 'number' ? rounded(value) : value;
  }

  number(column: MeasurementColumn): number | null {
    const value = this.row[column];
    return typeof value === 'number' ? value : null;
  }

  /**
   * A figure that was measured, as the file has it under `key`. Zero and what is no number were not measured and leave the
   * cell empty, with a word; a value below zero spoils the run.
   */
  result(column: MeasurementColumn, fields: Fields, key: string, { factor = 1, name = key } = {}): void {
    const value = fields[key];
    if (value === undefined || value === null) return;
    const number = numberAt(fields, key);
    if (number === null || !Number.isFinite(number)) {
      this.warnings.push(`${name} is ${number === null ? 'not a number' : number}: ${column} stays empty.`);
    } else if (number < 0) {
      this.refusal ??= `${name} is ${number}: a measured value is not below zero.`;
    } else if (number === 0) {
      this.warnings.push(`${name} is 0: nothing was measured there, and ${column} stays empty.`);
    } else if (number * factor > MOST_MEASURED) {
      this.warnings.push(`${name} is ${number}, which nothing measured: ${column} stays empty.`);
    } else this.set(column, number * factor);
  }

  /**
   * A figure of the load, as the file has it under `key`; null where it has none, or an infinite one. What is no number spoils
   * the run.
   */
  asked(fields: Fields, key: string): number | null {
    const value = fields[key];
    if (value === undefined || value === null) return null;
    const number = numberAt(fields, key);
    if (number === Infinity) return null;
    if (number !== null && Number.isFinite(number)) return number;
    const shown = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? 'nothing');
    this.refusal ??= `${key} is ${shown.slice(0, LONGEST_SHOWN)}, not a number: the load is not known.`;
    return null;
  }

  /** What kind of load it was, by what was asked of the server. */
  load({ ratePerS, cap, requests, arrival }: Load): void {
    const hasRate = ratePerS !== null && ratePerS < INFINITE_RATE_REQ_PER_S;
    if (ratePerS !== null && Number.isFinite(ratePerS) && !hasRate) this.notes.push(`rate ${ratePerS} means at once`);
    if (hasRate) {
      this.#kind('open_loop', cap);
      this.set('request_rate_rps', ratePerS);
      this.set('arrival', arrival);
    } else if (cap !== null) this.#kind('closed_loop', cap);
    else this.#kind('offline_max', requests);
  }

  #kind(kind: WorkloadKind, batch: number | null): void {
    this.set('workload_kind', kind);
    this.set('batch_or_concurrency', batch);
  }

  /** Mean lengths of what succeeded; nominal ones only where they are others. */
  lengths({ isl, osl, islNominal = null, oslNominal = null }: Lengths): void {
    this.set('isl', isl);
    this.set('osl', osl);
    this.set('isl_nominal', otherThan(isl, islNominal));
    this.set('osl_nominal', otherThan(osl, oslNominal));
  }
}

interface Lengths {
  isl: number | null;
  osl: number | null;
  islNominal?: number | null;
  oslNominal?: number | null;
}

/** Apart by this share a nominal length is another one: half a token in a hundred is the start token. */
const SAME_LENGTH_SHARE = 0.005;

const otherThan = (mean: number | null, nominal: number | null): number | null =>
  nominal !== null && nominal > 0 && (mean === null || Math.abs(mean - nominal) > SAME_LENGTH_SHARE * nominal)
    ? nominal
    : null;
