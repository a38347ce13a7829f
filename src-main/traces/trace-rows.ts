import type { TraceFormat } from './formats/format.ts';
import { fieldsOf, formatWords, TRACE_FORMATS } from './formats/registry.ts';
import type { RequestRow, RowProblem } from './request-row.ts';

export interface ReadRow {
  row: RequestRow | RowProblem;
  /** From 1. */
  line: number;
}

/** What a file turns out to be, and its rows. */
export interface TraceRows {
  format: TraceFormat;
  hasCached: boolean;
  /** Fields that are not what they seem, or of which nothing is made. */
  remarks: string[];
  rows: AsyncIterable<ReadRow[]>;
}

/** A file of no known format; what it is, as far as that can be told: goes on after `x.csv is `. */
export interface UnknownRows {
  unknown: string | null;
}

type Container = TraceFormat['container'];

export const formatWith = (container: Container, has: (field: string) => boolean): TraceFormat | null =>
  TRACE_FORMATS.find((format) => format.container === container && fieldsOf(format).every(has)) ?? null;

/** The fields that are missing of the format which comes nearest; null where none has any. */
export function shortOf(container: Container, has: (field: string) => boolean): string | null {
  let nearest: { format: TraceFormat; missing: string[] } | null = null;
  for (const format of TRACE_FORMATS) {
    if (format.container !== container) continue;
    const fields = fieldsOf(format);
    const missing = fields.filter((field) => !has(field));
    if (missing.length < Math.min(fields.length, nearest?.missing.length ?? fields.length))
      nearest = { format, missing };
  }
  return nearest && `short of ${nearest.missing.join(' and ')} for ${formatWords(nearest.format)}: add what is missing`;
}

const MOST_NAMED = 10;

/** What is to be said of the fields of a file besides those that are read. */
export function remarksOn(format: TraceFormat, fields: readonly string[]): string[] {
  const { remarks, cachedTokens, content } = format;
  const read = [...fieldsOf(format), ...cachedTokens, ...(content ? [content.field] : [])].map(lowered);
  const said = Object.keys(remarks).filter((field) => fields.map(lowered).includes(lowered(field)));
  const unused = fields.filter((field) => field !== '' && ![...read, ...said.map(lowered)].includes(lowered(field)));
  const names = unused.slice(0, MOST_NAMED).map((field) => field.slice(0, LONGEST_NAME));
  const more = unused.length > names.length ? `, … (${unused.length} in all)` : '';
  return [
    ...said.map((field) => remarks[field] ?? ''),
    ...(names.length > 0 ? [`Nothing is made of ${names.join(', ')}${more}.`] : []),
  ];
}

const LONGEST_NAME = 40;
export const lowered = (field: string): string => field.trim().toLowerCase();
