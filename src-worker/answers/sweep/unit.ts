import type { Facts } from '../../engine/facts.ts';
import type { ModelSource } from '../../engine/model/types.ts';
import { gpusUsed } from '../../engine/sizing/plan-order.ts';
import { offersOf, placeOfOffer, priceFactorAt } from '../../engine/sweep/demand-axes.ts';
import type { PlanChoice } from '../../engine/sizing/size.ts';
import type { PlanGroup, ReplicaLoad } from '../../engine/sizing/types.ts';
import type { ColumnBatch } from '../../protocol/columns.ts';
import { sweepColumns, type SweepColumn } from '../../protocol/sweep-columns.ts';
import type { SweepUnit } from '../../protocol/worker-api.ts';
import { replicaPartOf } from '../replica-part.ts';
import { preparePoints, type PlacedCandidates, type PreparedPoints, type SizedCandidates } from './prepared-points.ts';
import { deploymentOf, rowTables, starBatch, TABLES, type RowTables } from './row-tables.ts';
import { NO_ENTRY } from './tables.ts';

/** A unit on its way: a few points per call of `next`, so that the caller can look up in between. */
export interface UnitRun {
  isDone(): boolean;
  /** Computes the next points, those of one load; returns how many. */
  next(): number;
  /** Rows of the points computed so far. */
  batch(): ColumnBatch;
}

/** What the candidates run for a load, as entries of the tables. */
interface SizedEntries {
  /** 1 = the candidate has a plan that passes. */
  passes: Uint8Array;
  plans: Uint32Array;
  loads: Uint32Array;
  deployments: Uint32Array;
  refusals: Uint32Array;
  instances: Float64Array;
  gpus: Float64Array;
}

/** Starts a unit. `points` carries the capacity searches that all its points share. */
export const beginSweepUnit = (unit: SweepUnit, points: PreparedPoints): UnitRun => new RowWriter(unit, points);

/** A whole unit at once: what a worker computes in slices. */
export function answerSweepUnit(unit: SweepUnit, model: ModelSource, facts: Facts): ColumnBatch {
  const run = beginSweepUnit(unit, preparePoints(unit.input, model, facts));
  while (!run.isDone()) run.next();
  return run.batch();
}

/**
 * Writes the rows of a unit: one per point and instance, of a point those that pass by rank, then the others in the order of the
 * catalog, those no longer sold last. What a row shows stands in tables; here it is but the entries that it has in them.
 */
class RowWriter implements UnitRun {
  readonly #unit: SweepUnit;
  readonly #points: PreparedPoints;
  readonly #columns: SweepColumn[];
  readonly #tables: RowTables;
  /** Entry per row and table. */
  readonly #keys: Record<keyof RowTables, Uint32Array>;
  readonly #offers: number;
  readonly #placed: (index: number) => PlacedCandidates;
  /** Entries of refusals by the id of an offer. */
  readonly #offerRefusals: number[] = [];
  /** Entries of plans: as one that is taken, and as one that is refused. */
  readonly #takenPlans = new Map<PlanGroup, number>();
  readonly #refusedPlans = new Map<PlanGroup | null, number>();
  readonly #noPlan: number;
  readonly #unranked: number;
  /** Entries by rank - 1. */
  readonly #ranks: number[] = [];
  /** Candidates that pass at the point being written, and what they cost. */
  readonly #passing: Uint32Array;
  readonly #usd: Float64Array;
  #rows = 0;
  /** Points written. */
  #done = 0;

