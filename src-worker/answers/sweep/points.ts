import { numbersOf, textsOf, type ColumnBatch } from '../../protocol/columns.ts';
import { ReasonCounts } from '../reason-counts.ts';

/** What a batch says of one point. All rows of a point lie in one batch. */
export interface PointView {
  pointId: number;
  /** Row of the cheapest configuration that passes; null when none does. */
  best: number | null;
  /** Commonest reason of the rows that do not pass, and the first row that gives it; null where none gives one. */
  reason: string | null;
  reasonRow: number | null;
}

interface Gathered {
  best: number | null;
  /** null where no row was looked at that gives one: most points of a sweep have an answer. */
  reasons: ReasonCounts | null;
}

/** The points of a batch in the order of their rows. */
export function pointsIn(batch: ColumnBatch): PointView[] {
  const idAt = numbersOf(batch, 'point_id');
  const passesAt = numbersOf(batch, 'meets_sla');
  const rankAt = numbersOf(batch, 'rank');
  const reasonAt = textsOf(batch, 'reason');
  const isCheaper = cheaperRow(batch);
  const points = new Map<number, Gathered>();
  let pointId = Number.NaN;
  let point: Gathered = { best: null, reasons: null };
  /** The row of a point that ranks first comes first, where rows are ranked: the others need not be looked at. */
  let isDecided = false;
  for (let row = 0; row < batch.rows; row += 1) {
    const id = idAt(row);
    if (id !== pointId) {
      // Rows of a point follow each other: it is looked up once.
      pointId = id;
      point = points.get(id) ?? { best: null, reasons: null };
      points.set(id, point);
      isDecided = rankAt(row) === 1;
      if (isDecided) point.best = row;
    }
    if (isDecided) continue;
    if (passesAt(row) === 1) {
      if (point.best === null || isCheaper(row, point.best)) point.best = row;
      continue;
    }
    const reason = reasonAt(row);
    if (reason === null) continue;
    point.reasons ??= new ReasonCounts();
    point.reasons.add(reason, { first: row });
  }
  return [...points].map(([pointId, { best, reasons }]) => ({
    pointId,
    best,
    ...(best === null ? commonest(reasons) : { reason: null, reasonRow: null }),
  }));
}

function commonest(reasons: ReasonCounts | null): Pick<PointView, 'reason' | 'reasonRow'> {
  const found = reasons?.commonest() ?? null;
  return { reason: found?.reason ?? null, reasonRow: found?.first ?? null };
}

/** Whether a row ranks before another: by $/request, then $/hour; no price comes last, by its GPUs; then by id. */
function cheaperRow(batch: ColumnBatch): (one: number, other: number) => boolean {
  const prices = [numbersOf(batch, 'cost_usd_per_request'), numbersOf(batch, 'cost_usd_per_hour')];
  const [perRequestAt] = prices;
  const idAt = textsOf(batch, 'id');
  const gpusAt = gpusOf(batch);
  const hasPrice = (row: number) => usd(perRequestAt?.(row)) !== Number.POSITIVE_INFINITY;
  return (one, other) => {
    for (const priceAt of prices) {
      const difference = usd(priceAt(one)) - usd(priceAt(other));
      // Two without a price differ by NaN, which is neither.
      if (difference < 0) return true;
      if (difference > 0) return false;
    }
    const gpus = hasPrice(one) ? 0 : gpusAt(one) - gpusAt(other);
    return gpus < 0 || (!(gpus > 0) && String(idAt(one)) < String(idAt(other)));
  };
}

const usd = (value: number | undefined): number =>
  value === undefined || Number.isNaN(value) ? Number.POSITIVE_INFINITY : value;

/** GPUs of all instances of a row: what hardware without a price is compared by. */
export function gpusOf(batch: ColumnBatch): (row: number) => number {
  const instancesAt = numbersOf(batch, 'instances');
  const countAt = numbersOf(batch, 'gpu_count');
  const orNone = (value: number) => (Number.isNaN(value) ? 0 : value);
  return (row) => orNone(instancesAt(row)) * orNone(countAt(row));
}
