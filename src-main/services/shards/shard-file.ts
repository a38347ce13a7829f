import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { fileError, type ConfigIqError } from '../../../src-worker/engine/errors.ts';
import { describeIssues, shardSchema, sweepSpecSchema } from '../../../src-worker/protocol/requests.ts';
import type { PackedChunk } from '../../store/store.ts';

/*
 * A shard file (.cqshard): what one machine computed of a sweep, to be merged with the others. Written and read from one end to the
 * other, so that it may lie on any shared folder or object store; a database may not (SQLite's locks and write-ahead log need a local disk).
 *
 * It begins with MAGIC; then come records: a head of eight 32-bit little-endian numbers (kind, seq, rows, points, passing, bytes
 * of text, bytes of data, checksum), the text (UTF-8) and the data. The checksum is the CRC-32 of everything before it in the head, the
 * text and the data. The first record is the header, its text a JSON object; then one record for each batch as it lies in the store,
 * seq ascending, the text its description; last an end, which says how many batches there were: a file without it was cut
 * short. There is neither clock nor number of a run in it: the same shard gives the same bytes.
 */

const MAGIC = 'CQSHARD1';
const KIND = { header: 1, batch: 2, end: 3 } as const;
const HEAD_BYTES = 32;
const CHECKSUM_AT = 28;
/** A description is some hundred kilobytes; a file of something else must not ask for gigabytes. */
const MOST_HEADER_BYTES = 100_000_000;

export const SHARD_ENDING = '.cqshard';

const headerSchema = z.strictObject({
  schema_version: z.literal(1),
  name: z.string().max(200),
  /** Without its shard. */
  spec: sweepSpecSchema.omit({ shard: true }),
  versions: z.record(z.string(), z.string()),
  shard: shardSchema,
  /** Of the whole sweep. */
  points: z.number().int().min(0),
  units: z.number().int().min(0),
  /** Of this shard. */
  shard_points: z.number().int().min(0),
  shard_units: z.number().int().min(0),
});
export type ShardHeader = z.output<typeof headerSchema>;
/** As it lies in the file: no defaults are added, so that a merged run says what the shards say. */
export type ShardHeaderText = z.input<typeof headerSchema>;

export interface CountedChunk extends PackedChunk {
  points: number;
  passing: number;
}

/** A shard file, piece by piece. */
export function* shardPieces(header: ShardHeaderText, chunks: Iterable<CountedChunk>): Generator<Uint8Array> {
  yield Buffer.from(MAGIC, 'latin1');
  yield* record(KIND.header, { seq: 0, rows: 0, points: 0, passing: 0 }, JSON.stringify(header), new Uint8Array());
  let batches = 0;
  for (const chunk of chunks) {
    yield* record(KIND.batch, chunk, chunk.columns, chunk.data);
    batches += 1;
  }
  yield* record(KIND.end, { seq: batches, rows: 0, points: 0, passing: 0 }, '', new Uint8Array());
}

function* record(
  kind: number,
  { seq, rows, points, passing }: Pick<CountedChunk, 'seq' | 'rows' | 'points' | 'passing'>,
  text: string,
  data: Uint8Array,
): Generator<Uint8Array> {
  const bytes = Buffer.from(text, 'utf8');
  const head = Buffer.alloc(HEAD_BYTES);
  [kind, seq, rows, points, passing, bytes.length, data.length].forEach((value, place) => {
    head.writeUInt32LE(value, place * 4);
  });
  head.writeUInt32LE(checksumOf(head, bytes, data), CHECKSUM_AT);
  yield head;
  if (bytes.length > 0) yield bytes;
  if (data.length > 0) yield data;
}

const checksumOf = (head: Uint8Array, text: Uint8Array, data: Uint8Array): number =>
  crc32(data, crc32(text, crc32(head.subarray(0, CHECKSUM_AT))));

/** Where a batch lies in its file. */
export interface ShardBatch {
  seq: number;
  points: number;
  offset: number;
}

export interface ShardFile {
  path: string;
  header: ShardHeaderText;
  /** In the order of the file. */
  batches: ShardBatch[];
}

interface Head {
  kind: number;
  seq: number;
  rows: number;
  points: number;
  passing: number;
  textBytes: number;
  dataBytes: number;
  checksum: number;
}

