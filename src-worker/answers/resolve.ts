import type { CalibrationProfile } from '../engine/calibration/types.ts';
import { invalidInput } from '../engine/errors.ts';
import type { Facts } from '../engine/facts.ts';
import type { RegionOffer } from '../engine/hardware/types.ts';
import { resolveGpuId, resolveInstanceId, resolveProviderId } from '../engine/hardware/resolve.ts';
import type { EngineDefaults } from '../engine/memory/types.ts';
import { checkpointPrecision } from '../engine/model/weights.ts';
import type { Model, Precision } from '../engine/model/types.ts';
import {
  UNBOUNDED_TOKENS,
  type LatencyMetric,
  type LengthDistribution,
  type Target,
  type Workload,
} from '../engine/workload/types.ts';
import type { SizeInput } from '../protocol/requests.ts';
import { didYouMean } from '../protocol/suggest.ts';

/** Names in a request become entries of the catalogs; a name that is not there is refused with the nearest ones. */

export function resolveWorkload(name: string, facts: Facts): Workload {
  const found = facts.workloads.find((workload) => workload.name === name);
  if (found) return found;
  const known = facts.workloads.map((workload) => workload.name);
  throw invalidInput('unknown_workload', `Unknown workload "${name}": ${didYouMean(name, known)}`, {
    workload: name,
    known,
  });
}

export function resolveCalibration(name: string, facts: Facts): CalibrationProfile {
  const found = facts.calibrations.find((profile) => profile.name === name);
  if (found) return found;
  const known = facts.calibrations.map((profile) => profile.name);
  throw invalidInput('unknown_calibration', `Unknown calibration profile "${name}": ${didYouMean(name, known)}`, {
    calibration: name,
    known,
  });
}

/** `vllm` = the newest version known; `vllm@0.14` = the newest at or below it. */
export function resolveEngine(name: string, facts: Facts): EngineDefaults {
  const [engine = '', version] = name.split('@');
  const versions = facts.engines.filter((entry) => entry.engine === engine.toLowerCase());
  if (versions.length === 0) {
    const known = [...new Set(facts.engines.map((entry) => entry.engine))];
    throw invalidInput('unknown_engine', `Unknown engine "${engine}": ${didYouMean(engine, known)}`, { engine, known });
  }
  const newestFirst = [...versions].sort((a, b) => compareVersions(b.version, a.version));
  const [newest] = newestFirst;
  if (!newest) throw new Error('engine without versions');
  if (version === undefined) return newest;
  const [, numbers] = /^v?(\d+(?:\.\d+)*)(?:\.?(?:post|rc|dev)\d+)?$/.exec(version) ?? [];
  if (numbers === undefined) {
    throw invalidInput('engine_version', `Engine version "${version}" is not a number such as ${newest.version}.`, {
      version,
    });
  }
  // Each entry names the newest version it holds for: the first one at or above the version asked for.
  const fitting = newestFirst.filter((entry) => compareVersions(entry.version, patchless(numbers, entry)) >= 0).at(-1);
  return fitting ?? newest;
}

/** A range named 0.14 holds 0.14.1 too: a version is compared as far as the entry goes. */
const patchless = (version: string, entry: EngineDefaults): string =>
  version.split('.').slice(0, entry.version.split('.').length).join('.');

