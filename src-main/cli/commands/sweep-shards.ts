import { MOST_SHARDS, type SweepSpec } from '../../../src-worker/protocol/requests.ts';
import type { SweepSummary } from '../../../src-worker/protocol/app-api.ts';
import type { AppService } from '../../services/app-service.ts';
import { SHARD_ENDING } from '../../services/shards/shard-file.ts';
import type { CommandContext } from '../context.ts';
import { usageError } from '../errors.ts';
import { sayingKept } from '../exports.ts';

/** `2/4` = the second of four. Throws a usage error. */
export function shardOf(text: string): { index: number; of: number } {
  const [, index, of] = (/^(\d{1,6})\/(\d{1,6})$/.exec(text.trim()) ?? []).map(Number);
  if (index === undefined || of === undefined || index < 1 || index > of || of > MOST_SHARDS) {
    throw usageError(
      `--shard must be i/n with i from 1 to n and n up to ${MOST_SHARDS}, as 2/4, got "${text.slice(0, 40)}".`,
    );
  }
  return { index, of };
}

export const isShardFile = (path: string): boolean => path.toLowerCase().endsWith(SHARD_ENDING);

/** Writes the shard file of a sweep that has come to its end; of one that has not, how it goes on. */
export async function writeShard(
  { terminal, onInterrupt }: CommandContext,
  service: AppService,
  { runId, status }: SweepSummary,
  file: string,
): Promise<void> {
  if (status === 'cancelled') {
    terminal.note(`Stopped; a shard is written whole. configiq sweep resume ${runId} --export ${file} goes on.`);
    return;
  }
  onInterrupt(null);
  await sayingKept(`Run ${runId} is kept: configiq sweep resume ${runId} --export FILE writes it.`, () =>
    service.shards.export(runId, file),
  );
  terminal.note(`Written: ${file}`);
}

/** Said of a shard that nothing falls to; null of any other. */
export const emptyShardWords = (shard: SweepSpec['shard'], points: number): string | null =>
  shard && points === 0
    ? `Shard ${shard.index} of ${shard.of} has no points: a sweep is shared in pieces that are computed whole, and none falls to this one. ` +
      'Its file belongs to the merge all the same; fewer shards share the sweep more evenly.'
    : null;
