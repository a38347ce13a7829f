import { SECONDS_PER_HOUR } from '../../engine/units.ts';
import { numbersOf, type ColumnBatch } from '../../protocol/columns.ts';
import { rounded } from '../../protocol/rounded.ts';
import type { Choice, GoodputGroup, GoodputRow, Place } from '../../protocol/run-analysis.ts';
import { ReasonCounts } from '../reason-counts.ts';
import { choiceKey } from './points.ts';

/** What a configuration can serve, by its size and for what it takes. */
type Goodput = Omit<GoodputRow, keyof Choice | 'id' | 'loads_met'>;

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
    const instances = instancesAt(row);
    const reqPerSPerInstance = capacityAt(row) * perInstance;
    const usdPerHour = usdAt(row);
    return {
      instances,
      replicas: perInstance * instances,
      goodput_requests_per_s: rounded(reqPerSPerInstance * instances),
      per_gpu_requests_per_s: rounded(reqPerSPerInstance / gpusAt(row)),
      // NaN = without a price.
      requests_per_usd: usdPerHour > 0 ? rounded((reqPerSPerInstance * SECONDS_PER_HOUR) / usdPerHour) : null,
    };
  };
}

/** Most for a dollar first, without prices most of a GPU; of equals the fewest instances. */
const byWorth = (one: Goodput, other: Goodput): number =>
  (other.requests_per_usd ?? -1) - (one.requests_per_usd ?? -1) ||
  (one.requests_per_usd === null ? other.per_gpu_requests_per_s - one.per_gpu_requests_per_s : 0) ||
  one.instances - other.instances ||
  other.per_gpu_requests_per_s - one.per_gpu_requests_per_s;

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

  /** A configuration at a point; `name` is called where it is worth more there than at those before. */
  offer(key: string, goodput: Goodput, name: () => Choice & { id: string }): void {
    const known = this.rows.get(key);
    if (known && byWorth(known, goodput) <= 0) return;
    this.rows.set(key, { ...name(), ...goodput });
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

  group(): GoodputGroup {
    const sorted = [...this.rows.values()].sort(
      (one, other) =>
        (other.requests_per_usd ?? -1) - (one.requests_per_usd ?? -1) ||
        other.per_gpu_requests_per_s - one.per_gpu_requests_per_s ||
        (one.id < other.id ? -1 : 1),
    );
    return {
      at: this.at,
      points: this.points,
      points_met: this.met,
      reason: this.reasons.commonest()?.reason ?? null,
      rows: sorted.map((row) => ({ ...row, loads_met: this.carried.get(choiceKey(row))?.size ?? 0 })),
    };
  }
}
