import { cell, type ColumnBatch } from '../../src-worker/protocol/columns.ts';

/** What a batch says of one point. All rows of a point lie in one batch. */
export interface PointView {
  pointId: number;
  /** Row of the cheapest configuration that passes; null when none does. */
  best: number | null;
  /** Commonest reason of the rows that do not pass, and the first row that gives it; null where none gives one. */
  reason: string | null;
  reasonRow: number | null;
}

/** Columns that `pointsIn` reads. */
export const POINT_COLUMNS = [
  'point_id',
  'meets_sla',
  'cost_usd_per_request',
  'cost_usd_per_hour',
  'instances',
  'gpu_count',
  'id',
  'reason',
] as const;

interface Gathered {
  best: number | null;
  /** By code of the reason: how many rows give it, and the first. */
  reasons: Map<number, { rows: number; first: number }>;
}

/** The points of a batch in the order of their rows. */
export function pointsIn(batch: ColumnBatch): PointView[] {
  const ids = batch.numbers['point_id'];
  const passes = batch.numbers['meets_sla'];
  const reasons = batch.texts['reason'];
  const isCheaper = cheaperRow(batch);
  const points = new Map<number, Gathered>();
  let pointId = Number.NaN;
  let point: Gathered = { best: null, reasons: new Map() };
  for (let row = 0; row < batch.rows; row += 1) {
    const id = ids?.[row] ?? 0;
    if (id !== pointId) {
      // Rows of a point follow each other: it is looked up once.
      pointId = id;
      point = points.get(id) ?? { best: null, reasons: new Map() };
      points.set(id, point);
    }
    if (passes?.[row] === 1) {
      if (point.best === null || isCheaper(row, point.best)) point.best = row;
      continue;
    }
    const code = reasons?.codes[row] ?? -1;
    const known = point.reasons.get(code);
    if (known) known.rows += 1;
    else point.reasons.set(code, { rows: 1, first: row });
  }
  return [...points].map(([pointId, { best, reasons: counts }]) => ({
    pointId,
    best,
    ...(best === null ? commonest(counts, reasons?.dictionary ?? []) : { reason: null, reasonRow: null }),
  }));
}

/** The reason that most rows give; among equals the first by name, so that it is the same everywhere. */
function commonest(counts: Gathered['reasons'], names: string[]): Pick<PointView, 'reason' | 'reasonRow'> {
  let found: { reason: string; rows: number; first: number } | null = null;
  for (const [code, { rows, first }] of counts) {
    const reason = names[code];
    if (reason === undefined) continue;
    if (!found || rows > found.rows || (rows === found.rows && reason < found.reason)) found = { reason, rows, first };
  }
  return { reason: found?.reason ?? null, reasonRow: found?.first ?? null };
}

/** Whether a row ranks before another: by $/request, then $/hour; no price comes last, by its GPUs; then by id. */
function cheaperRow(batch: ColumnBatch): (one: number, other: number) => boolean {
  const prices = [batch.numbers['cost_usd_per_request'], batch.numbers['cost_usd_per_hour']];
  const idOf = (row: number) => String(cell(batch, 'id', row));
  return (one, other) => {
    for (const price of prices) {
      const difference = usd(price?.[one]) - usd(price?.[other]);
      // Two without a price differ by NaN, which is neither.
      if (difference < 0) return true;
      if (difference > 0) return false;
    }
    const gpus = hasPrice(batch, one) ? 0 : gpusAt(batch, one) - gpusAt(batch, other);
    return gpus < 0 || (!(gpus > 0) && idOf(one) < idOf(other));
  };
}

const usd = (value: number | undefined): number =>
  value === undefined || Number.isNaN(value) ? Number.POSITIVE_INFINITY : value;

const hasPrice = (batch: ColumnBatch, row: number): boolean =>
  usd(batch.numbers['cost_usd_per_request']?.[row]) !== Number.POSITIVE_INFINITY;

/** GPUs of all instances of a row: what hardware without a price is compared by. */
export const gpusAt = ({ numbers }: ColumnBatch, row: number): number =>
  (numbers['instances']?.[row] ?? 0) * (numbers['gpu_count']?.[row] ?? 0);