/** Reads the header and where the batches lie, but no batch. Throws file errors: not there, no shard file, cut short. */
export function openShardFile(path: string): ShardFile {
  return withFile(path, (handle) => {
    const size = fstatSync(handle).size;
    const magic = readExactly(handle, path, 0, Math.min(MAGIC.length, size));
    if (magic.toString('latin1') !== MAGIC) {
      throw shardError(path, 'is not a shard file: give what sweep --shard --export has written.', 'shard_unreadable');
    }
    let offset = MAGIC.length;
    const next = (): Head => {
      if (offset + HEAD_BYTES > size) throw cutShort(path);
      const head = headOf(readExactly(handle, path, offset, HEAD_BYTES));
      if (offset + HEAD_BYTES + head.textBytes + head.dataBytes > size) throw cutShort(path);
      return head;
    };
    const first = next();
    if (first.kind !== KIND.header || first.textBytes > MOST_HEADER_BYTES) throw damagedShard(path, 'header');
    const header = headerIn(path, readRecord(handle, path, offset, 'header').text);
    const batches: ShardBatch[] = [];
    for (offset += HEAD_BYTES + first.textBytes; ;) {
      const head = next();
      if (head.kind === KIND.end) {
        readRecord(handle, path, offset, 'end');
        if (head.seq !== batches.length) throw cutShort(path);
        return { path, header, batches };
      }
      if (head.kind !== KIND.batch) throw damagedShard(path, `record after batch ${batches.at(-1)?.seq ?? 'none'}`);
      batches.push({ seq: head.seq, points: head.points, offset });
      offset += HEAD_BYTES + head.textBytes + head.dataBytes;
    }
  });
}

/** The batches of some files in the order given, one at a time. Throws file errors: gone, damaged. */
export function* shardChunks(places: Iterable<ShardBatch & { path: string }>): Generator<CountedChunk> {
  // Neighbours mostly lie in one file; all files open at once would be too many.
  const opened = { path: '', handle: -1 };
  try {
    for (const { path, offset, seq } of places) {
      if (opened.path !== path) {
        const before = opened.handle;
        Object.assign(opened, { path: '', handle: -1 });
        if (before >= 0) closeSync(before);
        Object.assign(opened, { path, handle: open(path) });
      }
      const { head, text, data } = readRecord(opened.handle, path, offset, `batch ${seq}`);
      const { rows, points, passing } = head;
      yield { seq, rows, points, passing, columns: text, data };
    }
  } finally {
    if (opened.handle >= 0) closeSync(opened.handle);
  }
}

function readRecord(handle: number, path: string, offset: number, what: string) {
  const bytes = readExactly(handle, path, offset, HEAD_BYTES);
  const head = headOf(bytes);
  const text = readExactly(handle, path, offset + HEAD_BYTES, head.textBytes);
  const data = readExactly(handle, path, offset + HEAD_BYTES + head.textBytes, head.dataBytes);
  if (checksumOf(bytes, text, data) !== head.checksum) throw damagedShard(path, what);
  return { head, text: text.toString('utf8'), data };
}

function headOf(bytes: Buffer): Head {
  const at = (place: number) => bytes.readUInt32LE(place * 4);
  return {
    kind: at(0),
    seq: at(1),
    rows: at(2),
    points: at(3),
    passing: at(4),
    textBytes: at(5),
    dataBytes: at(6),
    checksum: at(7),
  };
}

function headerIn(path: string, text: string): ShardHeaderText {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    throw damagedShard(path, 'header', thrown);
  }
  const checked = headerSchema.safeParse(value, { reportInput: true });
  if (!checked.success) throw shardError(path, `cannot be used: ${describeIssues(checked.error, 'its header')}`);
  // Checked just now; the defaults of the schema are left out.
  return value as ShardHeaderText;
}

function withFile<Value>(path: string, work: (handle: number) => Value): Value {
  const handle = open(path);
  try {
    return work(handle);
  } finally {
    closeSync(handle);
  }
}

function open(path: string): number {
  try {
    const handle = openSync(path, 'r');
    if (fstatSync(handle).isFile()) return handle;
    closeSync(handle);
  } catch (thrown) {
    const isMissing = thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw isMissing
      ? shardError(path, 'is not there: check the path.', 'file_missing', thrown)
      : shardError(path, `cannot be read: ${reason}.`, 'file_unreadable', thrown);
  }
  throw shardError(path, 'is not a file: give the path of a shard file.', 'file_unreadable');
}

function readExactly(handle: number, path: string, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let read = 0; read < length;) {
    const more = readSync(handle, bytes, read, length - read, offset + read);
    if (more === 0) throw cutShort(path);
    read += more;
  }
  return bytes;
}

const cutShort = (path: string): ConfigIqError =>
  shardError(path, 'was cut short: copy it again, or compute the shard again.', 'shard_damaged');
export const damagedShard = (path: string, what: string, cause?: unknown): ConfigIqError =>
  shardError(path, `is damaged (${what}): copy it again, or compute the shard again.`, 'shard_damaged', cause);
const shardError = (path: string, words: string, code = 'shard_unreadable', cause?: unknown): ConfigIqError =>
  fileError(code, `${path} ${words}`, { path }, cause);
