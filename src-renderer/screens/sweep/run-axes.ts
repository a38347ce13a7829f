import type { RunDetail } from '../../../src-worker/protocol/app-api.ts';
import { axisFacts, isLoadAxis, isSeveral, targetAxisName } from '../../../src-worker/protocol/sweep-axis-roles.ts';
import { specOfRun } from '../../state/sweep-result.ts';

/** Axes of a run with several values: those along which something changes, and those whose values compare. */
export interface RunAxisWords {
  numbers: string[];
  names: string[];
}

/** The load first, targets last. */
export function axesOfRun(detail: RunDetail): RunAxisWords {
  const { sla = {}, ...axes } = specOfRun(detail)?.axes ?? {};
  const targets = Object.entries(sla).map(([metric, values]): [string, unknown] => [targetAxisName(metric), values]);
  const varied = [...Object.entries(axes), ...targets].flatMap(([axis, values]) => (isSeveral(values) ? [axis] : []));
  const isLoad = (axis: string): number => (isLoadAxis(axis) ? 0 : 1);
  return {
    numbers: varied.filter((axis) => axisFacts(axis)?.type === 'number').sort((a, b) => isLoad(a) - isLoad(b)),
    names: varied.filter((axis) => axisFacts(axis)?.type === 'text'),
  };
}
