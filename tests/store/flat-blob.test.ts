import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { NO_TEXT, plainBatch, type ColumnBatch } from '../../src-worker/protocol/columns.ts';
import { flatColumnsSchema, unpackFlat, type FlatColumns } from '../../src-main/store/flat-blob.ts';
import { smallBatch } from './samples.ts';

/** What databases up to version 7 hold, written by the code of their day (old-databases/make.ts). */
const VERSIONS = [1, 2, 3, 4, 5, 6, 7];

interface OldChunk {
  rows: number;
  columns: string;
  data: Uint8Array;
}

/** Read from a copy: SQLite leaves files beside whatever it opens. */
function chunksOf(version: number): OldChunk[] {
  const folder = mkdtempSync(join(tmpdir(), 'configiq-old-'));
  const file = join(folder, 'old.sqlite');
  copyFileSync(join(import.meta.dirname, 'old-databases', `version-${version}.sqlite`), file);
  const db = new Database(file, { readonly: true });
  try {
    return db.prepare<[], OldChunk>('SELECT rows, columns, data FROM run_chunk ORDER BY seq').all();
  } finally {
    db.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const unpacked = ({ rows, columns, data }: OldChunk): ColumnBatch =>
  unpackFlat(flatColumnsSchema.parse(JSON.parse(columns)), data, rows);

describe.each(VERSIONS)('the batches of version %i', (version) => {
  it('are read as they were written', () => {
    expect(chunksOf(version).map(unpacked)).toEqual([smallBatch(1), smallBatch(2)]);
  });

  it('cut short are refused, wherever they end', () => {
    for (const chunk of chunksOf(version)) {
      // Up to seven bytes at the end fill it up to a multiple of eight.
      for (let length = 0; length < chunk.data.length - 7; length += 1) {
        expect(() => unpacked({ ...chunk, data: chunk.data.subarray(0, length) })).toThrow(RangeError);
      }
    }
  });
});

/** Little-endian bytes one after the other, as the form was. */
const blobOf = (...arrays: (Float64Array | Uint8Array | Uint16Array | Uint32Array)[]): Uint8Array =>
  Buffer.concat(arrays.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)));

const described = (columns: Partial<FlatColumns>): FlatColumns =>
  flatColumnsSchema.parse({ order: ['value', 'text'], numbers: {}, texts: {}, ...columns });
const number = (offset: number, distinct: number | null, bits: 0 | 8 | 16 | 32) => ({
  value: { offset, distinct, bits, min: null, max: null },
});

// By hand, column by column: what the form says each of its widths means.
describe('every way a column could lie', () => {
  it('one float64 a row, NaN and minus zero among them', () => {
    const values = Float64Array.of(1.5, Number.NaN, -0, 5e-324);
    expect(unpackFlat(described({ numbers: number(0, null, 0) }), blobOf(values), 4)).toEqual(
      plainBatch(4, ['value', 'text'], { value: values }, {}),
    );
  });

  it.each<[0 | 8 | 16 | 32, Uint8Array | Uint16Array | Uint32Array]>([
    [0, new Uint8Array(0)],
    [8, Uint8Array.of(1, 0, 2)],
    [16, Uint16Array.of(1, 0, 2)],
    [32, Uint32Array.of(1, 0, 2)],
  ])('distinct numbers and codes of %i bits, at an odd address', (bits, codes) => {
    const distinct = Float64Array.of(0.1, Number.NaN, -7);
    const blob = blobOf(Uint8Array.of(9, 9, 9), distinct, codes);
    const batch = unpackFlat(described({ numbers: number(3, 3, bits) }), blob, 3);
    const wanted = bits === 0 ? [0.1, 0.1, 0.1] : [Number.NaN, 0.1, -7];
    expect([...(batch.tables[0]?.numbers['value'] ?? [])]).toEqual(wanted);
  });

  it.each<[8 | 16 | 32, Uint8Array | Uint16Array | Uint32Array]>([
    [8, Uint8Array.of(1, 0xff, 0)],
    [16, Uint16Array.of(1, 0xffff, 0)],
    [32, Uint32Array.of(1, NO_TEXT, 0)],
  ])('texts in codes of %i bits, of which the largest means none', (bits, codes) => {
    const texts = { text: { offset: 0, bits, dictionary: ['a', '模型'] } };
    expect(unpackFlat(described({ texts }), blobOf(codes), 3).tables[0]?.texts['text']).toEqual({
      codes: Uint32Array.of(1, NO_TEXT, 0),
      dictionary: ['a', '模型'],
    });
  });

  it('one text for all rows takes nothing per row', () => {
    const texts = { text: { offset: 0, bits: 0 as const, dictionary: ['a'] } };
    expect(unpackFlat(described({ texts }), new Uint8Array(0), 3).tables[0]?.texts['text']?.codes).toEqual(
      Uint32Array.of(0, 0, 0),
    );
  });

  it('codes beyond their values are refused; a number is never missing by its code', () => {
    const distinct = Float64Array.of(1, 2);
    const stray = described({ numbers: number(0, 2, 8) });
    expect(() => unpackFlat(stray, blobOf(distinct, Uint8Array.of(0, 2)), 2)).toThrow(/value refers to value 2 of 2/);
    expect(() => unpackFlat(stray, blobOf(distinct, Uint8Array.of(0, 0xff)), 2)).toThrow(RangeError);
    const texts = { text: { offset: 0, bits: 8 as const, dictionary: ['a'] } };
    expect(() => unpackFlat(described({ texts }), Uint8Array.of(0, 1), 2)).toThrow(/text refers to value 1 of 1/);
  });
});
