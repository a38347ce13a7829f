import type { TraceToReplay } from '../../src-worker/protocol/worker-api.ts';
import type { ReadTrace } from '../traces/read.ts';

/** Rows that an answer tells one by one. */
const MOST_TOLD_ROWS = 20;

/** A trace as a worker is given it; `file`: what the person calls it. */
export const traceToReplay = (
  { trace, format, notes, skipped, skippedCount, reasons }: ReadTrace,
  file: string,
): TraceToReplay => ({
  trace,
  file,
  format,
  notes: [
    ...notes,
    ...reasons.map(({ reason, count, example: { line } }) => `${reason}: ${count} skipped, the first at line ${line}.`),
  ],
  skippedRows: skippedCount,
  skipped: skipped.slice(0, MOST_TOLD_ROWS),
});
