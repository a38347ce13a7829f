import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { SafetensorsSummary } from '../../src-worker/engine/model/source.ts';
import { readSmallText } from './small-text.ts';
import { headerFile, isIndex, shardIndex, summarize } from './safetensors-headers.ts';

/** The first 8 bytes of a file: the length of its header. */
const LENGTH_BYTES = 8;
/** As long as the hub's client reads. */
const MAX_HEADER_BYTES = 25_000_000;
/** The largest indexes in use have 60 MB. */
const MAX_INDEX_BYTES = 100_000_000;
const MAX_SHARDS = 10_000;

interface FolderSafetensors {
  summary: SafetensorsSummary | null;
  /** Why there is none although there are files, as a sentence. */
  problem: string | null;
}

/**
 * What the safetensors files of a folder say of themselves: the headers where all files are there, else the size that an
 * index names (a config and an index are cached without weights as well). Reads no weights; never throws.
 */
export function readFolderSafetensors(folder: string): FolderSafetensors {
  try {
    const name = headerFile(readdirSync(folder));
    if (name === null) return { summary: null, problem: null };
    if (!isIndex(name)) return { summary: summarize([readHeader(join(folder, name))]), problem: null };
    return { summary: readSharded(folder, join(folder, name)), problem: null };
  } catch (thrown) {
    const reason =
      thrown instanceof z.ZodError
        ? 'a header is not one of the safetensors format'
        : String(thrown instanceof Error ? thrown.message : thrown);
    return {
      summary: null,
      problem: `The safetensors files in ${folder} could not be read (${reason}), so the count is not checked.`,
    };
  }
}

function readSharded(folder: string, indexPath: string): SafetensorsSummary | null {
  const { metadata, weight_map: shardOf } = shardIndex.parse(JSON.parse(readSmallText(indexPath, MAX_INDEX_BYTES)));
  const shards = [...new Set(Object.values(shardOf))];
  if (shards.length > MAX_SHARDS) throw new Error(`the index names ${shards.length} files`);
  // Names from a file may lead anywhere: only those of this very folder are followed.
  const stray = shards.find((name) => /[/\\]/.test(name) || name === '..');
  if (stray !== undefined) throw new Error(`the index leads out of the folder: ${JSON.stringify(stray.slice(0, 60))}`);
  const paths = shards.map((name) => join(folder, name));
  if (paths.length > 0 && paths.every((path) => statSync(path, { throwIfNoEntry: false })?.isFile())) {
    return summarize(paths.map(readHeader));
  }
  const size = metadata?.total_size;
  return size === undefined ? null : { elementsByDtype: {}, totalBytes: Math.round(size) };
}

/** The header of one file: a length of 8 bytes, little end first, and so many bytes of JSON. */
function readHeader(path: string): unknown {
  const size = statSync(path).size;
  const handle = openSync(path, 'r');
  try {
    const length = Number(readBytes(handle, LENGTH_BYTES, 0).readBigUInt64LE());
    if (length > MAX_HEADER_BYTES || length > size - LENGTH_BYTES)
      throw new Error(`${path} is cut off, or no safetensors file`);
    return JSON.parse(readBytes(handle, length, LENGTH_BYTES).toString('utf8')) as unknown;
  } finally {
    closeSync(handle);
  }
}

function readBytes(handle: number, length: number, position: number): Buffer {
  const bytes = Buffer.alloc(length);
  if (readSync(handle, bytes, 0, length, position) !== length) throw new Error('a safetensors file is cut off');
  return bytes;
}
