import type { DeletedRuns } from '../../../src-worker/protocol/run-api.ts';
import { bytes, plural } from './format.ts';
import { textOf } from './layout.ts';

export function deletedRunsReport({ runs, unreadable, bytesBefore, bytesAfter }: DeletedRuns): string {
  const freed = bytesBefore - bytesAfter;
  return textOf([
    ...runs.map(({ id, name, kind, rows }) => `Deleted run ${id}: ${name} (${kind}, ${plural(rows, 'row')})`),
    ...unreadable.map((id) => `Deleted run ${id}, which could not be read`),
    freed > 0
      ? `The database has ${bytes(bytesAfter)} now, ${bytes(freed)} less.`
      : `The database still has ${bytes(bytesAfter)}: later runs use the room.`,
  ]);
}
