import type { Recommendation } from '../../src-worker/protocol/documents.ts';
import { configurationName, metric } from '../../src-worker/protocol/metrics.ts';
import { gpuLabel, precisionLabel } from './names.ts';
import { formatMs, formatSignificant, formatTimes, formatUsd } from '../../src-worker/protocol/numbers.ts';

/** One card of the strip: the winner of a criterion. */
export interface BestOf {
  id: string;
  criterion: string;
  /** The winning figure with its unit. */
  figure: string;
  /** What wins, or that the cheapest wins this too. */
  detail: string;
  row: Recommendation;
}

const MOST_COST_FACTOR = 2;

const named = (row: Recommendation, withPrice: boolean): string => {
  const last = withPrice && row.cost.usd_per_hour !== null ? `${formatUsd(row.cost.usd_per_hour)}/h` : hardware(row);
  return `${configurationName(row)}, ${last}`;
};

const hardware = (row: Recommendation): string => `${gpuLabel(row.gpu)} ${precisionLabel(row.quantization)}`;

/** Smallest or largest first by a metric; rows without the value do not compete; the ranking decides ties. */
function winner(rows: Recommendation[], id: string): Recommendation | null {
  const { better, value } = metric(id);
  const sign = better === 'higher' ? -1 : 1;
  return rows.reduce<Recommendation | null>((best, row) => {
    const [candidate, leader] = [value(row), best && value(best)];
    if (candidate === null) return best;
    return leader === null || sign * candidate < sign * leader ? row : best;
  }, null);
}

/** Cheapest, fastest first token, fastest stream, most headroom at no more than twice the cost. */
export function bestOf(rows: Recommendation[]): BestOf[] {
  const [cheapest] = rows;
  if (!cheapest) return [];
  const least = cheapest.cost.usd_per_hour;
  const affordable = rows.filter(
    ({ cost }) => least === null || (cost.usd_per_hour !== null && cost.usd_per_hour <= MOST_COST_FACTOR * least),
  );
  const card = (id: string, criterion: string, row: Recommendation | null, figure: (row: Recommendation) => string) =>
    row && {
      id,
      criterion,
      figure: figure(row),
      detail: id !== 'cheapest' && row.id === cheapest.id ? 'same as cheapest' : named(row, id !== 'cheapest'),
      row,
    };
  const price = (row: Recommendation) =>
    row.cost.usd_per_hour === null ? 'Price unknown' : `${formatUsd(row.cost.usd_per_hour)}/h`;
  return [
    card('cheapest', 'Cheapest', cheapest, price),
    card(
      'first-token',
      'Fastest first token',
      winner(rows, 'ttft_p95'),
      (row) => `${formatMs(row.ttft_ms.p95)} ms TTFT P95`,
    ),
    card('stream', 'Fastest stream', winner(rows, 'speed_per_user'), (row) => {
      return `${formatSignificant(metric('speed_per_user').value(row))} tokens/s`;
    }),
    card('room', `Most headroom, cost ≤ ${MOST_COST_FACTOR}×`, winner(affordable, 'room'), (row) => {
      return `${formatTimes(metric('room').value(row))} the load`;
    }),
  ].filter((entry) => entry !== null);
}
