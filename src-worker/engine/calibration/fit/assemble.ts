import type { Benchmark } from '../../validation/benchmark.ts';
import { medianOf } from '../../numerics/sample.ts';
import type { CalibrationPriors, CalibrationProfile, Evidence, MeasuredCoverage, ResidualSpread } from '../types.ts';
import { coverageOf } from './coverage.ts';
import { ownErrorsOf, widerErrors, type SeenFigure } from './own-errors.ts';
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
  /** Figures after the fit. */
  figures: readonly SeenFigure[];
  /** [parameter] logarithms of the refits on parts of the data. */
  refits: readonly ArrayLike<number>[];
  /** Made anew, and nothing of the profile it began from holds for it; else it keeps that one's residuals and coverage. */
  isFresh: boolean;
  /** Of a profile that was made anew; null = nothing was left out, so that nothing is known of its errors. */
  residuals: ResidualSpread | null;
}

const rounded = (value: number): number => Number(value.toPrecision(DIGITS));

/** Lowest and highest of the refits and of the fit over all, by parameter; none without refits. `state` is rounded already. */
function rangesOf({ parameters, refits }: FittedProfile, state: FitState): Map<string, Range> {
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

type Range = [low: number, high: number];

/**
 * Puts the ranges of the refits in; a number without one keeps the range it had, as far as need be to hold the number.
 */
function withRanges(profile: CalibrationProfile, ranges: ReadonlyMap<string, Range>): CalibrationProfile {
  const rangeOf = (name: string, before: Range | null | undefined, value: number): Range | undefined =>
    ranges.get(name) ?? (before ? [Math.min(before[0], value), Math.max(before[1], value)] : undefined);
  const table = (name: string, before: Record<string, Range> | undefined, values: Record<string, unknown>) =>
    Object.fromEntries(
      Object.entries(values).flatMap(([key, value]): [string, Range][] => {
        const range = rangeOf(`${name}.${key}`, before?.[key], value as number);
        return range ? [[key, range]] : [];
      }),
    );
  const { constants, families, generations } = profile;
  return {
    ...profile,
    constants: Object.fromEntries(
      Object.entries(constants).map(([name, constant]) => [
        name,
        { ...constant, range: rangeOf(`constants.${name}`, constant.range, constant.value) ?? null },
      ]),
    ),
    families: Object.fromEntries(
      Object.entries(families).map(([name, { bandwidthRange, computeRange, ...family }]) => {
        const bandwidth = rangeOf(`families.${name}.bandwidth`, bandwidthRange, family.bandwidth);
        const compute = rangeOf(`families.${name}.compute`, computeRange, family.compute);
        return [
          name,
          { ...family, ...(bandwidth && { bandwidthRange: bandwidth }), ...(compute && { computeRange: compute }) },
        ];
      }),
    ),
    generations: Object.fromEntries(
      Object.entries(generations).map(([name, { ranges: before, ...overheads }]) => {
        const own = table(`generations.${name}`, before, overheads);
        return [name, { ...overheads, ...(Object.keys(own).length > 0 && { ranges: own }) }];
      }),
    ),
    ranges: {
      precisionComputeFactors: table(
        'precisionComputeFactors',
        profile.ranges?.precisionComputeFactors,
        profile.precisionComputeFactors,
      ),
      precisionBandwidthFactors: table(
        'precisionBandwidthFactors',
        profile.ranges?.precisionBandwidthFactors,
        profile.precisionBandwidthFactors,
      ),
      allReduceUs: table('allReduceUs', profile.ranges?.allReduceUs, profile.allReduceUs),
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
  for (const [fabric, nearest] of Object.entries(fitted.priors.nearestFabrics)) {
    const latency = profile.allReduceUs[nearest];
    if (latency !== undefined) profile.allReduceUs[fabric] = latency;
  }
  const sources = sourcesByGeneration(fitted.benchmarks);
  for (const [name, overheads] of Object.entries(profile.generations)) {
    overheads.source = sources.get(name) ?? overheads.source ?? 'No measurement: the common start of all generations.';
  }
  const { name, description, source } = fitted;
  const before = fitted.isFresh ? null : fitted.state.profile;
  const numbers = withRanges(profile, rangesOf(fitted, state));
  delete numbers.residuals;
  delete numbers.ownErrors;
  const residuals = before ? before.residuals : fitted.residuals;
  return {
    ...numbers,
    name,
    description,
    source,
    ...(residuals && { residuals }),
    ...(before && { ownErrors: widerErrors(before.ownErrors ?? {}, ownErrorsOf(fitted.figures)) }),
    coverage: added(before?.coverage, coverageOf(fitted.benchmarks)),
    evidence: { ...before?.evidence, ...evidenceOf(fitted) },
  };
}

/** What both have seen. */
function added(one: MeasuredCoverage | undefined, other: MeasuredCoverage): MeasuredCoverage {
  if (!one) return other;
  const sums = (a: Record<string, number>, b: Record<string, number>): Record<string, number> =>
    Object.fromEntries(
      [...new Set([...Object.keys(a), ...Object.keys(b)])].sort().map((key) => [key, (a[key] ?? 0) + (b[key] ?? 0)]),
    );
  return {
    gpus: sums(one.gpus, other.gpus),
    generations: sums(one.generations, other.generations),
    architectures: sums(one.architectures, other.architectures),
    groups: sums(one.groups, other.groups),
  };
}
