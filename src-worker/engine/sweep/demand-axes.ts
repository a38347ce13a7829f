import { invalidInput } from '../errors.ts';
import type { SweepBase } from './axes.ts';
import { refuseBoth } from './axes.ts';
import { expandNumberAxis, type NumberAxis, type NumberAxisRule } from './axis.ts';
import { EVERY } from './axis-text.ts';
import { NUMBER_RULES } from './number-rules.ts';
import type { DemandSpace } from './types.ts';
import { checkRegions, checkZones, regionsInScope, zonesInScope, type CatalogFacts, type ZoneScope } from './zones.ts';

/** Axes that points with one capacity search may differ in. */
export interface DemandAxes {
  users?: NumberAxis | undefined;
  rate?: NumberAxis | undefined;
  think_time?: NumberAxis | undefined;
  headroom?: NumberAxis | undefined;
  max_gpus?: NumberAxis | undefined;
  pricing?: string[] | undefined;
  /** What the prices of the catalog are multiplied by. */
  price_factor?: NumberAxis | undefined;
  /** `["*"]` = every region in scope. */
  region?: string[] | undefined;
  /** `["*"]` = every zone in scope. */
  zone?: string[] | undefined;
}

/** Combinations of what decides a deployment. */
export const sizingsOf = ({ loads, thinkTimes, headrooms, maxGpus }: DemandSpace): number =>
  loads.length * thinkTimes.length * headrooms.length * maxGpus.length;

/** Combinations of place and price. */
export const offersOf = ({ pricings, priceFactors, regions, zones }: DemandSpace): number =>
  pricings.length * priceFactors.length * regions.length * zones.length;

export const pointsOfDemand = (space: DemandSpace): number => sizingsOf(space) * offersOf(space);

/** What a deployment is planned for. */
export interface SizingPoint {
  load: number;
  thinkTimeS: number;
  headroom: number;
  maxGpus: number | null;
}

/** Where it stands, and by which list of prices it is paid. */
export interface PlacePoint {
  pricing: string;
  region: string | null;
  zone: string | null;
}

export function sizingAt({ loads, thinkTimes, headrooms, maxGpus }: DemandSpace, index: number): SizingPoint {
  const [l, t, h, m] = digits(index, [loads.length, thinkTimes.length, headrooms.length, maxGpus.length]);
  return {
    load: valueAt(loads, l),
    thinkTimeS: valueAt(thinkTimes, t),
    headroom: valueAt(headrooms, h),
    maxGpus: valueAt(maxGpus, m),
  };
}

export function placeAt({ pricings, regions, zones }: DemandSpace, index: number): PlacePoint {
  const [p, r, z] = digits(index, [pricings.length, regions.length, zones.length]);
  return { pricing: valueAt(pricings, p), region: valueAt(regions, r), zone: valueAt(zones, z) };
}

/** The place of an offer: those that differ in their factor alone have the same. */
export function placeOfOffer({ priceFactors, regions, zones }: DemandSpace, offer: number): number {
  const places = regions.length * zones.length;
  return Math.floor(offer / (places * priceFactors.length)) * places + (offer % places);
}

/** What the prices of an offer are multiplied by. */
export const priceFactorAt = ({ priceFactors, regions, zones }: DemandSpace, offer: number): number =>
  valueAt(priceFactors, Math.floor(offer / (regions.length * zones.length)) % priceFactors.length);

/** A number in mixed radix, the last digit fastest. */
function digits(index: number, radices: number[]): number[] {
  const found = radices.map(() => 0);
  let rest = index;
  for (let place = radices.length - 1; place >= 0; place -= 1) {
    const radix = radices[place] ?? 1;
    found[place] = rest % radix;
    rest = Math.floor(rest / radix);
  }
  return found;
}

function valueAt<Value>(values: Value[], index: number | undefined): Value {
  const value = values[index ?? -1];
  if (value === undefined) throw new RangeError(`a point beyond its axis: ${index} of ${values.length}`);
  return value;
}

