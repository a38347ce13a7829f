import { invalidInput } from '../../src-worker/engine/errors.ts';
import type { SweepPlanDocument } from '../../src-worker/protocol/documents.ts';
import { formatDiskSize } from '../../src-worker/protocol/numbers.ts';

/** Axes that are named where a sweep is too large: those with the most values. */
const MOST_NAMED = 2;

/**
 * Throws `no_room` for a sweep that takes more than is free on the disk of the history, before anything of it is computed.
 * `missing` = the share of its points that is not there yet.
 */
export function refuseBeyondRoom(plan: SweepPlanDocument, missing = 1): void {
  const { estimated_bytes: whole, shard, free_bytes: free, axes } = plan;
  const bytes = (shard?.estimated_bytes ?? whole) * missing;
  if (free === undefined || bytes <= free) return;
  const widest = axes
    .filter(({ count }) => count > 1)
    .sort((one, other) => other.count - one.count)
    .slice(0, MOST_NAMED)
    .map(({ axis }) => axis);
  const narrower = widest.length > 0 ? `ask fewer values of ${widest.join(' or ')}` : 'narrow it to fewer instances';
  throw invalidInput(
    'no_room',
    `The sweep takes about ${formatDiskSize(bytes)} in the history, and its disk has ${formatDiskSize(free)} free: ${narrower}, ` +
      'delete runs, or set CONFIGIQ_HOME to a folder on a larger disk.',
    { estimated_bytes: bytes, free_bytes: free },
  );
}
