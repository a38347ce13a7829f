import { invalidInput } from '../errors.ts';
import { resolveProviderId } from '../hardware/resolve.ts';
import { expandNumberAxis, type NumberAxis, type NumberAxisRule } from './axis.ts';
import { EVERY } from './axis-text.ts';
import { gpuAxisIds } from './gpus.ts';
import { instanceAxisIds } from './instances.ts';
import { NUMBER_RULES, targetRule } from './number-rules.ts';
import type { CatalogFacts } from './zones.ts';

/* What a sweep may vary, in the order of its points: the slowest first. */

/** What planning must know of the question that every point shares; null, empty and undefined = not said. */
export interface SweepBase {
  model?: string | undefined;
  workload: string;
  users?: number | undefined;
  rate?: number | undefined;
  think_time: number;
  headroom: number;
  quantization: string[];
  kv_cache_dtype: string;
  pricing: string;
  zone: string | null;
  region: string | null;
  provider: string[];
  gpu: string[];
  instance: string[];
  max_gpus: number | null;
  tp: number | null;
  pp: number;
  include_retired: boolean;
  input_tokens: number | null;
  output_tokens: number | null;
  prefix_hit_rate: number | null;
  cacheable_ratio: number | null;
  sla: Partial<Record<string, number>>;
  calibration: string;
}

/** Axes that a capacity search depends on: each of their combinations is searched by itself. */
export interface SearchAxes {
  model?: string[] | undefined;
  workload?: string[] | undefined;
  input_tokens?: NumberAxis | undefined;
  output_tokens?: NumberAxis | undefined;
  prefix_hit_rate?: NumberAxis | undefined;
  cacheable_ratio?: NumberAxis | undefined;
  /** ms by metric; each metric is an axis of its own. */
  sla?: Partial<Record<string, NumberAxis>> | undefined;
  calibration?: string[] | undefined;
  /** `["*"]` = every provider. */
  provider?: string[] | undefined;
  kv_cache_dtype?: string[] | undefined;
  quantization?: string[] | undefined;
  /** Names of GPUs; `["*"]` = every GPU in scope that some instance has. */
  gpu?: string[] | undefined;
  /** Names of instances, `provider/name` or `name`; `["*"]` = every instance in scope that is sold. */
  instance?: string[] | undefined;
  /** Pipeline stages. */
  pp?: number[] | undefined;
  /** Tensor-parallel degrees. */
  tp?: number[] | undefined;
}

/** What is unset stays what the base says, so that equal searches have equal inputs. */
type Patch = Record<string, unknown>;

interface SearchAxis {
  key: keyof SearchAxes & keyof SweepBase;
  /** What the base says when it says nothing: anything else beside the axis is a contradiction. */
  unset: unknown;
  values: (axes: SearchAxes, base: SweepBase, facts: CatalogFacts) => unknown[] | null;
}

const numbers =
  (key: 'input_tokens' | 'output_tokens' | 'prefix_hit_rate' | 'cacheable_ratio') =>
  (axes: SearchAxes): number[] | null => {
    const axis = axes[key];
    return axis ? expandNumberAxis(axis, NUMBER_RULES[key]) : null;
  };

const names =
  (key: 'model' | 'workload' | 'calibration' | 'kv_cache_dtype') =>
  (axes: SearchAxes): string[] | null =>
    axes[key] ? distinctNames(axes[key], key) : null;

function distinctNames(values: string[], axis: string): string[] {
  if (values.length > 0) return [...new Set(values)];
  throw invalidInput('axis_empty', `${axis}: the list is empty: give at least one value.`, { axis });
}

/** A list of one: what the field of the input becomes. */
const listed = (values: string[] | undefined, axis: string): string[][] | null =>
  values ? distinctNames(values, axis).map((value) => [value]) : null;

function providers(axes: SearchAxes, _base: SweepBase, facts: CatalogFacts): string[][] | null {
  const named = listed(axes.provider, 'provider');
  if (!named) return null;
  const ids = named
    .flat()
    .flatMap((name) => (name === EVERY ? everyProvider(facts) : [resolveProviderId(facts, name)]));
  return [...new Set(ids)].map((id) => [id]);
}

