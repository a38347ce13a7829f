import { planId } from '../../engine/sizing/sized-plan.ts';
import type { ExcludedRow, PlanGroup, Refusal, ReplicaLoad } from '../../engine/sizing/types.ts';
import type { Probe } from './probe.ts';
import { carriedPerS, replicasWithin } from './reach.ts';

/** A plan that meets the targets, but not under all of the load. */
export interface LoadMiss {
  load: ReplicaLoad;
  /** Replicas that the GPUs allowed hold. */
  replicas: number;
  /** Requests/s one replica carries with the headroom asked for, and would have to. */
  carriesPerS: number;
  neededPerS: number;
}

/** An excluded configuration that a plan was looked at for, and how far off it is. */
export interface Miss {
  row: ExcludedRow & { group: PlanGroup };
  /** ln of what it has over what it would need (or the other way round); Infinity where nothing can be measured. */
  gap: number;
  /** null where load is not what it misses. */
  load: LoadMiss | null;
}

/** What is worth a second thought first, after those that carry at least a part of the load. */
const REASON_RANKS: Partial<Record<Refusal['reason'], number>> = {
  max_gpus: 1,
  sla_missed: 1,
  memory: 2,
  host_memory: 3,
  context_exceeded: 4,
  tp_heads: 5,
};
const LAST_RANK = 6;

const rankOf = ({ load, row }: Miss): number => (load ? 0 : (REASON_RANKS[row.refusal.reason] ?? LAST_RANK));

function loadMissOf({ instance, group, refusal }: Miss['row'], { sizing }: Probe): LoadMiss | null {
  if (refusal.reason !== 'max_gpus' || !group.load) return null;
  const replicas = replicasWithin(instance, group, sizing.maxGpus);
  if (replicas < 1) return null;
  const carriesPerS = carriedPerS(group.load, sizing);
  return { load: group.load, replicas, carriesPerS, neededPerS: sizing.rateReqPerS / replicas };
}

function gapOf({ refusal: { margin } }: ExcludedRow, load: LoadMiss | null): number {
  if (load) return Math.log(load.neededPerS / load.carriesPerS);
  if (!margin || margin.value <= 0 || margin.limit <= 0) return Infinity;
  return Math.abs(Math.log(margin.value / margin.limit));
}

/** The configuration that came nearest; null where no plan of any was looked at (price, place, withdrawn). */
export function nearestMiss(probe: Probe): Miss | null {
  const misses = probe.outcome.excluded.flatMap((row): Miss[] => {
    const { group } = row;
    if (!group) return [];
    const planned = { ...row, group };
    const load = loadMissOf(planned, probe);
    return [{ row: planned, gap: gapOf(row, load), load }];
  });
  const id = ({ row }: Miss): string => planId(row.instance, row.region ?? '', row.group);
  // Two gaps that cannot be measured differ by NaN: then the id decides.
  const [nearest] = misses.sort((a, b) => rankOf(a) - rankOf(b) || a.gap - b.gap || (id(a) < id(b) ? -1 : 1));
  return nearest ?? null;
}
