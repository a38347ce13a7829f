import type { Benchmark } from '../../validation/benchmark.ts';
import { medianOf } from '../../numerics/sample.ts';
import type { CalibrationPriors } from '../priors.ts';
import type { CalibrationProfile, Evidence, ResidualSpread } from '../types.ts';
import { coverageOf } from './coverage.ts';
import type { FitState, Parameter } from './parameters.ts';

/** A parameter whose spread after the fit is below this share of its prior's is informed by the data (FIDELITY.md section 1). */
const INFORMED = 0.75;
const DIGITS = 4;

export interface FittedProfile {
  name: string;
  description: string;
  source: string;
  state: FitState;
  parameters: readonly Parameter[];
  priors: CalibrationPriors;
  benchmarks: readonly Benchmark[];
  /** [parameter] relative to the prior's. */
  remainingSpread: ArrayLike<number>;
  /** [benchmark] absolute errors of its figures after the fit, percent. */
  errorsPercent: readonly (readonly number[])[];
  /** [parameter] logarithms of the refits on parts of the data. */
  refits: readonly ArrayLike<number>[];
  /** null where nothing was left out: then no interval is given. */
  residuals: ResidualSpread | null;
}

const rounded = (value: number): number => Number(value.toPrecision(DIGITS));

/** Lowest and highest of the refits and of the fit over all, by parameter. `state` is rounded already. */
function rangesOf({ parameters, refits }: FittedProfile, state: FitState): Map<string, [low: number, high: number]> {
  if (refits.length === 0) return new Map();
  return new Map(
    parameters.map(({ name, get }, i) => {
      const values = [...refits.map((logs) => rounded(Math.exp(logs[i] as number))), get(state)];
      return [name, [Math.min(...values), Math.max(...values)]];
    }),
  );
}

function evidenceOf(fitted: FittedProfile): Record<string, Evidence> {
  const { parameters, benchmarks, errorsPercent, remainingSpread } = fitted;
  return Object.fromEntries(
    parameters
      .map(({ name, touches }, i): [string, Evidence] => {
        const touched = benchmarks.flatMap((benchmark, index) => (touches(benchmark) ? [index] : []));
        const errors = touched.flatMap((index) => errorsPercent[index] ?? []);
        const sources = new Set(touched.map((index) => (benchmarks[index] as Benchmark).row.sourceId));
        return [
          name,
          {
            rows: touched.length,
            sources: [...sources].sort(),
            medianErrorPercent: errors.length > 0 ? Math.round(medianOf(errors) * 10) / 10 : null,
            isInformed: (remainingSpread[i] as number) < INFORMED,
          },
        ];
      })
      .filter(([name]) => !name.startsWith('machines.')),
  );
}

/** Rounds every fitted number, so that a profile reads as a table and not as noise. */
function roundFitted(state: FitState, parameters: readonly Parameter[]): void {
  for (const { get, set } of parameters) set(state, rounded(get(state)));
}

function withRanges(profile: CalibrationProfile, ranges: ReadonlyMap<string, [number, number]>): CalibrationProfile {
  const at = (name: string): [number, number] | undefined => ranges.get(name);
  const table = (name: string, keys: readonly string[]): Record<string, [number, number]> =>
    Object.fromEntries(keys.flatMap((key) => (at(`${name}.${key}`) ? [[key, at(`${name}.${key}`)]] : []))) as Record<
      string,
      [number, number]
    >;
  return {
    ...profile,
    constants: Object.fromEntries(
      Object.entries(profile.constants).map(([name, constant]) => [
        name,
        { ...constant, range: at(`constants.${name}`) ?? constant.range },
      ]),
    ),
    families: Object.fromEntries(
      Object.entries(profile.families).map(([name, { bandwidthRange: _b, computeRange: _c, ...family }]) => {
        const [bandwidth, compute] = [at(`families.${name}.bandwidth`), at(`families.${name}.compute`)];
        return [
          name,
          { ...family, ...(bandwidth && { bandwidthRange: bandwidth }), ...(compute && { computeRange: compute }) },
        ];
      }),
    ),
    generations: Object.fromEntries(
      Object.entries(profile.generations).map(([name, { ranges: _, ...overheads }]) => {
        const own = table(`generations.${name}`, Object.keys(overheads));
        return [name, { ...overheads, ...(Object.keys(own).length > 0 && { ranges: own }) }];
      }),
    ),
    ranges: {
      precisionComputeFactors: table('precisionComputeFactors', Object.keys(profile.precisionComputeFactors)),
      precisionBandwidthFactors: table('precisionBandwidthFactors', Object.keys(profile.precisionBandwidthFactors)),
      allReduceUs: table('allReduceUs', Object.keys(profile.allReduceUs)),
    },
  };
}

/** Measurement sets behind each generation, with their number of rows. */
function sourcesByGeneration(benchmarks: readonly Benchmark[]): Map<string, string> {
  const rows = new Map<string, Map<string, number>>();
  for (const { generation, row } of benchmarks) {
    const counts = rows.get(generation) ?? new Map<string, number>();
    rows.set(generation, counts.set(row.sourceId, (counts.get(row.sourceId) ?? 0) + 1));
  }
  return new Map(
    [...rows].map(([generation, counts]) => {
      const sum = [...counts.values()].reduce((total, count) => total + count, 0);
      const names = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([name]) => name);
      return [generation, `${sum} rows: ${names.join(', ')}`];
    }),
  );
}

/** The profile a fit comes to: its numbers with ranges, evidence, coverage and the spread of left-out errors. */
export function assembleProfile(fitted: FittedProfile): CalibrationProfile {
  const state = structuredClone(fitted.state);
  roundFitted(state, fitted.parameters);
  const { profile } = state;
  // Those of the profile the fit began with say nothing of this one.
  delete profile.residuals;
  for (const [fabric, nearest] of Object.entries(fitted.priors.nearestFabrics)) {
    const latency = profile.allReduceUs[nearest];
    if (latency !== undefined) profile.allReduceUs[fabric] = latency;
  }
  const sources = sourcesByGeneration(fitted.benchmarks);
  // An engine that was not measured now keeps its overheads, and with them what they rest on.
  for (const [name, overheads] of Object.entries(profile.generations))
    overheads.source = sources.get(name) ?? overheads.source ?? 'No measurement: the common start of all generations.';
  const { name, description, source, residuals } = fitted;
  return {
    ...withRanges(profile, rangesOf(fitted, state)),
    name,
    description,
    source,
    ...(residuals && { residuals }),
    coverage: coverageOf(fitted.benchmarks),
    evidence: evidenceOf(fitted),
  };
}
