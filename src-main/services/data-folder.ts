import { accessSync, constants, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import envPaths from 'env-paths';
import { fileError } from '../../src-worker/engine/errors.ts';

/** Name of the database in the data folder. */
const DATABASE = 'configiq.sqlite';

/**
 * Where everything is kept that outlives a start: `CONFIGIQ_HOME`, else the platform's folder for user data. It is made
 * when missing. Throws a file error when it cannot be made or written.
 */
export function dataFolder(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  const asked = environment['CONFIGIQ_HOME'];
  const folder = asked ? resolve(asked) : envPaths('configiq', { suffix: '' }).data;
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.R_OK | constants.W_OK);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw fileError(
      'data_folder_not_writable',
      `The data folder ${folder} cannot be used (${reason}): set CONFIGIQ_HOME to a folder that can be written.`,
      { folder },
      thrown,
    );
  }
  return folder;
}

export const databaseFile = (folder: string): string => join(folder, DATABASE);
