import { invalidInput } from '../errors.ts';
import { patched, searchPatches, type SearchAxes, type SweepBase } from './axes.ts';
import { MAX_SWEEP_POINTS } from './axis.ts';
import { demandSpace, offersOf, pointsOfDemand, sizingsOf, type DemandAxes } from './demand-axes.ts';
import { dealUnits, type Shard } from './shards.ts';
import type { DemandSpace, PlannedUnit, SweepSpace } from './types.ts';
import { instancesInScope, type CatalogFacts } from './zones.ts';

export type { SweepBase } from './axes.ts';
export type { DemandSpace, PlannedUnit, SweepSpace } from './types.ts';

/** A product of axes over a base; an axis that is missing keeps the base's value. */
export interface SweepQuestion<Base extends SweepBase> {
  base: Base;
  axes: SearchAxes & DemandAxes;
  /** The part of the points that is asked for; absent = all. */
  shard?: Shard | undefined;
}

/** A base whose model is known. */
export type Named<Base> = Base & { model: string };

export interface SweepPlan<Input> extends SweepSpace<Input> {
  /** Those of the shard, in the order of their points. */
  units: PlannedUnit<Input>[];
  /** Points of these units: of the shard where there is one. */
  plannedPoints: number;
  /** Units of all shards. */
  unitsInAll: number;
}

/** Capacity searches of more inputs take hours; each is held in memory. */
export const MAX_SWEEP_INPUTS = 50_000;

/**
 * The points of a sweep as the values of its axes, without a list of them.
 *
 * Throws invalid input: `sweep_conflict` (a value both in the base and on an axis, a place given twice), `model_missing`,
 * `users_missing`, `unknown_zone`, `unknown_region`, `unknown_gpu`, `gpu_not_offered`,
 * `unknown_instance`, `instance_not_offered`, `sweep_too_large`, and what
 * `expandNumberAxis` throws.
 */
export function sweepSpace<Base extends SweepBase>(
  { base, axes }: SweepQuestion<Base>,
  facts: CatalogFacts,
): SweepSpace<Named<Base>> {
  const search = searchPatches(axes, base, facts);
  const counts = search.map(({ axis, patches }) => ({ axis, count: patches.length }));
  const numInputs = counts.reduce((product, { count }) => product * count, 1);
  const namesOf = (key: 'gpu' | 'instance' | 'provider'): string[] => {
    const given = search.find(({ axis }) => axis === key)?.patches.map((patch) => patch[key] as string[]);
    return given ? given.flat() : base[key];
  };
  const scope = { gpu: namesOf('gpu'), instance: namesOf('instance'), provider: namesOf('provider') };
  const demand = demandSpace(base, axes, facts, scope, MAX_SWEEP_POINTS);
  const allCounts = [...counts, ...demandCounts(axes, demand)];
  const points = numInputs * pointsOfDemand(demand);
  if (points > MAX_SWEEP_POINTS) refuseSize(points, allCounts, MAX_SWEEP_POINTS, 'points');
  if (numInputs > MAX_SWEEP_INPUTS) refuseSize(numInputs, counts, MAX_SWEEP_INPUTS, 'combinations to search');
  const inputs = product(search.map(({ patches }) => patches)).map((patches) => inputOf(patched(base, patches)));
  return { points, axes: allCounts, inputs, demand, sizingsPerInput: sizingsOf(demand) };
}

/** How the axes of a demand are called, in the order of the points. */
const DEMAND_KEYS = [
  ['users', 'loads'],
  ['rate', 'loads'],
  ['think_time', 'thinkTimes'],
  ['headroom', 'headrooms'],
  ['max_gpus', 'maxGpus'],
  ['pricing', 'pricings'],
  ['price_factor', 'priceFactors'],
  ['region', 'regions'],
  ['zone', 'zones'],
] as const satisfies (readonly [keyof DemandAxes, Exclude<keyof DemandSpace, 'isRate'>])[];

const demandCounts = (axes: DemandAxes, demand: DemandSpace): SweepSpace<unknown>['axes'] =>
  DEMAND_KEYS.filter(([axis]) => axes[axis] !== undefined).map(([axis, key]) => ({ axis, count: demand[key].length }));

function refuseSize(size: number, counts: { axis: string; count: number }[], limit: number, what: string): never {
  const product = counts
    .filter(({ count }) => count > 1)
    .map(({ axis, count }) => `${grouped(count)} ${axis}`)
    .join(' x ');
  const largest = [...counts].sort((a, b) => b.count - a.count)[0];
  throw invalidInput(
    'sweep_too_large',
    `The sweep has ${grouped(size)} ${what} (${product}) and may have ${grouped(limit)}: narrow ${largest?.axis ?? 'an axis'}, which has the most values.`,
    { points: size, limit, axis: largest?.axis ?? null },
  );
}

