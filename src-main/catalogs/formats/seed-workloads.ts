import { UNBOUNDED_TOKENS } from '../../../src-worker/engine/workload/types.ts';
import type { ContentWorkload, HeadroomPoint } from '../content.ts';
import { isObject, type Bounds, type Json } from './json-fields.ts';
import type { JsonPath } from './json-places.ts';
import { shown } from './problems.ts';
import type { SeedReading } from './seed-reading.ts';

/** Where a file gives no standard deviation (data of the seed): standard deviation over mean. */
const USUAL_CV = 0.6;
const LEAST_TOKENS = 1;
/** Prefix cache of the seed's RAG workload, where a file switches one on without saying more. */
const USUAL_CACHE = { cacheable: 0.75, hit: 0.7 };
/** Output length the end-to-end target of the key is for. */
const E2E_OUTPUT_TOKENS = 512;

const TOKENS: Bounds = { above: 0, most: UNBOUNDED_TOKENS, example: 'tokens, 500' };
const SPREAD: Bounds = { ...TOKENS, mayEqual: true };
const MS: Bounds = { above: 0, most: 1e9, example: 'milliseconds, 200' };
const SHARE: Bounds = { above: 0, mayEqual: true, most: 1, example: 'a share from 0 to 1, 0.7' };
const FACTOR: Bounds = { above: 0, most: 1000, example: 'a factor, 1.5' };

const GATES = [
  'ttft_mean',
  'ttft_p50',
  'ttft_p95',
  'ttft_p99',
  'tpot_mean',
  'tpot_p50',
  'tpot_p95',
  'tpot_p99',
] as const;
const PROCESSES = ['poisson', 'gamma', 'constant', 'hawkes'] as const;

interface SeedLoad {
  workloads: ContentWorkload[];
  headroom: HeadroomPoint[] | null;
  read: number;
}

/** `workloads`, `headroom_factors`; the tables that are calibration here are named once and not taken. */
export function readSeedWorkloads(reading: SeedReading): SeedLoad {
  const { data, fields, notes } = reading;
  const entries = Object.entries(fields.object(data, 'workloads', []));
  const workloads = entries.flatMap(([name, entry]) => readWorkload(reading, name, entry) ?? []);
  const left = ['interconnect', 'vllm_overhead_factors'].filter((key) => data[key] !== undefined);
  if (left.length > 0) {
    notes.add(
      `${left.join(' and ')} ${left.length > 1 ? 'are' : 'is'} not taken: a calibration profile says such things here.`,
    );
  }
  return { workloads, headroom: readHeadroom(reading), read: entries.length };
}

function readWorkload(
  { problems, fields, source, notes }: SeedReading,
  name: string,
  entry: unknown,
): ContentWorkload | null {
  const path = ['workloads', name];
  const before = problems.count;
  fields.checkedName(name, path);
  if (!isObject(entry)) {
    problems.add(path, `must be an object, got ${shown(entry)}`);
    return null;
  }
  const tokens = fields.object(entry, 'token_distribution', path);
  const tokenPath = [...path, 'token_distribution'];
  const lengths = (key: string, isNeeded: boolean) => {
    if (!isNeeded && (tokens[key] === undefined || tokens[key] === null)) return null;
    return readLengths({ fields, problems, notes }, fields.object(tokens, key, tokenPath), [...tokenPath, key]);
  };
  const input = lengths('input_tokens', true);
  const output = lengths('output_tokens', true);
  const context = lengths('context_tokens', false);
  const traffic = fields.object(entry, 'traffic_pattern', path);
  const targets = readTargets({ fields, problems, notes }, fields.object(entry, 'sla_targets', path), [
    ...path,
    'sla_targets',
  ]);
  const arrival = readArrival({ fields, problems }, traffic, [...path, 'traffic_pattern']);
  const peakFactor = fields.optionalNumber(traffic, 'peak_factor', [...path, 'traffic_pattern'], FACTOR);
  const cache = readCache({ fields, notes }, fields.object(entry, 'prefix_cache', path), [...path, 'prefix_cache']);
  if (problems.count > before || !input || !output) return null;
  return {
    name,
    description: typeof entry['description'] === 'string' && entry['description'] !== '' ? entry['description'] : name,
    length_distribution: 'lognormal',
    input_tokens: input,
    context_tokens: context,
    output_tokens: output,
    arrival,
    peak_factor: peakFactor,
    ...targets,
    prefix_cache: cache,
    source,
  };
}

type Lengths = ContentWorkload['input_tokens'];

function readLengths(
  { fields, problems, notes }: Pick<SeedReading, 'fields' | 'problems' | 'notes'>,
  owner: Json,
  path: JsonPath,
): Lengths | null {
  const isContext = path.at(-1) === 'context_tokens';
  if (isContext && owner['mean'] === 0) return null;
  const mean = fields.number(owner, 'mean', path, TOKENS);
  const std = fields.optionalNumber(owner, 'std', path, SPREAD);
  const min = fields.optionalNumber(owner, 'min', path, SPREAD) ?? LEAST_TOKENS;
  const max = fields.optionalNumber(owner, 'max', path, TOKENS) ?? UNBOUNDED_TOKENS;
  if (mean === null) return null;
  if (mean < min || mean > max) {
    problems.add([...path, 'mean'], `is ${mean}, outside of min ${min} and max ${max}: mend one of them`);
    return null;
  }
  const { distribution } = owner;
  if (distribution !== undefined && distribution !== 'lognormal') {
    notes.add(`The distribution ${shown(distribution)} is taken as lognormal, the one the engine knows.`);
  }
  return { mean, std: std ?? USUAL_CV * mean, min, max };
}

