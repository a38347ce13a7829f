import type { AccuracyPoint, ErrorSummary } from '../../../src-worker/protocol/accuracy.ts';
import { errorSummary } from '../../../src-worker/protocol/error-summary.ts';

export { errorPercent, isInRange } from '../../../src-worker/protocol/error-summary.ts';

/** Errors of what is shown, after any choice of points. Of all points the document has the same figures. */
export const summarize = (points: readonly AccuracyPoint[], column: string): ErrorSummary =>
  errorSummary(points.flatMap(({ columns }) => columns[column] ?? []));
