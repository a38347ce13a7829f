import type { DeletedRuns } from '../../../src-worker/protocol/run-api.ts';
import { formatDiskSize } from '../../../src-worker/protocol/numbers.ts';
import { plural } from './format.ts';
import { textOf } from './layout.ts';

export function deletedRunsReport({ runs, unreadable, bytesBefore, bytesAfter }: DeletedRuns): string {
  const freed = bytesBefore - bytesAfter;
  return textOf([
    ...runs.map(({ id, name, kind, rows }) => `Deleted run ${id}: ${name} (${kind}, ${plural(rows, 'row')})`),
    ...unreadable.map((id) => `Deleted run ${id}, which could not be read`),
    freed > 0
      ? `The database has ${formatDiskSize(bytesAfter)} now, ${formatDiskSize(freed)} less.`
      : `The database still has ${formatDiskSize(bytesAfter)}: later runs use the room.`,
  ]);
}