/** `scope` = what is looked at, the names of axes included; `room` = most points an input may have. */
export function demandSpace(
  base: SweepBase,
  axes: DemandAxes,
  facts: CatalogFacts,
  scope: Omit<ZoneScope, 'include_retired'>,
  room: number,
): DemandSpace {
  const { loads, isRate } = loadsOf(base, axes, room);
  const numbers = (axis: NumberAxis | undefined, rule: NumberAxisRule, value: number, unset: number): number[] => {
    if (!axis) return [value];
    refuseBoth(rule.name, value, unset);
    return expandNumberAxis(axis, rule, room);
  };
  if (axes.max_gpus) refuseBoth('max_gpus', base.max_gpus, null);
  if (axes.pricing) refuseBoth('pricing', base.pricing, 'ondemand');
  return {
    loads,
    isRate,
    thinkTimes: numbers(axes.think_time, NUMBER_RULES.think_time, base.think_time, 0),
    headrooms: numbers(axes.headroom, NUMBER_RULES.headroom, base.headroom, DEFAULT_HEADROOM),
    maxGpus: axes.max_gpus ? expandNumberAxis(axes.max_gpus, NUMBER_RULES.max_gpus, room) : [base.max_gpus],
    pricings: axes.pricing ? distinct(axes.pricing, 'pricing') : [base.pricing],
    priceFactors: axes.price_factor ? expandNumberAxis(axes.price_factor, NUMBER_RULES.price_factor, room) : [1],
    ...placeAxes(base, axes, facts, scope),
  };
}

/** Of the size question (protocol/requests.ts). */
const DEFAULT_HEADROOM = 25;

function distinct(values: string[], axis: string): string[] {
  if (values.length > 0) return [...new Set(values)];
  throw invalidInput('axis_empty', `${axis}: the list is empty: give at least one value.`, { axis });
}

function loadsOf(base: SweepBase, axes: DemandAxes, room: number): Pick<DemandSpace, 'loads' | 'isRate'> {
  const given = [
    axes.users && 'the users axis',
    axes.rate && 'the rate axis',
    base.users !== undefined && 'users',
    base.rate !== undefined && 'rate',
  ];
  const names = given.filter((name) => typeof name === 'string');
  if (names.length > 1) {
    throw invalidInput('sweep_conflict', `The load is given as ${names.join(' and as ')}: keep one of them.`, {
      given: names,
    });
  }
  if (axes.users) return { loads: expandNumberAxis(axes.users, NUMBER_RULES.users, room), isRate: false };
  if (axes.rate) return { loads: expandNumberAxis(axes.rate, NUMBER_RULES.rate, room), isRate: true };
  if (base.users !== undefined) return { loads: [base.users], isRate: false };
  if (base.rate !== undefined) return { loads: [base.rate], isRate: true };
  throw invalidInput('users_missing', 'The sweep has no load: give users or a rate, as a value or as an axis.', {});
}

function placeAxes(
  base: SweepBase,
  axes: DemandAxes,
  facts: CatalogFacts,
  scope: Omit<ZoneScope, 'include_retired'>,
): Pick<DemandSpace, 'regions' | 'zones'> {
  const { zone, region } = base;
  const given = [
    zone !== null && `zone "${zone}"`,
    region !== null && `region "${region}"`,
    axes.zone && 'the zone axis',
    axes.region && 'the region axis',
  ];
  const places = given.filter((place) => typeof place === 'string');
  if (places.length > 1) {
    throw invalidInput('sweep_conflict', `The place is given as ${places.join(' and as ')}: keep one of them.`, {
      given: places,
    });
  }
  const looked = { ...base, ...scope };
  const zones = placeAxis(axes.zone, 'zone', zone, {
    check: (names) => checkZones(names, facts, looked.provider),
    every: () => zonesInScope(facts, looked),
  });
  const regions = placeAxis(axes.region, 'region', region, {
    check: (names) => checkRegions(names, facts, looked.provider),
    every: () => regionsInScope(facts, looked),
  });
  return { zones, regions };
}

function placeAxis(
  axis: string[] | undefined,
  kind: 'zone' | 'region',
  fixed: string | null,
  { check, every }: { check: (names: string[]) => void; every: () => string[] },
): (string | null)[] {
  if (!axis) {
    if (fixed !== null) check([fixed]);
    return [fixed];
  }
  const named = distinct(axis, kind).filter((name) => name !== EVERY);
  check(named);
  if (!axis.includes(EVERY)) return named;
  const all = every();
  if (all.length > 0) return all;
  throw invalidInput(
    `${kind}_unknown`,
    `No ${kind} sells anything within the provider, GPU and instance filters: widen them.`,
    {},
  );
}
