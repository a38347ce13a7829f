import { invalidInput } from '../errors.ts';
import { expandNumberAxis, MAX_SWEEP_POINTS, TP_AXIS, USERS_AXIS, type NumberAxis } from './axis.ts';
import { EVERY } from './axis-text.ts';
import { gpuAxisIds } from './gpus.ts';
import { checkZones, zonesInScope, type CatalogFacts } from './zones.ts';

/** What planning must know of the question that every point shares. */
export interface SweepBase {
  users?: number | undefined;
  rate?: number | undefined;
  quantization: string[];
  zone: string | null;
  region: string | null;
  provider: string[];
  gpu: string[];
  tp: number | null;
  include_retired: boolean;
}

/** A product of axes over a base; an axis that is missing keeps the base's value. */
export interface SweepQuestion<Base extends SweepBase> {
  base: Base;
  axes: {
    users?: NumberAxis | undefined;
    quantization?: Base['quantization'] | undefined;
    /** `["*"]` = every zone in scope. */
    zone?: string[] | undefined;
    /** Names of GPUs; `["*"]` = every GPU in scope that some instance has. */
    gpu?: string[] | undefined;
    /** Tensor-parallel degrees. */
    tp?: number[] | undefined;
  };
}

/**
 * Points that share one capacity search: same input, several loads and places. `users` and `zone` of the input are
 * unset; they come from the lists. Point (u, z) has the number firstPointId + u * zones.length + z.
 */
export interface PlannedUnit<Base extends SweepBase> {
  input: Base;
  users: (number | null)[];
  zones: (string | null)[];
  firstPointId: number;
}

/**
 * Values of each axis in the order the points take them: quantization slowest, then GPUs, then tensor parallelism, then
 * users, then zones. What a capacity search depends on comes first, so that points that share one lie together.
 */
export interface SweepSpace<Base extends SweepBase> {
  points: number;
  users: (number | null)[];
  /** One list per value: what `quantization` of the input becomes. */
  quantizations: Base['quantization'][];
  /** One list per value: what `gpu` of the input becomes; ids where it is an axis. */
  gpus: string[][];
  /** null = every degree that an instance allows. */
  tensorParallels: (number | null)[];
  zones: (string | null)[];
  /** One input per quantization, GPU and tensor parallelism: what the units share. */
  inputs: Base[];
}

export interface SweepPlan<Base extends SweepBase> extends SweepSpace<Base> {
  units: PlannedUnit<Base>[];
}

/** Small enough for lively progress and an even load, large enough that handing units over costs nothing. */
export const POINTS_PER_UNIT = 8;

/**
 * The points of a sweep as the values of its axes, without a list of them.
 *
 * Throws invalid input: `sweep_conflict` (a value both in the base and on an axis, a zone axis beside a zone or region),
 * `users_missing`, `unknown_zone`, `unknown_gpu`, `gpu_not_offered`, `sweep_too_large`, and what `expandNumberAxis` throws.
 */
export function sweepSpace<Base extends SweepBase>(
  question: SweepQuestion<Base>,
  facts: CatalogFacts,
): SweepSpace<Base> {
  const quantizations = quantizationsOf(question);
  const gpus = gpusOf(question, facts);
  const tensorParallels = tensorParallelsOf(question);
  const zones = zonesOf(question, facts, gpus.flat());
  const inputs = quantizations.flatMap((quantization) =>
    gpus.flatMap((gpu) => tensorParallels.map((tp) => inputOf(question.base, { quantization, gpu, tp }))),
  );
  const users = usersOf(question, Math.floor(MAX_SWEEP_POINTS / (inputs.length * zones.length)));
  const points = inputs.length * users.length * zones.length;
  if (points > MAX_SWEEP_POINTS) {
    const counts = [
      `${quantizations.length} quantizations`,
      `${gpus.length} GPUs`,
      `${tensorParallels.length} TP degrees`,
      `${users.length} users`,
      `${zones.length} zones`,
    ];
    throw invalidInput(
      'sweep_too_large',
      `The sweep has ${points} points (${counts.join(' x ')}) and may have ${MAX_SWEEP_POINTS}: shorten an axis.`,
      { points, limit: MAX_SWEEP_POINTS },
    );
  }
  return { points, users, quantizations, gpus, tensorParallels, zones, inputs };
}

/**
 * Turns a sweep into numbered points, grouped in units of at most `pointsPerUnit`. How points are cut into units changes
 * neither their numbers nor their results. Throws what `sweepSpace` throws.
 */
export function planSweep<Base extends SweepBase>(
  question: SweepQuestion<Base>,
  facts: CatalogFacts,
  pointsPerUnit: number = POINTS_PER_UNIT,
): SweepPlan<Base> {
  const space = sweepSpace(question, facts);
  const { inputs, users, zones } = space;
  const unitSize = Math.max(1, Math.floor(pointsPerUnit));
  const units = inputs.flatMap((input, index) =>
    unitsOf(input, users, zones, index * users.length * zones.length, unitSize),
  );
  return { ...space, units };
}

