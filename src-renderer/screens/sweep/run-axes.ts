import type { RunDetail } from '../../../src-worker/protocol/app-api.ts';
import { specOfRun } from '../../state/sweep-result.ts';

/** Axes of a run with several values: those along which something changes, and those whose values compare. */
export interface RunAxisWords {
  numbers: string[];
  names: string[];
}

const NUMBERS: ReadonlySet<string> = new Set([
  ...['users', 'rate', 'input_tokens', 'output_tokens', 'prefix_hit_rate', 'cacheable_ratio'],
  ...['think_time', 'headroom', 'max_gpus', 'price_factor', 'tp', 'pp'],
]);

/** The load first. */
export function axesOfRun(detail: RunDetail): RunAxisWords {
  const { sla = {}, ...axes } = specOfRun(detail)?.axes ?? {};
  const isSeveral = (values: unknown): boolean =>
    Array.isArray(values) ? values.length > 1 || values.includes('*') : values !== undefined;
  const varied = Object.entries(axes).flatMap(([axis, values]) => (isSeveral(values) ? [axis] : []));
  const targets = Object.entries(sla).flatMap(([metric, values]) => (isSeveral(values) ? [`sla_${metric}_ms`] : []));
  const isLoad = (axis: string): number => (axis === 'users' || axis === 'rate' ? 0 : 1);
  return {
    numbers: [...varied.filter((axis) => NUMBERS.has(axis)), ...targets].sort((a, b) => isLoad(a) - isLoad(b)),
    names: varied.filter((axis) => !NUMBERS.has(axis)),
  };
}