  constructor(unit: SweepUnit, points: PreparedPoints) {
    this.#unit = unit;
    this.#points = points;
    this.#columns = sweepColumns(unit.axes);
    this.#tables = rowTables(this.#columns, unit.axes, points.table);
    this.#noPlan = this.#tables.plans.add({ input: unit.input, group: null, isTaken: false });
    this.#unranked = this.#tables.ranks.add(0);
    this.#offers = offersOf(unit.demand);
    this.#placed = points.placed(unit.demand);
    const { candidates, retired } = points;
    const most = unit.points * (candidates.length + retired.length);
    const keysFor = () => new Uint32Array(most);
    this.#keys = {
      points: keysFor(),
      offers: keysFor(),
      plans: keysFor(),
      deployments: keysFor(),
      loads: keysFor(),
      refusals: keysFor(),
      ranks: keysFor(),
    };
    this.#passing = new Uint32Array(candidates.length);
    this.#usd = new Float64Array(candidates.length);
  }

  isDone(): boolean {
    return this.#done >= this.#unit.points;
  }

  next(): number {
    const { first, points, demand } = this.#unit;
    const from = first + this.#done;
    const sizing = Math.floor(from / this.#offers);
    const until = Math.min(first + points, (sizing + 1) * this.#offers);
    const sized = this.#points.sized(demand, sizing);
    const entries = this.#sizedEntries(sized);
    for (let point = from; point < until; point += 1) this.#writePoint(sized, entries, point);
    this.#done += until - from;
    return until - from;
  }

  batch(): ColumnBatch {
    const tables = TABLES.map((name) => this.#tables[name].build(this.#keys[name].subarray(0, this.#rows)));
    return starBatch(this.#rows, this.#columns, tables);
  }

  #sizedEntries({ choices, context }: SizedCandidates): SizedEntries {
    const { input } = this.#unit;
    const { plans, loads, deployments, refusals } = this.#tables;
    const size = choices.length;
    const entries: SizedEntries = {
      passes: new Uint8Array(size),
      plans: new Uint32Array(size),
      loads: new Uint32Array(size),
      deployments: new Uint32Array(size),
      refusals: new Uint32Array(size),
      instances: new Float64Array(size),
      gpus: new Float64Array(size),
    };
    /** Of this load: plans that run alike share their percentiles, and what is deployed alike its counts. */
    const ofLoad = new Map<ReplicaLoad, number>();
    const ofDeployment = new Map<string, number>();
    for (let candidate = 0; candidate < size; candidate += 1) {
      const choice = choices[candidate] as PlanChoice;
      if ('refusal' in choice) {
        const { group, refusal } = choice;
        entries.plans[candidate] = once(this.#refusedPlans, group, () => plans.add({ input, group, isTaken: false }));
        entries.refusals[candidate] = refusals.entryOf(refusal);
        continue;
      }
      const plan = choice.chosen;
      const { group, replicas, replicasPerInstance } = plan;
      const key = `${group.key} ${replicas} ${replicasPerInstance}`;
      entries.passes[candidate] = 1;
      entries.plans[candidate] = once(this.#takenPlans, group, () => plans.add({ input, group, isTaken: true }));
      entries.loads[candidate] = once(ofLoad, plan.load, () => loads.add(replicaPartOf(plan, context)));
      entries.deployments[candidate] = once(ofDeployment, key, () => deployments.add(deploymentOf(plan, context)));
      entries.instances[candidate] = plan.instances;
      entries.gpus[candidate] = gpusUsed(plan);
    }
    return entries;
  }

  #writePoint({ sizing }: SizedCandidates, sized: SizedEntries, point: number): void {
    const { input, demand, firstPointId, first } = this.#unit;
    const offerIndex = point % this.#offers;
    const placed = this.#placed(placeOfOffer(demand, offerIndex));
    const priceFactor = priceFactorAt(demand, offerIndex);
    const entry = this.#tables.points.add({
      pointId: firstPointId + (point - first),
      input,
      isRate: demand.isRate,
      sizing,
      place: placed.place,
      priceFactor,
    });
    const passing = this.#ranked(sized, placed, priceFactor);
    const { offers: offerOf, retired } = this.#points;
    const { offers, refusals } = this.#tables;
    const keys = this.#keys;
    let row = this.#rows;
    for (let rank = 0; rank < passing; rank += 1, row += 1) {
      const candidate = this.#passing[rank] as number;
      keys.points[row] = entry;
      keys.offers[row] = offers.entry(offerOf[placed.offerIds[candidate] as number]?.passing ?? NO_ENTRY);
      keys.plans[row] = sized.plans[candidate] as number;
      keys.deployments[row] = sized.deployments[candidate] as number;
      keys.loads[row] = sized.loads[candidate] as number;
      keys.ranks[row] = this.#ranks[rank] ??= this.#tables.ranks.add(rank + 1);
    }
    for (let candidate = 0; candidate < sized.passes.length; candidate += 1) {
      const isOffered = placed.isOffered[candidate] === 1;
      if (isOffered && sized.passes[candidate] === 1) continue;
      const offerId = placed.offerIds[candidate] as number;
      const offer = offerOf[offerId];
      keys.points[row] = entry;
      keys.offers[row] = offers.entry(offer?.failing ?? NO_ENTRY);
      keys.plans[row] = isOffered ? (sized.plans[candidate] as number) : this.#noPlan;
      keys.refusals[row] = offer?.refusal
        ? (this.#offerRefusals[offerId] ??= refusals.entryOf(offer.refusal))
        : (sized.refusals[candidate] as number);
      keys.ranks[row] = this.#unranked;
      row += 1;
    }
    for (const { entry: offer, refusal } of retired) {
      keys.points[row] = entry;
      keys.offers[row] = offers.entry(offer);
      keys.plans[row] = this.#noPlan;
      keys.refusals[row] = refusals.entryOf(refusal);
      keys.ranks[row] = this.#unranked;
      row += 1;
    }
    this.#rows = row;
  }

  /**
   * Puts the candidates that pass at a point into `#passing`, by rank; returns how many. Each is put behind those that are no
   * dearer: they come in the order of their ids, which so decides among equals.
   */
  #ranked(sized: SizedEntries, placed: PlacedCandidates, priceFactor: number): number {
    const { byId } = this.#points;
    const ranked = this.#passing;
    let passing = 0;
    for (let place = 0; place < byId.length; place += 1) {
      const candidate = byId[place] as number;
      if (sized.passes[candidate] !== 1 || placed.isOffered[candidate] !== 1) continue;
      const usdPerHour = (placed.usdPerHour[candidate] as number) * priceFactor;
      this.#usd[candidate] = usdPerHour * (sized.instances[candidate] as number);
      let low = 0;
      for (let high = passing; low < high;) {
        const middle = (low + high) >> 1;
        if (this.#isCheaper(candidate, ranked[middle] as number, sized)) high = middle;
        else low = middle + 1;
      }
      ranked.copyWithin(low + 1, low, passing);
      ranked[low] = candidate;
      passing += 1;
    }
    return passing;
  }

  /** All carry the same load: $/request goes with $/hour. What has no price comes last, by its GPUs. */
  #isCheaper(a: number, b: number, { gpus }: SizedEntries): boolean {
    const one = this.#usd[a] as number;
    const other = this.#usd[b] as number;
    if (!Number.isNaN(one)) return Number.isNaN(other) || one < other;
    return Number.isNaN(other) && (gpus[a] as number) < (gpus[b] as number);
  }
}

/** The entry of a key, made the first time. */
function once<Key>(known: Map<Key, number>, key: Key, make: () => number): number {
  const found = known.get(key);
  if (found !== undefined) return found;
  const made = make();
  known.set(key, made);
  return made;
}
