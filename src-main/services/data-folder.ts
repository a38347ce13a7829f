import { accessSync, constants, mkdirSync, statfsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
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
    makeFolder(folder);
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

/**
 * Makes a folder with its parents, one by one: asked for all of them at once, Node never returns where the system says
 * "no such folder" about a parent that is there, as /proc does.
 */
function makeFolder(folder: string): void {
  const missing: string[] = [];
  let parent = folder;
  for (; statOf(parent) === undefined && dirname(parent) !== parent; parent = dirname(parent)) missing.push(parent);
  if (!statOf(parent)?.isDirectory()) throw new Error(`${parent} is not a folder`);
  for (const path of missing.reverse()) {
    try {
      mkdirSync(path);
    } catch (thrown) {
      // Another start of the program may have made it in between.
      if (statOf(path)?.isDirectory()) continue;
      const reason = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : String(thrown);
      throw new Error(`${dirname(path)} takes no new folder, ${reason}`, { cause: thrown });
    }
  }
}

/** What is there; nothing (undefined) below a file. */
function statOf(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOTDIR') return undefined;
    throw thrown;
  }
}

export const databaseFile = (folder: string): string => join(folder, DATABASE);

/** Bytes that may still be written to the disk of a folder; null where the system does not say. */
export function freeBytes(folder: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    // Some network disks have no such figure: then a full disk is found out when it is full.
    return null;
  }
}
