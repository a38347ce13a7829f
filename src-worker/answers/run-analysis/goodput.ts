import { SECONDS_PER_HOUR } from '../../engine/units.ts';
import { numbersOf, textsOf, type ColumnBatch } from '../../protocol/columns.ts';
import { rounded } from '../../protocol/rounded.ts';
import type { GoodputDocument, GoodputGroup, GoodputRow, Place } from '../../protocol/run-analysis.ts';
import type { RunAxis } from './axes.ts';
import { AskedPlace, choiceKey, choicesOf, placeKey, placesOf, pointsOf, type RunAnalysis } from './points.ts';

/** Situations a document has room for. */
const MOST_GROUPS = 10_000;
/** Axes that only say how much arrives, and how it is provided for: what a replica carries does not depend on them. */
const LOAD_AXES: readonly string[] = ['users', 'rate', 'think_time', 'headroom', 'max_gpus'];

interface Group {
  at: Place;
  points: number;
  met: number;
  rows: Map<string, GoodputRow>;
  /** Loads that a configuration carries. */
  carried: Map<string, Set<number>>;
}

/**
 * Goodput: the most requests a second that a deployment serves with every target met; of one replica it is the capacity that
 * the search found. Per GPU it is what DistServe (Zhong et al., OSDI 2024) defines as goodput: "the maximum request rate that can
 * be served adhering to the SLO attainment goal for each GPU provisioned". The goal is here in the target: P95 of the first
 * token below 200 ms is an attainment of 95 %.
 *
 * Each configuration of a situation is listed once, at the size at which a dollar buys most, with the loads of the sweep that it
 * carries.
 */
export function goodputAnalysis(
  asked: { runId: number; at: Place },
  axes: readonly RunAxis[],
): RunAnalysis<GoodputDocument> {
  const place = new AskedPlace(asked.at, axes);
  const varied = axes.filter(({ isVaried }) => isVaried);
  const load = varied.find(({ axis }) => axis === 'users' || axis === 'rate');
  const given = varied.filter(
    ({ axis, role }) => role === 'given' && !LOAD_AXES.includes(axis) && !(axis in place.place),
  );
  const groups = new Map<string, Group>();
  const loads = new Map<number, { points: number; met: number }>();
  let leftOut = 0;

  const groupAt = (at: Place): Group | null => {
    const key = placeKey(at);
    const known = groups.get(key);
    if (known || groups.size >= MOST_GROUPS) return known ?? null;
    const group: Group = { at, points: 0, met: 0, rows: new Map(), carried: new Map() };
    groups.set(key, group);
    return group;
  };

  return {
    *add(batch: ColumnBatch) {
      const matches = place.matcher(batch);
      const givenAt = placesOf(batch, given);
      const choiceAt = choicesOf(batch);
      const idAt = textsOf(batch, 'id');
      const read = (column: string) => numbersOf(batch, column);
      const [passesAt, capacityAt, replicasAt] = [read('meets_sla'), read('capacity_requests_per_s'), read('replicas')];
      const [instancesAt, gpusAt, usdAt] = [read('instances'), read('gpu_count'), read('cost_usd_per_hour')];
      const loadAt = load ? read(load.column) : null;
      for (const { first, end } of pointsOf(batch)) {
        yield;
        if (!matches(first)) continue;
        const at = givenAt(first);
        const group = at && groupAt(at);
        if (!group) {
          leftOut += 1;
          continue;
        }
        let isMet = false;
        const value = loadAt?.(first) ?? Number.NaN;
        for (let row = first; row < end; row += 1) {
          if (passesAt(row) !== 1) continue;
          isMet = true;
          const goodput = capacityAt(row) * replicasAt(row);
          const usd = usdAt(row);
          const choice = choiceAt(row);
          const key = choiceKey(choice);
          const known = group.rows.get(key);
          const perGpu = goodput / (instancesAt(row) * gpusAt(row));
          const perUsd = Number.isNaN(usd) || usd <= 0 ? null : (goodput * SECONDS_PER_HOUR) / usd;
          if (!Number.isNaN(value)) carriedBy(group, key).add(value);
          const isBetter =
            !known ||
            (perUsd ?? -1) > (known.requests_per_usd ?? -1) ||
            (perUsd === known.requests_per_usd && perGpu > known.per_gpu_requests_per_s);
          if (!isBetter) continue;
          group.rows.set(key, {
            ...choice,
            id: idAt(row) ?? '',
            instances: instancesAt(row),
            replicas: replicasAt(row),
            goodput_requests_per_s: goodput,
            per_gpu_requests_per_s: perGpu,
            requests_per_usd: perUsd,
            loads_met: 0,
          });
        }
        group.points += 1;
        group.met += isMet ? 1 : 0;
        if (!Number.isNaN(value)) {
          const share = loads.get(value) ?? { points: 0, met: 0 };
          loads.set(value, { points: share.points + 1, met: share.met + (isMet ? 1 : 0) });
        }
      }
    },
    answer() {
      place.check();
      return {
        kind: 'goodput',
        run_id: asked.runId,
        at: place.place,
        per: given.map(({ axis }) => axis),
        groups: [...groups.values()].map(groupOf),
        loads: [...loads]
          .sort(([a], [b]) => a - b)
          .map(([value, { points, met }]) => ({ axis: load?.axis ?? '', value, points, points_met: met })),
        points_left_out: leftOut,
      };
    },
  };
}

function carriedBy({ carried }: Group, key: string): Set<number> {
  const known = carried.get(key) ?? new Set();
  carried.set(key, known);
  return known;
}

/** Most for a dollar first; without prices, most of a GPU. */
function groupOf({ at, points, met, rows, carried }: Group): GoodputGroup {
  const worth = (row: GoodputRow): number => row.requests_per_usd ?? -1;
  const sorted = [...rows.values()].sort(
    (one, other) =>
      worth(other) - worth(one) ||
      other.per_gpu_requests_per_s - one.per_gpu_requests_per_s ||
      (one.id < other.id ? -1 : 1),
  );
  return {
    at,
    points,
    points_met: met,
    rows: sorted.map((row) => ({
      ...row,
      loads_met: carried.get(choiceKey(row))?.size ?? 0,
      goodput_requests_per_s: rounded(row.goodput_requests_per_s),
      per_gpu_requests_per_s: rounded(row.per_gpu_requests_per_s),
      requests_per_usd: row.requests_per_usd === null ? null : rounded(row.requests_per_usd),
    })),
  };
}
