import { chanceText, chanceWords } from '../../../src-worker/protocol/chances.ts';
import type {
  IntervalBasis,
  IntervalDocument,
  IntervalKey,
  IntervalRange,
  Recommendation,
  SizeDocument,
} from '../../../src-worker/protocol/documents.ts';
import { count, decimal, millisecondNumber, plural, usd } from './format.ts';
import { wrap } from './layout.ts';

/** Figures with the 80 % range they lie in. */
interface Ranged {
  interval: IntervalDocument | null;
  interval_reason: string | null;
  interval_basis: IntervalBasis | null;
}

const PERCENTILES = ['p50', 'p95', 'p99'] as const;

/** `P50 111 to 343 ms`; nothing where the figure has no range. */
function latencyRange(interval: IntervalDocument, kind: 'ttft' | 'tpot' | 'e2e'): string | null {
  const ranges = PERCENTILES.flatMap((percentile) => {
    const range = interval[`${kind}_ms_${percentile}`];
    return range ? [`${percentile.toUpperCase()} ${rangeText(range, millisecondNumber)} ms`] : [];
  });
  return ranges.length > 0 ? `${kind.toUpperCase()} ${ranges.join(', ')}` : null;
}

function rangeText([low, high]: IntervalRange, text: (value: number) => string): string {
  if (high === null) return `${text(low)} or more`;
  const [from, to] = [text(low), text(high)];
  return from === to ? from : `${from} to ${to}`;
}

/** The ranges of all latencies with what they rest on, or why there are none. */
export function rangeLines({ interval, interval_reason: reason, interval_basis: basis }: Ranged): string[] {
  if (!interval) return reason === null ? [] : wrap(`No ranges: ${reason}`);
  const lines = (['ttft', 'tpot', 'e2e'] as const).flatMap((kind) => latencyRange(interval, kind) ?? []);
  return [
    '80% Ranges:',
    ...lines.flatMap((line) => wrap(line, { first: '  ', hanging: '    ' })),
    ...wrap(basis?.sentence ?? '', { first: '  ' }),
  ];
}

/** `, likely 3.67 to 16.2`; empty where there is no range. */
export function likely(interval: IntervalDocument | null, key: IntervalKey): string {
  const range = interval?.[key];
  return range ? `, likely ${rangeText(range, decimal)}` : '';
}

const hourly = (value: number): string => `${usd(value)}/h`;

/** What the plan would cost, and need, if it were planned with the true speeds. */
export function costRangeLines({ interval }: Recommendation): string[] {
  const { replicas, usd_per_hour: cost } = interval ?? {};
  if (!replicas || !cost) return [];
  const [fewest, most] = replicas;
  const end = most === null ? '; at the slow end even an idle replica misses a target' : '';
  const needed = fewest === most ? plural(fewest, 'replica') : `${rangeText(replicas, count)} replicas`;
  const text = `Likely, planned with the true speed: ${rangeText(cost, hourly)} (${needed})${end}`;
  return wrap(text, { hanging: '  ' });
}

/** How sure the choice is; for rows after the first only whether their targets are met. */
export function chanceFacts({ decision }: SizeDocument, row: Recommendation): [label: string, value: string][] {
  if (row.rank === 1 && decision) return [['Chance', decision.sentence]];
  // Answers stored by earlier versions have no such key.
  const chance = row.meets_targets_probability ?? null;
  if (chance === null) return [];
  return [['Chance', `as planned it meets its targets with a chance of ${chanceText(chance)}: ${chanceWords(chance)}`]];
}
