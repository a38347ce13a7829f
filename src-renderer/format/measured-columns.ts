import { formatMs, formatSignificant } from '../../src-worker/protocol/numbers.ts';
import { latencyLabel } from './names.ts';

/** Columns of measurement files as people read them. */

export interface MeasuredColumn {
  /** `ttft_ms_p95`, `output_tok_s`. */
  id: string;
  label: string;
  unit: string;
  format: (value: number | null) => string;
}

const RATES: Readonly<Record<string, { label: string; unit: string }>> = {
  output_tok_s: { label: 'Output rate', unit: 'tokens/s' },
  total_tok_s: { label: 'Total rate', unit: 'tokens/s' },
  req_s: { label: 'Request rate', unit: 'requests/s' },
};

/** What a person waits for first, then the rates; means before percentiles. */
const ORDER = [
  ...['tpot', 'ttft', 'e2e'].flatMap((kind) =>
    ['mean', 'p50', 'p90', 'p95', 'p99'].map((statistic) => `${kind}_ms_${statistic}`),
  ),
  ...Object.keys(RATES),
];

export function measuredColumn(id: string): MeasuredColumn {
  const rate = RATES[id];
  if (rate) return { id, ...rate, format: (value) => formatSignificant(value) };
  return { id, label: latencyLabel(id.replace('_ms_', '_')), unit: 'ms', format: formatMs };
}

/** In the order of the screen; a column of an unknown name comes last. */
export function sortedColumns(ids: Iterable<string>): string[] {
  const placeOf = (id: string): number => (ORDER.includes(id) ? ORDER.indexOf(id) : ORDER.length);
  return [...ids].sort((a, b) => placeOf(a) - placeOf(b) || (a < b ? -1 : 1));
}
