import { precisionSupport } from '../../engine/hardware/precision.ts';
import { metricLabel } from '../../engine/sizing/plan-refusals.ts';
import type { UnhelpfulChange } from '../../protocol/documents.ts';
import { formatMs, formatSignificant } from '../../protocol/numbers.ts';
import type { Futile } from './attempt.ts';
import { limitOf } from './limit.ts';
import { nearestMiss, type LoadMiss, type Miss } from './nearest.ts';
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
  if (refusal.reason === 'sla_missed' && refusal.margin?.unit === 'ms') {
    const { metric, value, limit } = refusal.margin;
    return `${metricLabel(metric)} is still ${formatMs(value)} ms of ${targetFigure(limit)} ms on an idle ${planName(instance, group)}.`;
  }
  return limitOf(miss, probe).sentence;
}

/** FP8 weights save memory on every GPU, time only where it has the units. */
function missingUnits({ row: { group, refusal }, load }: Miss): string {
  if (group.precision !== 'fp8' || (!load && refusal.reason !== 'sla_missed')) return '';
  return precisionSupport(group.gpu, 'fp8').kind === 'weight_only'
    ? `${gpuName(group)} has no FP8 units, so prefill stays as slow: `
    : '';
}

/** What binds once the targets are gone. */
function nextLimit({ load: { capacity } }: LoadMiss): string {
  const { binding } = capacity;
  return binding === 'compute' || binding === 'kv' || binding === 'seats'
    ? 'The server is full, not slow: '
    : `${metricLabel(binding)} binds as well: `;
}

function whyNot({ family, probe }: Futile): string {
  const miss = nearestMiss(probe);
  if (!miss) return limitOf(null, probe).sentence;
  const still = stillMissing(miss, probe);
  if (family === 'target' && miss.load) return nextLimit(miss.load) + still;
  return family === 'precision' ? missingUnits(miss) + still : still;
}

const PRICE_LIMITS: readonly string[] = ['price_unknown', 'spot_unknown'];

/** Another price makes nothing faster: it is worth a word where there is none, if there is something to pay for. */
function isWorthAWord({ family, probe }: Futile, asked: Probe): boolean {
  const isCompared = nearestMiss(probe) !== null;
  if (family !== 'price') return isCompared;
  const nearest = nearestMiss(asked);
  return !isCompared && (nearest !== null || PRICE_LIMITS.includes(limitOf(null, asked).kind));
}

/** Changes that were tried and bring nothing, one of each kind first; those that fail for the same reason stand together. */
export function unhelpfulChanges(futile: readonly Futile[], asked: Probe): UnhelpfulChange[] {
  const byWhy = new Map<string, { family: Family; changes: string[] }>();
  for (const entry of futile) {
    if (!ORDER.includes(entry.family) || !isWorthAWord(entry, asked)) continue;
    const why = whyNot(entry);
    const known = byWhy.get(why);
    byWhy.set(why, { family: known?.family ?? entry.family, changes: [...(known?.changes ?? []), entry.change] });
  }
  const entries = [...byWhy].map(([why, { family, changes }]) => ({ family, change: changes.join(', '), why }));
  const ranked = entries.map((entry, i) => {
    const before = entries.slice(0, i).filter(({ family }) => family === entry.family).length;
    return { ...entry, rank: before * ORDER.length + ORDER.indexOf(entry.family) };
  });
  return ranked
    .sort((a, b) => a.rank - b.rank)
    .slice(0, MOST)
    .map(({ change, why }) => ({ change, why }));
}