function usersOf<Base extends SweepBase>({ base, axes }: SweepQuestion<Base>, limit: number): (number | null)[] {
  const given = [
    axes.users && 'the users axis',
    base.users !== undefined && 'users',
    base.rate !== undefined && 'rate',
  ];
  const names = given.filter((name) => typeof name === 'string');
  if (names.length > 1) {
    throw invalidInput('sweep_conflict', `The load is given as ${names.join(' and as ')}: keep one of them.`, {
      given: names,
    });
  }
  if (axes.users) return expandNumberAxis(axes.users, USERS_AXIS, limit);
  if (base.users !== undefined) return [base.users];
  if (base.rate !== undefined) return [null];
  throw invalidInput('users_missing', 'The sweep has no load: give users (a value or an axis) or a rate.', {});
}

function quantizationsOf<Base extends SweepBase>({ base, axes }: SweepQuestion<Base>): Base['quantization'][] {
  if (!axes.quantization) return [base.quantization];
  if (base.quantization.length > 0) {
    throw invalidInput(
      'sweep_conflict',
      'Quantization is given both in the base and as an axis: keep the axis to compare precisions.',
      { given: base.quantization },
    );
  }
  return [...new Set(axes.quantization)].map((value) => [value]);
}

function gpusOf<Base extends SweepBase>({ base, axes }: SweepQuestion<Base>, facts: CatalogFacts): string[][] {
  if (!axes.gpu) return [base.gpu];
  if (base.gpu.length > 0) {
    throw invalidInput(
      'sweep_conflict',
      'GPUs are given both in the base and as an axis: keep the axis to compare them, the base to look at them together.',
      { given: base.gpu },
    );
  }
  return gpuAxisIds(axes.gpu, facts, base).map((id) => [id]);
}

function tensorParallelsOf<Base extends SweepBase>({ base, axes }: SweepQuestion<Base>): (number | null)[] {
  if (!axes.tp) return [base.tp];
  if (base.tp !== null) {
    throw invalidInput(
      'sweep_conflict',
      'Tensor parallelism is given both in the base and as an axis: keep one of them.',
      { given: base.tp },
    );
  }
  return expandNumberAxis(axes.tp, TP_AXIS);
}

/** `gpu`: the GPUs looked at, those of the axis included. */
function zonesOf<Base extends SweepBase>(
  { base, axes }: SweepQuestion<Base>,
  facts: CatalogFacts,
  gpu: string[],
): (string | null)[] {
  const { zone, region } = base;
  const given = [
    zone !== null && `zone "${zone}"`,
    region !== null && `region "${region}"`,
    axes.zone && 'the zone axis',
  ];
  const places = given.filter((place) => typeof place === 'string');
  if (places.length > 1) {
    throw invalidInput('sweep_conflict', `The place is given as ${places.join(' and as ')}: keep one of them.`, {
      given: places,
    });
  }
  if (!axes.zone) {
    checkZones(zone === null ? [] : [zone], facts, base.provider);
    return [zone];
  }
  const named = [...new Set(axes.zone)].filter((zone) => zone !== EVERY);
  checkZones(named, facts, base.provider);
  if (named.length === axes.zone.length) return named;
  const all = zonesInScope(facts, { ...base, gpu });
  if (all.length === 0) {
    throw invalidInput('zone_unknown', 'No zone sells anything within the provider and GPU filters: widen them.', {
      provider: base.provider,
      gpu: base.gpu,
    });
  }
  return all;
}

/** The shared input of a unit; what varies within it is unset, so that equal searches have equal inputs. */
function inputOf<Base extends SweepBase>(base: Base, values: Pick<Base, 'quantization' | 'gpu' | 'tp'>): Base {
  const shared = { ...base, ...values, zone: null };
  delete shared.users;
  return shared;
}

/** Cuts users x zones so that the points of a unit are consecutive: whole rows of zones, or a part of one row. */
function unitsOf<Base extends SweepBase>(
  input: Base,
  users: (number | null)[],
  zones: (string | null)[],
  firstPointId: number,
  pointsPerUnit: number,
): PlannedUnit<Base>[] {
  const zonesPerUnit = Math.min(zones.length, pointsPerUnit);
  const usersPerUnit = zonesPerUnit < zones.length ? 1 : Math.floor(pointsPerUnit / zones.length);
  const units: PlannedUnit<Base>[] = [];
  for (let u = 0; u < users.length; u += usersPerUnit) {
    for (let z = 0; z < zones.length; z += zonesPerUnit) {
      units.push({
        input,
        users: users.slice(u, u + usersPerUnit),
        zones: zonesPerUnit < zones.length ? zones.slice(z, z + zonesPerUnit) : zones,
        firstPointId: firstPointId + u * zones.length + z,
      });
    }
  }
  return units;
}
