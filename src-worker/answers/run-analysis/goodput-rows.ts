import { SECONDS_PER_HOUR } from '../../engine/units.ts';
import { numbersOf, type ColumnBatch } from '../../protocol/columns.ts';
import { asShown } from '../../protocol/numbers.ts';
import { rounded } from '../../protocol/rounded.ts';
import type { Choice, GoodputGroup, GoodputRow, Place } from '../../protocol/run-analysis.ts';
import { ReasonCounts } from '../reason-counts.ts';
import { placeKey } from './points.ts';

/** What a configuration can serve, by its size and for what it takes. */
type Goodput = Omit<GoodputRow, keyof Choice | 'id' | 'chosen' | 'loads_met'>;
/** What it is called. */
type Named = Pick<GoodputRow, keyof Choice | 'id' | 'chosen'>;

/**
 * Reads what the instances of a row can serve, full: capacity of a replica, times replicas of an instance, times instances. What a
 * GPU serves and a dollar buys is worked out of one instance, so that it is the very same number at every size: over their
 * rounded total it would differ in the last digits.
 */
export function goodputsOf(batch: ColumnBatch): (row: number) => Goodput {
  const read = (column: string) => numbersOf(batch, column);
  const [capacityAt, perInstanceAt] = [read('capacity_requests_per_s'), read('replicas_per_instance')];
  const [instancesAt, gpusAt, usdAt] = [read('instances'), read('gpu_count'), read('cost_usd_per_hour_instance')];
  return (row) => {
    const perInstance = perInstanceAt(row);
    const [instances, gpus] = [instancesAt(row), gpusAt(row)];
    const reqPerSPerInstance = capacityAt(row) * perInstance;
    const usdPerHour = usdAt(row);
    return {
      gpu_count: gpus,
      instances,
      replicas: perInstance * instances,
      goodput_requests_per_s: rounded(reqPerSPerInstance * instances),
      per_gpu_requests_per_s: rounded(reqPerSPerInstance / gpus),
      // NaN = without a price.
      requests_per_usd: usdPerHour > 0 ? rounded((reqPerSPerInstance * SECONDS_PER_HOUR) / usdPerHour) : null,
    };
  };
}

/** Of one configuration: most for a dollar first, without prices most of a GPU; of equals the fewest instances. */
const byWorth = (one: Goodput, other: Goodput): number =>
  (other.requests_per_usd ?? -1) - (one.requests_per_usd ?? -1) ||
  (one.requests_per_usd === null ? other.per_gpu_requests_per_s - one.per_gpu_requests_per_s : 0) ||
  one.instances - other.instances ||
  other.per_gpu_requests_per_s - one.per_gpu_requests_per_s;

/** By its worth as far as it is shown; what has no price comes last, by what a GPU of it serves. */
const shownWorth = ({ requests_per_usd: perUsd, per_gpu_requests_per_s: perGpu }: Goodput) =>
  perUsd === null ? { perUsd: -1, perGpu: asShown(perGpu) } : { perUsd: asShown(perUsd), perGpu: 0 };

/**
 * Of several configurations: most for a dollar first, of equals the fewest GPUs. Equal is what reads so: prices of instances that
 * differ in size alone are rounded on their own, so that their worth differs in the seventh digit.
 */
function listed(rows: Iterable<GoodputRow>): GoodputRow[] {
  const ranked = Array.from(rows, (row) => ({ row, ...shownWorth(row), chosen: placeKey(row.chosen) }));
  ranked.sort(
    (one, other) =>
      other.perUsd - one.perUsd ||
      other.perGpu - one.perGpu ||
      one.row.instances * one.row.gpu_count - other.row.instances * other.row.gpu_count ||
      one.row.instances - other.row.instances ||
      (other.row.requests_per_usd ?? -1) - (one.row.requests_per_usd ?? -1) ||
      other.row.per_gpu_requests_per_s - one.row.per_gpu_requests_per_s ||
      ordered(one.row.id, other.row.id) ||
      ordered(one.chosen, other.chosen),
  );
  return ranked.map(({ row }) => row);
}

const ordered = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

/** The configurations of one situation, each where it is worth most, and the loads that each carries. */
export class GoodputGroupRows {
  private readonly at: Place;
  private readonly rows = new Map<string, Omit<GoodputRow, 'loads_met'>>();
  private readonly carried = new Map<string, Set<number>>();
  private points = 0;
  private met = 0;
  private readonly reasons = new ReasonCounts();

  constructor(at: Place) {
    this.at = at;
  }

  /** A configuration at a point; `name` is called where it is worth more there than at those before. Is it a new one? */
  offer(key: string, goodput: Goodput, name: () => Named): boolean {
    const known = this.rows.get(key);
    if (known && byWorth(known, goodput) <= 0) return false;
    this.rows.set(key, { ...name(), ...goodput });
    return known === undefined;
  }

  /** NaN = a point without a load on an axis. */
  carries(key: string, load: number): void {
    if (Number.isNaN(load)) return;
    const known = this.carried.get(key);
    if (known) known.add(load);
    else this.carried.set(key, new Set([load]));
  }

  /** A point; `reason` says why it is not met. */
  count(isMet: boolean, reason: string | null): void {
    this.points += 1;
    this.met += isMet ? 1 : 0;
    if (reason !== null) this.reasons.add(reason);
  }

  /** `isLoadVaried`: are there loads of which a configuration can carry some and others not? */
  group(isLoadVaried: boolean): GoodputGroup {
    const rows = Array.from(this.rows, ([key, row]): GoodputRow => ({
      ...row,
      loads_met: isLoadVaried ? (this.carried.get(key)?.size ?? 0) : null,
    }));
    return {
      at: this.at,
      points: this.points,
      points_met: this.met,
      reason: this.reasons.commonest()?.reason ?? null,
      rows: listed(rows),
    };
  }
}
