import type { Facts } from '../../engine/facts.ts';
import type { ModelSource } from '../../engine/model/types.ts';
import { gpusUsed } from '../../engine/sizing/plan-order.ts';
import { offersOf } from '../../engine/sweep/demand-axes.ts';
import type { ColumnBatch } from '../../protocol/columns.ts';
import type { SweepUnit } from '../../protocol/worker-api.ts';
import { preparePoints, type PlacedCandidates, type PreparedPoints, type SizedCandidates } from './prepared-points.ts';
import { rowTables, TABLES, type RowTables } from './row-tables.ts';
import { NO_ENTRY, starBatch } from './tables.ts';

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

/** An offer of the input as entries of the tables. */
interface OfferEntries {
  /** Where its candidate passes, and where it does not. */
  passing: number;
  failing: number;
  refusal: number;
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
  readonly #made: ReturnType<typeof rowTables>;
  readonly #tables: RowTables;
  /** Entry per row and table. */
  readonly #keys: Record<keyof RowTables, Uint32Array>;
  readonly #offers: number;
  /** By the number of the offer (prepared-points.ts); made when a row first has it. */
  readonly #offerEntries: (OfferEntries | undefined)[] = [];
  /** Candidates that pass at the point being written, and what they cost. */
  readonly #passing: Uint32Array;
  readonly #usd: Float64Array;
  readonly #idRank: Uint32Array;
  #rows = 0;
  /** Points written. */
  #done = 0;

  constructor(unit: SweepUnit, points: PreparedPoints) {
    this.#unit = unit;
    this.#points = points;
    this.#made = rowTables(unit.axes);
    this.#tables = this.#made.tables;
    this.#offers = offersOf(unit.demand);
    const { candidates, retired, byId } = points;
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
    this.#idRank = new Uint32Array(candidates.length);
    byId.forEach((candidate, rank) => (this.#idRank[candidate] = rank));
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
    const { columns, products, joined } = this.#made;
    const tables = TABLES.map((name) => this.#tables[name].build(this.#keys[name].subarray(0, this.#rows)));
    return starBatch(this.#rows, columns, tables, { products, joined });
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
    const ofLoad = new Map<unknown, number>();
    const ofDeployment = new Map<string, number>();
    for (const [candidate, choice] of choices.entries()) {
      if ('refusal' in choice) {
        const { group, refusal } = choice;
        entries.plans[candidate] = plans.entry(`refused ${group?.key}`, () => ({ input, group, isTaken: false }));
        entries.refusals[candidate] = refusals.entry(refusal, () => refusal);
        continue;
      }
      const plan = choice.chosen;
      const { group, replicas, replicasPerInstance } = plan;
      const deployment = { plan, context };
      const key = `${group.key} ${replicas} ${replicasPerInstance}`;
      const load = ofLoad.get(plan.load) ?? loads.add(deployment);
      ofLoad.set(plan.load, load);
      const deployed = ofDeployment.get(key) ?? deployments.add(deployment);
      ofDeployment.set(key, deployed);
      entries.passes[candidate] = 1;
      entries.plans[candidate] = plans.entry(group.key, () => ({ input, group, isTaken: true }));
      entries.loads[candidate] = load;
      entries.deployments[candidate] = deployed;
      entries.instances[candidate] = plan.instances;
      entries.gpus[candidate] = gpusUsed(plan);
    }
    return entries;
  }

  #offerEntry(id: number): OfferEntries {
    return (this.#offerEntries[id] ??= this.#newOfferEntry(id));
  }

  #newOfferEntry(id: number): OfferEntries {
    const { offers, refusals } = this.#tables;
    const found = this.#points.offers[id];
    if (!found) throw new RangeError(`there is no offer ${id}`);
    const { choice, pricing, candidate } = found;
    const { instance } = candidate;
    const bare = (region: string | null) => offers.entry(`${id} bare`, () => ({ instance, region }));
    if (choice.kind === 'refused') {
      const { refusal } = choice;
      return { passing: NO_ENTRY, failing: bare(null), refusal: refusals.entry(refusal, () => refusal) };
    }
    const { offer, otherRegions, usdPerHour } = choice;
    const passing = offers.entry(id, () => ({ instance, offer, otherRegions, usdPerHour, pricing }));
    return { passing, failing: bare(offer.region), refusal: NO_ENTRY };
  }

  #writePoint({ sizing }: SizedCandidates, sized: SizedEntries, point: number): void {
    const { input, demand, firstPointId, first } = this.#unit;
    const offerIndex = point % this.#offers;
    const placed = this.#points.placed(demand, offerIndex);
    const entry = this.#tables.points.add({
      pointId: firstPointId + (point - first),
      input,
      isRate: demand.isRate,
      sizing,
      offer: placed.offer,
    });
    const passing = this.#ranked(sized, placed);
    const keys = this.#keys;
    let row = this.#rows;
    for (let rank = 0; rank < passing; rank += 1, row += 1) {
      const candidate = this.#passing[rank] as number;
      keys.points[row] = entry;
      keys.offers[row] = this.#offerEntry(placed.offerIds[candidate] as number).passing;
      keys.plans[row] = sized.plans[candidate] as number;
      keys.deployments[row] = sized.deployments[candidate] as number;
      keys.loads[row] = sized.loads[candidate] as number;
      keys.ranks[row] = this.#rankEntry(rank + 1);
    }
    const noPlan = this.#noPlan();
    const failed = this.#rankEntry(0);
    for (let candidate = 0; candidate < sized.passes.length; candidate += 1) {
      const isOffered = placed.isOffered[candidate] === 1;
      if (isOffered && sized.passes[candidate] === 1) continue;
      const { failing, refusal } = this.#offerEntry(placed.offerIds[candidate] as number);
      keys.points[row] = entry;
      keys.offers[row] = failing;
      keys.plans[row] = isOffered ? (sized.plans[candidate] as number) : noPlan;
      keys.refusals[row] = isOffered ? (sized.refusals[candidate] as number) : refusal;
      keys.ranks[row] = failed;
      row += 1;
    }
    for (const { instance, refusal } of this.#points.retired) {
      keys.points[row] = entry;
      keys.offers[row] = this.#tables.offers.entry(instance, () => ({ instance, region: null }));
      keys.plans[row] = noPlan;
      keys.refusals[row] = this.#tables.refusals.entry(refusal, () => refusal);
      keys.ranks[row] = failed;
      row += 1;
    }
    this.#rows = row;
  }

