import { randomUUID } from 'node:crypto';
import { accessSync, closeSync, constants, openSync, realpathSync, statSync, unlinkSync, type Stats } from 'node:fs';
import { open, rename, rm, writeFile, type FileHandle } from 'node:fs/promises';
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
  EDQUOT: (path) => `Cannot write ${path}: your quota of the disk is used up. Free some space.`,
  EFBIG: (path) => `Cannot write ${path}: it is larger than files may be here. Choose another place.`,
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
 * The same for content of any size, one piece at a time: a piece is asked for when the last one has been written. What is
 * written so far lies beside the file under another name, and is taken away when something fails, the pieces themselves
 * among it, or `signal` aborts. Answers the bytes written.
 */
export async function writePiecesAtomically(
  path: string,
  pieces: Iterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<number> {
  const target = resolve(path);
  const place = attemptPlace(target);
  try {
    return await writeAt(place, pieces, signal);
  } catch (thrown) {
    // Of our own making: rows that cannot be read, an abort.
    if (thrown instanceof ConfigIqError || signal?.aborted) throw thrown;
    throw notWritable(target, thrown);
  }
}

/** Whether a file at `path` is, or would be, an ordinary one: no pipe and no device. */
export const isPlainFile = (path: string): boolean =>
  statSync(resolve(path), { throwIfNoEntry: false })?.isFile() ?? true;

/** Where content goes: what is there already is replaced, or written through. */
interface Place {
  target: string;
  /** Of the file that is there. */
  mode: number | undefined;
  isRegular: boolean;
}

function attemptPlace(target: string): Place {
  try {
    const existing = statSync(target, { throwIfNoEntry: false });
    if (existing?.isDirectory()) throw isAFolder();
    // A link stays one: what it leads to is replaced.
    return {
      target: existing ? realpathSync(target) : target,
      mode: existing?.mode,
      isRegular: existing?.isFile() ?? true,
    };
  } catch (thrown) {
    throw notWritable(target, thrown);
  }
}

async function writeAt({ target, mode, isRegular }: Place, pieces: Iterable<Uint8Array>, signal?: AbortSignal) {
  if (!isRegular) {
    const through = await open(target, constants.O_WRONLY);
    return await writePieces(through, pieces, signal).finally(() => through.close());
  }
  const beside = join(dirname(target), `.configiq-${randomUUID()}`);
  const file = await open(beside, 'wx', mode);
  try {
    const bytes = await writePieces(file, pieces, signal).finally(() => file.close());
    await rename(beside, target);
    return bytes;
  } catch (thrown) {
    await rm(beside, { force: true });
    throw thrown;
  }
}

async function writePieces(file: FileHandle, pieces: Iterable<Uint8Array>, signal?: AbortSignal): Promise<number> {
  let bytes = 0;
  for (const piece of pieces) {
    signal?.throwIfAborted();
    // A write may take a part only. Not `writeFile`, which cuts a piece up and copies it.
    for (let from = 0; from < piece.length;) from += (await file.write(piece, from)).bytesWritten;
    bytes += piece.length;
  }
  signal?.throwIfAborted();
  return bytes;
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
