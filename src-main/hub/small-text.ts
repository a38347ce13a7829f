import { readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ConfigIqError, fileError } from '../../src-worker/engine/errors.ts';

/** What a link into the cache's blobs reads like where a copy (of git, or of an archive) made a file of it. */
const LINK_TEXT = /^(?:\.\.\/){2,6}blobs\/[0-9a-f]{40,64}$/;
const LONGEST_LINK_BYTES = 200;

/**
 * The text of a file of at most `maxBytes`, through the links of a Hugging Face cache. Throws file errors: `file_missing`,
 * `file_unreadable`, `file_too_large`.
 */
export function readSmallText(path: string, maxBytes: number): string {
  const text = readText(path, maxBytes);
  return text.length <= LONGEST_LINK_BYTES && LINK_TEXT.test(text)
    ? readText(join(dirname(path), text), maxBytes)
    : text;
}

function readText(path: string, maxBytes: number): string {
  try {
    const found = statSync(path);
    if (!found.isFile()) {
      const kind = found.isDirectory() ? 'a folder' : 'not a file';
      throw fileError('file_unreadable', `${path} is ${kind}: give the path of a config.json.`, { path });
    }
    if (found.size > maxBytes) throw tooLarge(path, found.size, maxBytes);
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    throw readError(path, thrown);
  }
}

const BYTES_PER_MB = 1e6;

/** Refuses by its size what is no config.json. */
export const tooLarge = (what: string, bytes: number, maxBytes: number): ConfigIqError =>
  fileError(
    'file_too_large',
    `${what} has ${bytes.toLocaleString('en-US')} bytes: a file of its kind has at most ${maxBytes / BYTES_PER_MB} MB; give the config.json, not the weights.`,
    { source: what, bytes, limit: maxBytes },
  );

function readError(path: string, thrown: unknown): unknown {
  if (thrown instanceof ConfigIqError || !(thrown instanceof Error) || !('code' in thrown)) return thrown;
  const code = String(thrown.code);
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return fileError('file_missing', `There is no file ${path}: check the path.`, { path }, thrown);
  }
  return fileError(
    'file_unreadable',
    `${basename(path)} cannot be read (${code}): check ${path} and its permissions.`,
    { path },
    thrown,
  );
}