/** The providers and GPUs of other axes narrow what every instance is. */
function instances({ instance, provider, gpu }: SearchAxes, base: SweepBase, facts: CatalogFacts): string[][] | null {
  if (!instance) return null;
  const among = (axis: string[] | undefined, held: string[]): string[] =>
    axis === undefined ? held : axis.includes(EVERY) ? [] : axis;
  const scope = { ...base, provider: among(provider, base.provider), gpu: among(gpu, base.gpu) };
  return instanceAxisIds(distinctNames(instance, 'instance'), facts, scope).map((id) => [id]);
}

/** Providers that offer an instance, sorted by code unit so that every machine numbers them alike. */
const everyProvider = ({ instances }: CatalogFacts): string[] =>
  [...new Set(instances.map(({ provider }) => provider))].sort();

const degrees = (values: number[] | undefined, rule: NumberAxisRule): number[] | null =>
  values ? expandNumberAxis(values, rule) : null;

/** All but the targets, slowest first. Points that share a search lie together. */
const SEARCH_AXES: SearchAxis[] = [
  { key: 'model', unset: undefined, values: names('model') },
  { key: 'workload', unset: 'chat', values: names('workload') },
  { key: 'input_tokens', unset: null, values: numbers('input_tokens') },
  { key: 'output_tokens', unset: null, values: numbers('output_tokens') },
  { key: 'prefix_hit_rate', unset: null, values: numbers('prefix_hit_rate') },
  { key: 'cacheable_ratio', unset: null, values: numbers('cacheable_ratio') },
  { key: 'calibration', unset: 'default', values: names('calibration') },
  { key: 'provider', unset: [], values: providers },
  { key: 'kv_cache_dtype', unset: 'auto', values: names('kv_cache_dtype') },
  { key: 'quantization', unset: [], values: ({ quantization }) => listed(quantization, 'quantization') },
  {
    key: 'gpu',
    unset: [],
    values: ({ gpu }, base, facts) =>
      gpu ? gpuAxisIds(distinctNames(gpu, 'gpu'), facts, base).map((id) => [id]) : null,
  },
  { key: 'instance', unset: [], values: instances },
  { key: 'pp', unset: 1, values: ({ pp }) => degrees(pp, NUMBER_RULES.pp) },
  { key: 'tp', unset: null, values: ({ tp }) => degrees(tp, NUMBER_RULES.tp) },
];

/** One value of every search axis that is given, for each of their combinations; slowest axis first. */
export function searchPatches(
  axes: SearchAxes,
  base: SweepBase,
  facts: CatalogFacts,
): { axis: string; patches: Patch[] }[] {
  const found = SEARCH_AXES.flatMap(({ key, unset, values }) => {
    const list = values(axes, base, facts);
    if (!list) return [];
    refuseBoth(key, base[key], unset);
    return [{ axis: key, patches: list.map((value): Patch => ({ [key]: value })) }];
  });
  return [...targetPatches(axes.sla, base), ...found];
}

/** Targets vary slowest of all: every metric that is given is an axis, and keeps the base's other targets. */
function targetPatches(sla: SearchAxes['sla'], base: SweepBase): { axis: string; patches: Patch[] }[] {
  return Object.entries(sla ?? {}).flatMap(([metric, axis]) => {
    if (!axis) return [];
    refuseBoth(`sla ${metric}`, base.sla[metric], undefined);
    const values = expandNumberAxis(axis, targetRule(metric));
    return [{ axis: `sla_${metric}_ms`, patches: values.map((value): Patch => ({ sla: { [metric]: value } })) }];
  });
}

export function refuseBoth(axis: string, value: unknown, unset: unknown): void {
  if (JSON.stringify(value) === JSON.stringify(unset)) return;
  throw invalidInput(
    'sweep_conflict',
    `${axis} is given both in the base (${JSON.stringify(value)}) and as an axis: keep the axis to compare values, the base for one of them.`,
    { given: JSON.stringify(value) },
  );
}

/** The base with one patch of each axis; targets are laid over those of the base. */
export function patched<Base extends SweepBase>(base: Base, patches: Patch[]): Base {
  const sla = { ...base.sla };
  const merged: Base = { ...base };
  for (const patch of patches) {
    Object.assign(sla, patch['sla']);
    Object.assign(merged, patch);
  }
  Object.assign(merged, { sla });
  return merged;
}