  /** Puts the candidates that pass at a point into `#passing`, by rank; returns how many. */
  #ranked(sized: SizedEntries, placed: PlacedCandidates): number {
    let passing = 0;
    for (const candidate of this.#points.byId) {
      if (sized.passes[candidate] !== 1 || placed.isOffered[candidate] !== 1) continue;
      this.#passing[passing] = candidate;
      this.#usd[candidate] = (placed.usdPerHour[candidate] as number) * (sized.instances[candidate] as number);
      passing += 1;
    }
    // All carry the same load: $/request goes with $/hour.
    this.#passing
      .subarray(0, passing)
      .sort((a, b) => this.#byPrice(a, b, sized) || (this.#idRank[a] as number) - (this.#idRank[b] as number));
    return passing;
  }

  #byPrice(a: number, b: number, { gpus }: SizedEntries): number {
    const [one, other] = [this.#usd[a] as number, this.#usd[b] as number];
    const [hasOne, hasOther] = [!Number.isNaN(one), !Number.isNaN(other)];
    if (hasOne && hasOther) return one - other;
    return Number(hasOther) - Number(hasOne) || (gpus[a] as number) - (gpus[b] as number);
  }

  #noPlan(): number {
    const { input } = this.#unit;
    return this.#tables.plans.entry('none', () => ({ input, group: null, isTaken: false }));
  }

  readonly #rankEntries: number[] = [];

  #rankEntry(rank: number): number {
    for (let next = this.#rankEntries.length; next <= rank; next += 1) {
      this.#rankEntries.push(this.#tables.ranks.add(next));
    }
    return this.#rankEntries[rank] ?? NO_ENTRY;
  }
}