type Targets = Pick<ContentWorkload, 'targets_ms' | 'e2e_target' | 'concurrent_users_per_1k_tokens_per_s'>;

function readTargets(
  { fields, problems, notes }: Pick<SeedReading, 'fields' | 'problems' | 'notes'>,
  owner: Json,
  path: JsonPath,
): Targets {
  const targets: Targets['targets_ms'] = {};
  for (const metric of GATES) {
    const value = fields.optionalNumber(owner, `${metric}_ms`, path, MS);
    if (value !== null) targets[metric] = value;
  }
  const e2e = fields.optionalNumber(owner, 'e2e_latency_per_512_tokens_ms', path, MS);
  const users = fields.optionalNumber(owner, 'concurrent_users_per_1k_tok_s', path, { ...FACTOR, most: 1e9 });
  const known = [
    ...GATES.map((metric) => `${metric}_ms`),
    'e2e_latency_per_512_tokens_ms',
    'concurrent_users_per_1k_tok_s',
  ];
  for (const key of Object.keys(owner))
    if (!known.includes(key)) notes.add(`The target "${key.slice(0, 60)}" is not known and not taken.`);
  if (Object.keys(targets).length === 0) {
    problems.add(
      path,
      'has no target: give at least one of ttft_p50_ms, ttft_p95_ms, ttft_p99_ms, tpot_p50_ms, tpot_p95_ms, tpot_p99_ms',
    );
  }
  for (const metric of ['ttft', 'tpot'] as const) {
    const [p50, p95, p99] = [targets[`${metric}_p50`], targets[`${metric}_p95`], targets[`${metric}_p99`]];
    if (p50 !== undefined && p95 !== undefined && p95 < p50) {
      problems.add(
        [...path, `${metric}_p95_ms`],
        `is ${p95}, below the P50 of ${p50}: a later percentile is never shorter`,
      );
    }
    if (p95 !== undefined && p99 !== undefined && p99 < p95) {
      problems.add(
        [...path, `${metric}_p99_ms`],
        `is ${p99}, below the P95 of ${p95}: a later percentile is never shorter`,
      );
    }
  }
  return {
    targets_ms: targets,
    e2e_target: e2e === null ? null : { p50_ms: e2e, output_tokens: E2E_OUTPUT_TOKENS },
    concurrent_users_per_1k_tokens_per_s: users,
  };
}

function readArrival(
  { fields, problems }: Pick<SeedReading, 'fields' | 'problems'>,
  owner: Json,
  path: JsonPath,
): ContentWorkload['arrival'] {
  const given = owner['arrival_process'];
  const process = PROCESSES.find((one) => one === given);
  if (given !== undefined && !process) {
    problems.add([...path, 'arrival_process'], `must be one of ${PROCESSES.join(', ')}, got ${shown(given)}`);
  }
  const burstiness = fields.optionalNumber(owner, 'burstiness', path, FACTOR) ?? 1;
  const base = fields.optionalNumber(owner, 'hawkes_base_rate', path, { ...FACTOR, most: 1e9 });
  const excitation = fields.optionalNumber(owner, 'hawkes_excitation', path, { ...FACTOR, most: 1e9 });
  const decay = fields.optionalNumber(owner, 'hawkes_decay', path, { ...FACTOR, most: 1e9 });
  const hasAll = base !== null && excitation !== null && decay !== null;
  return {
    process: process ?? 'poisson',
    burstiness,
    ...(hasAll && { hawkes: { base_rate_per_s: base, excitation_per_s: excitation, decay_per_s: decay } }),
  };
}

function readCache(
  { fields, notes }: Pick<SeedReading, 'fields' | 'notes'>,
  owner: Json,
  path: JsonPath,
): ContentWorkload['prefix_cache'] {
  if (Object.keys(owner).length === 0 || owner['enabled'] === false) return null;
  const cacheable = fields.optionalNumber(owner, 'cacheable_token_ratio', path, SHARE);
  const hit = fields.optionalNumber(owner, 'cache_hit_rate', path, SHARE);
  const prefix = fields.optionalNumber(owner, 'avg_prefix_length', path, TOKENS);
  if (cacheable === null || hit === null) {
    notes.add(
      `A prefix cache without all its figures takes the seed's: ${USUAL_CACHE.cacheable} of a prompt cacheable, hit rate ${USUAL_CACHE.hit}.`,
    );
  }
  return {
    hit_rate: hit ?? USUAL_CACHE.hit,
    cacheable_ratio: cacheable ?? USUAL_CACHE.cacheable,
    average_prefix_tokens: prefix,
  };
}

/** Headroom in percent to the share of capacity and the burst it stands for. */
function readHeadroom({ data, fields, problems }: SeedReading): HeadroomPoint[] | null {
  const table = fields.object(data, 'headroom_factors', []);
  const points: HeadroomPoint[] = [];
  for (const [key, entry] of Object.entries(table)) {
    const path = ['headroom_factors', key];
    const percent = Number(key);
    if (key.trim() === '' || !(percent >= 0 && percent <= 100)) {
      problems.add(path, 'must be named by a headroom from 0 to 100 percent');
    } else if (!isObject(entry)) {
      problems.add(path, `must be an object, got ${shown(entry)}`);
    } else {
      const utilizationTarget = fields.number(entry, 'utilization_target', path, { ...SHARE, mayEqual: false });
      const burstFactor = fields.number(entry, 'burst_multiplier', path, {
        above: 1,
        mayEqual: true,
        most: 1000,
        example: 'a factor, 1.33',
      });
      if (utilizationTarget !== null && burstFactor !== null) points.push({ percent, utilizationTarget, burstFactor });
    }
  }
  return points.length > 0 ? points.sort((a, b) => a.percent - b.percent) : null;
}