const grouped = (value: number): string => value.toLocaleString('en-US');

/** Every combination of one entry of each list, the last list fastest. */
const product = <Item>(lists: Item[][]): Item[][] =>
  lists.reduce<Item[][]>((found, list) => found.flatMap((items) => list.map((item) => [...items, item])), [[]]);

/** What varies within the points of an input is unset, so that equal searches have equal inputs. */
function inputOf<Base extends SweepBase>(base: Base): Named<Base> {
  const { model } = base;
  if (model === undefined) {
    throw invalidInput('model_missing', 'The sweep has no model: give model, as a value or as an axis.', {});
  }
  const shared = { ...base, model, zone: null, region: null };
  delete shared.users;
  delete shared.rate;
  return shared;
}

/**
 * Rows of a unit: enough that handing one over costs nothing beside computing it, few enough that a killed sweep loses little
 * and that sixteen bits tell its rows apart.
 */
export const ROWS_PER_UNIT = 65_536;
/** Loads of a unit: each has plans of its own to evaluate, some ten milliseconds over a whole catalog. */
const LOADS_PER_UNIT = 16;

/**
 * Turns a sweep into numbered points, grouped in units of about `rowsPerUnit` rows. How points are cut into units changes neither
 * their numbers nor their results. The first units of an input are smaller, so that a first answer comes soon. Throws what
 * `sweepSpace` throws.
 */
export function planSweep<Base extends SweepBase>(
  question: SweepQuestion<Base>,
  facts: CatalogFacts,
  rowsPerUnit: number = ROWS_PER_UNIT,
): SweepPlan<Named<Base>> {
  const space = sweepSpace(question, facts);
  const { inputs, demand } = space;
  const pointsPerInput = pointsOfDemand(demand);
  const cuts = new Map<number, { first: number; points: number }[]>();
  const cutsFor = (instances: number) => {
    const known =
      cuts.get(instances) ?? cutDemand(demand, Math.max(1, Math.floor(rowsPerUnit / Math.max(1, instances))));
    cuts.set(instances, known);
    return known;
  };
  const axes = space.axes.map(({ axis }) => axis);
  let seq = 0;
  const weighed = inputs.flatMap((input, index) => {
    const firstPointId = index * pointsPerInput;
    const instances = instancesInScope(facts, input);
    return cutsFor(instances).map(({ first, points }) => {
      const unit: PlannedUnit<Named<Base>> = {
        seq: seq++,
        axes,
        input,
        demand,
        first,
        points,
        firstPointId: firstPointId + first,
      };
      // A point costs a row for each instance, and an input a search for each of its kinds of instances.
      return { unit, input, weight: points * Math.max(1, instances) };
    });
  });
  const units = unitsOf(question.shard, weighed);
  const plannedPoints = units.reduce((sum, unit) => sum + unit.points, 0);
  return { ...space, units, plannedPoints, unitsInAll: weighed.length };
}

function unitsOf<Unit>(shard: Shard | undefined, weighed: { unit: Unit; input: object; weight: number }[]): Unit[] {
  if (!shard) return weighed.map(({ unit }) => unit);
  const shards = dealUnits(weighed, shard.of);
  return weighed.filter((_, index) => shards[index] === shard.index - 1).map(({ unit }) => unit);
}

/** Cuts the points of an input into runs of at most `most`: whole loads, or a part of the offers of one. */
function cutDemand(demand: DemandSpace, most: number): { first: number; points: number }[] {
  const offers = offersOf(demand);
  const sizings = sizingsOf(demand);
  const cuts: { first: number; points: number }[] = [];
  if (offers > most) {
    for (let sizing = 0; sizing < sizings; sizing += 1) {
      for (let offer = 0; offer < offers; offer += most) {
        cuts.push({ first: sizing * offers + offer, points: Math.min(most, offers - offer) });
      }
    }
    return cuts;
  }
  const mostSizings = Math.min(LOADS_PER_UNIT, Math.floor(most / offers));
  for (let sizing = 0, size = 1; sizing < sizings; sizing += size, size = Math.min(mostSizings, size * 2)) {
    cuts.push({ first: sizing * offers, points: Math.min(size, sizings - sizing) * offers });
  }
  return cuts;
}
