import { precisionSupport } from '../../engine/hardware/precision.ts';
import { metricLabel } from '../../engine/sizing/plan-groups.ts';
import type { UnhelpfulChange } from '../../protocol/documents.ts';
import { formatMs, formatSignificant } from '../../protocol/numbers.ts';
import type { Futile } from './attempt.ts';
import { limitOf } from './limit.ts';
import { nearestMiss, type Miss } from './nearest.ts';
import { gpuName, planName, targetFigure } from './names.ts';
import type { Family } from './option.ts';
import type { Probe } from './probe.ts';

const MOST = 5;

/** What people try first. */
const ORDER: readonly Family[] = ['precision', 'target', 'headroom', 'price', 'load', 'gpus', 'search', 'cache'];

/** How the nearest still fails, with its figures. */
function stillMissing(miss: Miss, probe: Probe): string {
  const { instance, group, refusal } = miss.row;
  if (miss.load) {
    const { carriesPerS, replicas } = miss.load;
    const carries = formatSignificant(carriesPerS * replicas);
    return `${planName(instance, group)} then carries ${carries} of ${formatSignificant(probe.sizing.rateReqPerS)} requests/s.`;
  }
  if (refusal.reason === 'sla_missed' && refusal.margin) {
    const { metric, value, limit } = refusal.margin;
    return `${metricLabel(metric)} is still ${formatMs(value)} ms of ${targetFigure(limit)} ms on an idle ${planName(instance, group)}.`;
  }
  return limitOf(miss, probe).sentence;
}

/** FP8 weights save memory on every GPU, time only where it has the units. */
function missingUnits({ row: { group } }: Miss): string {
  if (group.precision !== 'fp8') return '';
  return precisionSupport(group.gpu, 'fp8').kind === 'weight_only'
    ? `${gpuName(group)} has no FP8 units, so prefill stays as slow: `
    : '';
}

function whyNot({ family, probe }: Futile): string {
  const miss = nearestMiss(probe);
  if (!miss) return limitOf(null, probe).sentence;
  const still = stillMissing(miss, probe);
  if (family === 'target' && miss.load) return `The server is full, not slow: ${still}`;
  return family === 'precision' ? missingUnits(miss) + still : still;
}

/**
 * Another price makes nothing faster: it is worth a word only where there is none. Everything else is worth one only where
 * a plan could be looked at.
 */
const isWorthAWord = ({ family, probe }: Futile): boolean =>
  ORDER.includes(family) && (nearestMiss(probe) === null) === (family === 'price') && probe.outcome.excluded.length > 0;

/** Changes that were tried and bring nothing; those that fail for the same reason stand together. */
export function unhelpfulChanges(futile: readonly Futile[]): UnhelpfulChange[] {
  const byWhy = new Map<string, string[]>();
  const sorted = futile.filter(isWorthAWord).sort((a, b) => ORDER.indexOf(a.family) - ORDER.indexOf(b.family));
  for (const entry of sorted) {
    const why = whyNot(entry);
    byWhy.set(why, [...(byWhy.get(why) ?? []), entry.change]);
  }
  return [...byWhy].slice(0, MOST).map(([why, changes]) => ({ change: changes.join(', '), why }));
}
