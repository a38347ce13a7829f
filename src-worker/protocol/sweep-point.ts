import type { SizeInputDraft, SweepSpecDraft } from './requests.ts';

type Cell = number | string | boolean | null | undefined;

/**
 * The size question of one point of a sweep, by the cells of one of its rows. What a row of another axis leaves open is the base's.
 * Prices that are multiplied are no question of `size`: `priceFactorOfPoint` has by how much. Throws where neither says which model.
 */
export function questionOfPoint({ base, axes }: SweepSpecDraft, cellAt: (column: string) => Cell): SizeInputDraft {
  const numberAt = (column: string): number | null => {
    const value = cellAt(column);
    return typeof value === 'number' ? value : null;
  };
  const question: Record<string, unknown> = { ...base };
  const set = (key: string, value: unknown, isGiven: unknown): void => {
    if (isGiven !== undefined && value !== null && value !== undefined) question[key] = value;
  };
  const listOf = (column: string): string[] | null => {
    const value = cellAt(column);
    return typeof value === 'string' ? [value] : null;
  };
  const targets = Object.keys(axes.sla ?? {}).map((metric) => [metric, numberAt(`sla_${metric}_ms`)]);
  set('sla', { ...base.sla, ...Object.fromEntries(targets) }, axes.sla);
  for (const key of ['model', 'workload', 'calibration', 'kv_cache_dtype', 'pricing', 'region', 'zone'] as const) {
    set(key, cellAt(key), axes[key]);
  }
  for (const key of ['input_tokens', 'output_tokens', 'prefix_hit_rate', 'cacheable_ratio'] as const) {
    set(key, numberAt(key), axes[key]);
  }
  for (const key of ['rate', 'think_time', 'headroom', 'max_gpus'] as const) set(key, numberAt(key), axes[key]);
  for (const key of ['provider', 'quantization', 'gpu'] as const) set(key, listOf(key), axes[key]);
  const [provider, instance] = [cellAt('provider'), cellAt('instance')];
  if (typeof provider === 'string' && typeof instance === 'string') {
    set('instance', [`${provider}/${instance}`], axes.instance);
  }
  // The load of every row, axis or not.
  set('users', numberAt('users'), numberAt('users') ?? undefined);
  set('tp', numberAt('tensor_parallel'), axes.tp);
  set('pp', numberAt('pipeline_parallel'), axes.pp);
  if (typeof question['model'] !== 'string') throw new Error('a sweep without a model');
  // The keys are those of the question, one by one.
  return question as SizeInputDraft;
}

/** What prices are multiplied by at the point of a row: the `price_factor` of `sensitivity` around it. 1 = list prices. */
export function priceFactorOfPoint(cellAt: (column: string) => Cell): number {
  const factor = cellAt('price_factor');
  return typeof factor === 'number' ? factor : 1;
}
