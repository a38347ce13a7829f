import type { Recommendation } from '../../../src-worker/protocol/documents.ts';
import { configurationName, metric } from '../../../src-worker/protocol/metrics.ts';
import { formatTimes } from '../../../src-worker/protocol/numbers.ts';

const speedOf = (row: Recommendation): number | null => metric('speed_per_user').value(row);
const costOf = (row: Recommendation): number | null => metric('usd_per_1m_output_tokens').value(row);

/** Smallest difference worth a sentence: predictions are no finer. */
const LEAST_GAIN = 1.05;

/**
 * What the cheapest configuration with more speed for each user costs against this one, as a sentence; empty where none is
 * faster or a price is not known.
 */
export function nextFaster(rows: Recommendation[], row: Recommendation): string {
  const [speed, cost] = [speedOf(row), costOf(row)];
  if (speed === null || cost === null || speed <= 0 || cost <= 0) return '';
  const faster = rows.flatMap((other) => {
    const [otherSpeed, otherCost] = [speedOf(other), costOf(other)];
    if (otherSpeed === null || otherCost === null || otherSpeed < LEAST_GAIN * speed) return [];
    return [{ other, gain: otherSpeed / speed, price: otherCost / cost }];
  });
  const [best] = faster.sort((a, b) => a.price - b.price || b.gain - a.gain || a.other.rank - b.other.rank);
  if (!best) return 'Nothing that meets the targets streams faster.';
  const name = configurationName(best.other);
  if (best.price <= 1) return `${name} is ${formatTimes(best.gain)} as fast and costs no more.`;
  return `More speed: ${formatTimes(best.price)} the price buys ${formatTimes(best.gain)} the speed, ${name}.`;
}