function compareVersions(a: string, b: string): number {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

export const resolveProviders = (names: string[], facts: Facts): string[] =>
  names.map((name) => resolveProviderId(facts, name));

export const resolveGpus = (names: string[], facts: Facts): string[] => names.map((name) => resolveGpuId(facts, name));

/** `providers`: those that the question narrows to, by id. */
export const resolveInstances = (names: string[], facts: Facts, providers: readonly string[]): string[] =>
  names.map((name) => resolveInstanceId(facts, name, providers));

/** Zone and region exclude each other, and each must exist at one of the providers. */
export function checkPlace(input: Pick<SizeInput, 'zone' | 'region'>, facts: Facts): void {
  const { zone, region } = input;
  if (zone !== null && region !== null) {
    throw invalidInput(
      'zone_and_region',
      `Zone "${zone}" and region "${region}" were both given: a zone lies in one region, give only one of them.`,
      { zone, region },
    );
  }
  // Known anywhere is known: what the providers asked for do not sell there is excluded with its reason.
  const offers = facts.instances.flatMap((instance) => instance.offers);
  if (zone !== null && !offers.some(({ zones }) => zones.includes(zone))) {
    const known = [...new Set(offers.flatMap(({ zones }) => zones))].sort();
    throw invalidInput(
      'unknown_zone',
      regionForZone(zone, offers) ?? `Unknown zone "${zone}": ${didYouMean(zone, known)}`,
      {
        zone,
      },
    );
  }
  if (region !== null && !offers.some((offer) => offer.region === region)) {
    const known = [...new Set(offers.map((offer) => offer.region))].sort();
    throw invalidInput(
      'unknown_region',
      zoneForRegion(region, offers) ?? `Unknown region "${region}": ${didYouMean(region, known)}`,
      {
        region,
      },
    );
  }
}

function regionForZone(name: string, offers: readonly RegionOffer[]): string | null {
  const there = offers.filter(({ region }) => region === name);
  if (there.length === 0) return null;
  const zones = [...new Set(there.flatMap((offer) => offer.zones))].sort();
  const own = zones.length > 0 ? `its zones are ${zones.join(', ')}` : 'its zones are not known';
  return `Unknown zone "${name}": that is a region, give it with --region (${own}).`;
}

function zoneForRegion(name: string, offers: readonly RegionOffer[]): string | null {
  const region = offers.find(({ zones }) => zones.includes(name))?.region;
  return region === undefined ? null : `Unknown region "${name}": that is a zone of ${region}, give it with --zone.`;
}

/** The precisions asked for; none = 16-bit, or what a pre-quantized checkpoint holds. */
export function resolvePrecisions(asked: SizeInput['quantization'], model: Model): Precision[] {
  if (asked.length === 0) return [model.checkpoint.method === null ? 'fp16' : checkpointPrecision(model)];
  const precisions = asked.map((name) => (name === 'checkpoint' ? checkpointPrecision(model) : name));
  return [...new Set(precisions)];
}

function scaled(distribution: LengthDistribution, factor: number): LengthDistribution {
  const mean = distribution.mean * factor;
  // A request has at least one token: a mean of one leaves no spread.
  if (factor !== 1 && mean <= 1) return { mean, std: 0, min: mean, max: mean };
  return {
    mean,
    std: distribution.std * factor,
    min: distribution.min * factor,
    // A bound that stands for none stays none.
    max: distribution.max === UNBOUNDED_TOKENS ? UNBOUNDED_TOKENS : distribution.max * factor,
  };
}

function withTargets(targets: Target[], sla: SizeInput['sla']): Target[] {
  const asked = Object.entries(sla) as [LatencyMetric, number][];
  const kept = targets.filter(({ metric }) => !asked.some(([name]) => name === metric));
  const added = asked.map(([metric, targetMs]) => ({ metric, targetMs, isGating: true, outputTokens: null }));
  const order = (metric: string): number => METRIC_ORDER.indexOf(metric);
  return [...kept, ...added].sort((a, b) => order(a.metric) - order(b.metric));
}

const METRIC_ORDER: string[] = ['ttft', 'tpot', 'e2e'].flatMap((kind) =>
  ['mean', 'p50', 'p95', 'p99'].map((statistic) => `${kind}_${statistic}`),
);

function withCache(workload: Workload, input: SizeInput): Workload['prefixCache'] {
  if (!input.prefix_cache) {
    if (input.prefix_hit_rate === null && input.cacheable_ratio === null) return null;
    const given = input.prefix_hit_rate === null ? 'cacheable_ratio' : 'prefix_hit_rate';
    throw invalidInput(
      'prefix_cache_off',
      `${given} was given although the prefix cache is off: leave one of them out.`,
      {},
    );
  }
  const hitFraction = input.prefix_hit_rate ?? workload.prefixCache?.hitFraction;
  const cacheableFraction = input.cacheable_ratio ?? workload.prefixCache?.cacheableFraction;
  if (hitFraction === undefined && cacheableFraction === undefined) return null;
  if (hitFraction === undefined || cacheableFraction === undefined) {
    const missing =
      hitFraction === undefined ? 'prefix_hit_rate (--prefix-hit-rate)' : 'cacheable_ratio (--cacheable-ratio)';
    throw invalidInput(
      'prefix_cache_incomplete',
      `Workload "${workload.name}" has no prefix cache of its own: give ${missing} as well, a share from 0 to 1.`,
      { workload: workload.name },
    );
  }
  return { hitFraction, cacheableFraction };
}

/** The workload with the request's overrides: means scale with their spreads and bounds. */
export function overriddenWorkload(workload: Workload, input: SizeInput): Workload {
  const promptMean = workload.input.mean + (workload.context?.mean ?? 0);
  const promptFactor = input.input_tokens === null ? 1 : input.input_tokens / promptMean;
  const outputFactor = input.output_tokens === null ? 1 : input.output_tokens / workload.output.mean;
  return {
    ...workload,
    input: scaled(workload.input, promptFactor),
    context: workload.context && scaled(workload.context, promptFactor),
    output: scaled(workload.output, outputFactor),
    targets: withTargets(workload.targets, input.sla),
    prefixCache: withCache(workload, input),
  };
}
