import { randomUUID } from 'node:crypto';
import { accessSync, closeSync, constants, openSync, realpathSync, statSync, unlinkSync, type Stats } from 'node:fs';
import { open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { ConfigIqError, fileError } from '../../src-worker/engine/errors.ts';

const SENTENCES: Readonly<Record<string, (path: string) => string>> = {
  ENOENT: (path) =>
    isFolder(dirname(path))
      ? `Cannot write ${path}: the folder ${dirname(path)} takes no new file. Choose another place.`
      : `Cannot write ${path}: there is no folder ${dirname(path)}. Make it first.`,
  ENOTDIR: (path) => `Cannot write ${path}: ${dirname(path)} is not a folder. Choose another place.`,
  EISDIR: (path) => `Cannot write ${path}: it is a folder. Add a file name.`,
  EACCES: (path) => `Cannot write ${path}: permission denied. Choose another place or change the permissions.`,
  EPERM: (path) => `Cannot write ${path}: not permitted. Choose another place or change the permissions.`,
  EROFS: (path) => `Cannot write ${path}: the disk is read-only. Choose another place.`,
  ENOSPC: (path) => `Cannot write ${path}: the disk is full. Free some space.`,
  ENXIO: (path) => `Cannot write ${path}: it is a socket, or nothing reads from it. Choose another place.`,
  EPIPE: (path) => `Cannot write ${path}: its reader has gone. Choose another place.`,
  ENAMETOOLONG: (path) => `Cannot write ${path.slice(0, 80)}…: the name is too long. Choose a shorter one.`,
};

/**
 * Replaces the file in one step: readers see the old content or the new, never a part. What is no regular file (a pipe,
 * a device) is written through instead and stays what it is. Throws `file_not_writable` with the reason and the cure;
 * an old file is then as it was.
 */
export async function writeAtomically(path: string, text: string): Promise<void> {
  const target = resolve(path);
  try {
    await write(target, text, statSync(target, { throwIfNoEntry: false }));
  } catch (thrown) {
    throw notWritable(target, thrown);
  }
}

/**
 * The same for content of any size, a piece at a time: it lies beside the file until it is whole. What the pieces themselves throw
 * is thrown on; nothing is left behind then.
 */
export async function writePiecesAtomically(path: string, pieces: Iterable<Uint8Array>): Promise<void> {
  const target = resolve(path);
  try {
    const existing = statSync(target, { throwIfNoEntry: false });
    if (existing?.isDirectory()) throw isAFolder();
    if (existing && !existing.isFile()) {
      await writePieces(target, constants.O_WRONLY, pieces);
      return;
    }
    const place = existing ? realpathSync(target) : target;
    const beside = join(dirname(place), `.configiq-${randomUUID()}`);
    try {
      await writePieces(beside, 'wx', pieces);
      await rename(beside, place);
    } catch (thrown) {
      await rm(beside, { force: true });
      throw thrown;
    }
  } catch (thrown) {
    if (thrown instanceof ConfigIqError) throw thrown;
    throw notWritable(target, thrown);
  }
}

async function writePieces(path: string, flags: string | number, pieces: Iterable<Uint8Array>): Promise<void> {
  const file = await open(path, flags);
  try {
    for (const piece of pieces) await file.writeFile(piece);
  } finally {
    await file.close();
  }
}

/**
 * Refuses a file that `writeAtomically` could not write, before anything is computed for it: a new file is made beside it
 * and taken away again, because permissions do not tell what a folder takes. Throws `file_not_writable`.
 */
export function checkWritable(path: string): void {
  const target = resolve(path);
  try {
    const existing = statSync(target, { throwIfNoEntry: false });
    if (existing?.isDirectory()) throw isAFolder();
    if (existing && !existing.isFile()) {
      accessSync(target, constants.W_OK);
      return;
    }
    // As the new content will lie beside it for a moment, where a link leads to.
    const probe = join(dirname(existing ? realpathSync(target) : target), `.configiq-${randomUUID()}`);
    closeSync(openSync(probe, 'wx'));
    unlinkSync(probe);
  } catch (thrown) {
    throw notWritable(target, thrown);
  }
}

function notWritable(target: string, thrown: unknown): Error {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  const sentence = SENTENCES[code]?.(target) ?? `Cannot write ${target}: ${reason}.`;
  return fileError('file_not_writable', sentence, { path: target, reason: code }, thrown);
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    // Whatever keeps one from looking at it, nothing can be written there.
    return false;
  }
}

const isAFolder = (): Error => Object.assign(new Error('is a folder'), { code: 'EISDIR' });

function write(target: string, text: string, existing: Stats | undefined): Promise<void> {
  // Asked first, because a rename onto a folder fails under different names on different systems.
  if (existing?.isDirectory()) throw isAFolder();
  // A rename would put a file in the place of the device. Opened without creating: what was there must be written.
  if (existing && !existing.isFile()) return writeFile(target, text, { flag: constants.O_WRONLY });
  return writeFileAtomic(target, text);
}
