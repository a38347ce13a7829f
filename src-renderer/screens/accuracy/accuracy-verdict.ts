import type { AccuracyBasis, AccuracyDocument, ErrorSummary } from '../../../src-worker/protocol/accuracy.ts';
import { formatFixed, formatSize, plural } from '../../../src-worker/protocol/numbers.ts';
import { measuredColumn } from '../../format/measured-columns.ts';
import { lowerFirst } from '../../format/names.ts';
import type { Verdict } from '../../format/verdict.ts';
import { mainColumn } from './shown-points.ts';

/** Nine in ten predictions within this much: good enough to size by. */
const GOOD_P90_PERCENT = 20;
/** Half of them off by more than this: no figure to rely on. */
const BAD_MEDIAN_PERCENT = 35;

/** The metric without its statistic: `TPOT mean` is TPOT. */
const kindOf = (column: string): string => measuredColumn(column).label.replace(/ (mean|P\d+)$/, '');

function kindOfVerdict(
  { median_absolute_percent: median, p90_absolute_percent: p90 }: ErrorSummary,
  basis: AccuracyBasis,
): Verdict['kind'] {
  if (median === null || p90 === null || median > BAD_MEDIAN_PERCENT) return 'none';
  // What a profile was fitted to says little of what it was not fitted to.
  return p90 <= GOOD_P90_PERCENT && basis !== 'in_sample' ? 'met' : 'near';
}

const half = (document: AccuracyDocument, kind: string): string =>
  document.basis === 'in_sample' && document.fitted_points === document.judged_points
    ? `On the rows it was fitted to, half of the ${kind} predictions`
    : `Half of the ${kind} predictions`;

/** Says how another metric compares: `Time to first token is harder: 15 % median.` */
function firstToken({ metrics }: AccuracyDocument, main: ErrorSummary): string {
  const judged = Object.entries(metrics).filter(([id, { count }]) => id.startsWith('ttft_') && count > 0);
  const [, most] = judged.sort(([, a], [, b]) => b.count - a.count)[0] ?? [];
  if (!most || most.median_absolute_percent === null || main.median_absolute_percent === null) return '';
  const how = most.median_absolute_percent > main.median_absolute_percent ? 'harder' : 'no harder';
  return ` Time to first token is ${how}: ${formatSize(most.median_absolute_percent)} % median.`;
}

/** How far predictions can be trusted, in a sentence. About all points, whatever is shown of them. */
export function accuracyVerdict(document: AccuracyDocument): Verdict {
  const column = mainColumn(document);
  const main = column === null ? undefined : document.metrics[column];
  if (column === null || !main) {
    const skipped = document.skipped.length;
    const why = skipped === 0 ? 'The file has no rows.' : `All ${formatFixed(skipped)} rows were skipped, see below.`;
    return { kind: 'none', sentence: 'Nothing can be compared', why };
  }
  const sources = new Set(document.points.map(({ source_id: source }) => source)).size;
  return {
    kind: kindOfVerdict(main, document.basis),
    sentence: `${half(document, lowerFirst(kindOf(column)))} are within ${formatSize(main.median_absolute_percent)} %; one in ten is off by more than ${formatSize(main.p90_absolute_percent)} %`,
    why: `${plural(document.points.length, 'measurement')} from ${plural(sources, 'source')}. ${document.basis_sentence}${firstToken(document, main)}`,
  };
}

/** `61 rows were skipped, for 9 reasons`; of a single reason the reason itself. Empty where no row was. */
export function skippedSentence({ skipped, skipped_reasons: reasons }: AccuracyDocument): string {
  if (skipped.length === 0) return '';
  const rows = plural(skipped.length, 'row was', 'rows were');
  const [only] = reasons;
  if (only && reasons.length === 1) return `${rows} skipped: ${lowerFirst(only.reason)}`;
  return `${rows} skipped, for ${plural(reasons.length, 'reason')}`;
}
