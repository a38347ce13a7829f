import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileError } from '../../src-worker/engine/errors.ts';

/** The text of a file the user named, up to a size that nobody exceeds on purpose. Throws file errors. */
export function readTextFile(path: string, maxBytes: number): string {
  const target = resolve(path);
  const stats = statSync(target, { throwIfNoEntry: false });
  if (!stats) throw fileError('file_missing', `There is no file ${target}: check the path.`, { path: target });
  if (!stats.isFile()) {
    const kind = stats.isDirectory() ? 'a folder' : 'not a file';
    throw fileError('file_unreadable', `${target} is ${kind}: give the path of a file.`, { path: target });
  }
  if (stats.size > maxBytes) {
    throw fileError('file_too_large', `${target} has ${stats.size} bytes; more than ${maxBytes} are not read.`, {
      path: target,
      bytes: stats.size,
    });
  }
  try {
    return readFileSync(target, 'utf8');
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw fileError('file_unreadable', `Cannot read ${target}: ${reason}.`, { path: target }, thrown);
  }
}
