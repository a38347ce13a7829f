import { z } from 'zod';

/** Most rows of one answer: several screens of them, and a message of a few hundred kilobytes. */
export const MOST_PAGE_ROWS = 500;

const column = z.string().min(1).max(100);

/** A column held against an expression, as the filters of tables have them (filter-expression.ts). */
const rowFilterSchema = z.strictObject({
  column,
  expression: z.string().max(500),
  /** `shown`: a fraction that tables show as a percentage is held against percentages. */
  unit: z.enum(['stored', 'shown']).default('stored'),
});

/** Which rows of a stored run: those that pass all filters, in order, from `offset` on. */
export const runRowsSchema = z.strictObject({
  runId: z.number().int().min(1),
  /** null = by point, and as they were ranked there. Equal rows keep that order; rows without a value come last. */
  sort: z
    .strictObject({ column, descending: z.boolean().default(false) })
    .nullable()
    .default(null),
  filters: z.array(rowFilterSchema).max(100).default([]),
  /** Of each point the cheapest row that passes. */
  onlyBest: z.boolean().default(false),
  offset: z.number().int().min(0).default(0),
  limit: z.number().int().min(1).max(MOST_PAGE_ROWS).default(MOST_PAGE_ROWS),
  /** null = all, without `vllm_command`, which is long and follows from the rest. */
  columns: z.array(column).max(200).nullable().default(null),
});
export type RunRowsQuestion = z.output<typeof runRowsSchema>;
export type RunRowsDraft = z.input<typeof runRowsSchema>;
