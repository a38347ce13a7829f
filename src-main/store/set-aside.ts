import { existsSync, renameSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { fileError } from '../../src-worker/engine/errors.ts';

/** What SQLite keeps beside a database. They belong to it and must never be met by another one. */
export const SIDE_FILES = ['-wal', '-shm', '-journal'] as const;

/**
 * Renames a damaged database and its side files to the first free `NAME.damaged-<n>.sqlite`; nothing is deleted. Returns
 * the new path.
 */
export function setAside(file: string): string {
  const extension = extname(file);
  const stem = join(dirname(file), basename(file, extension));
  const isTaken = (path: string) => ['', ...SIDE_FILES].some((suffix) => existsSync(path + suffix));
  let number = 1;
  while (isTaken(`${stem}.damaged-${number}${extension}`)) number += 1;
  const target = `${stem}.damaged-${number}${extension}`;
  // The side files first: a fresh database must not find the old one's log if the program stops half way.
  try {
    for (const suffix of [...SIDE_FILES, '']) {
      if (existsSync(file + suffix)) renameSync(file + suffix, target + suffix);
    }
  } catch (thrown) {
    throw fileError(
      'database_damaged',
      `The database ${file} is damaged and cannot be renamed to ${target}: move it away, or set CONFIGIQ_HOME to another folder.`,
      { file, target },
      thrown,
    );
  }
  return target;
}
