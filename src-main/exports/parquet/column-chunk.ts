import { ByteWriter } from 'hyparquet-writer';
import { writePageHeader } from 'hyparquet-writer/src/datapage.js';
import { writePlain } from 'hyparquet-writer/src/plain.js';
import { snappyCompress } from 'hyparquet-writer/src/snappy.js';
import type { CodedColumn } from './coded-column.ts';
import type { ColumnChunk, Encoding, SchemaElement, Statistics } from './format-types.ts';
import { bitsFor, hybridRuns, WIDEST_BITS } from './hybrid-runs.ts';

/** A page of plain values, uncompressed: as other writers have them. */
const PAGE_BYTES = 2 ** 20;
/** Of a text, before its bytes. */
const LENGTH_BYTES = 4;
const DOUBLE_BYTES = 8;

/**
 * Writes a column of a row group: a dictionary and codes, or plain values where most rows have one of their own; nothing but
 * levels where no row has one. Pages are of version 2, compressed with Snappy. `element` is a leaf of the schema, optional.
 */
export function writeColumnChunk(out: ByteWriter, element: SchemaElement, column: CodedColumn): ColumnChunk {
  const start = out.offset;
  const type = element.type ?? 'DOUBLE';
  const uncompressed = { bytes: 0 };
  const isCoded = hasUseOfDictionary(column);
  if (isCoded) writeDictionary(out, element, column.values, uncompressed);
  const pagesStart = out.offset;
  const encoding: Encoding = isCoded ? 'RLE_DICTIONARY' : 'PLAIN';
  const pages = isCoded ? [codedPage(column)] : plainPages(element, column);
  for (const page of pages) writePage(out, encoding, page, uncompressed);
  return {
    file_offset: BigInt(start),
    meta_data: {
      type,
      encodings: isCoded ? ['PLAIN', 'RLE_DICTIONARY'] : ['PLAIN'],
      path_in_schema: [element.name],
      codec: 'SNAPPY',
      num_values: BigInt(column.rows),
      total_compressed_size: BigInt(out.offset - start),
      total_uncompressed_size: BigInt(uncompressed.bytes),
      data_page_offset: BigInt(pagesStart),
      ...(isCoded ? { dictionary_page_offset: BigInt(start) } : {}),
      statistics: statisticsOf(type === 'DOUBLE', column),
      encoding_stats: [
        ...(isCoded ? [{ page_type: 'DICTIONARY_PAGE' as const, encoding: 'PLAIN' as const, count: 1 }] : []),
        { page_type: 'DATA_PAGE_V2' as const, encoding, count: pages.length },
      ],
    },
  };
}

/** Where the values and the codes of the rows are at most half of what plain values would be. */
function hasUseOfDictionary({ values, present }: CodedColumn): boolean {
  const bits = bitsFor(values.length);
  if (values.length === 0 || bits > WIDEST_BITS) return false;
  // The mean bytes of a value stand on both sides: those of a double, the least a text has, decide.
  return 2 * (values.length * DOUBLE_BYTES + (present * bits) / 8) <= present * DOUBLE_BYTES;
}

/** A data page: levels of all its rows, then the values of those that have one. */
interface Page {
  rows: number;
  present: number;
  levels: Uint8Array;
  body: Uint8Array;
}

function codedPage({ codes, present, levels, rows, values }: CodedColumn): Page {
  const bits = bitsFor(values.length);
  const runs = hybridRuns(codes, present, bits);
  const body = new Uint8Array(1 + runs.length);
  body[0] = bits;
  body.set(runs, 1);
  return { rows, present, levels: hybridRuns(levels, rows, 1), body };
}

function plainPages(element: SchemaElement, { values, codes, levels, rows }: CodedColumn): Page[] {
  const pages: Page[] = [];
  let next = 0;
  for (let from = 0; from < rows;) {
    const page: (number | string)[] = [];
    let bytes = 0;
    let until = from;
    for (; until < rows && bytes < PAGE_BYTES; until += 1) {
      if (levels[until] === 0) continue;
      const value = values[codes[next++] as number] as number | string;
      page.push(value);
      bytes += typeof value === 'string' ? LENGTH_BYTES + value.length : DOUBLE_BYTES;
    }
    pages.push({
      rows: until - from,
      present: page.length,
      levels: hybridRuns(levels.subarray(from, until), until - from, 1),
      body: plainBytes(element, page),
    });
    from = until;
  }
  return pages;
}

function plainBytes({ type = 'DOUBLE' }: SchemaElement, values: (number | string)[]): Uint8Array {
  const bytes = new ByteWriter();
  writePlain(bytes, values, type, undefined);
  return bytes.getBytes();
}

function writeDictionary(
  out: ByteWriter,
  element: SchemaElement,
  values: (number | string)[],
  uncompressed: { bytes: number },
): void {
  const plain = plainBytes(element, values);
  const packed = snappyCompress(plain);
  const start = out.offset;
  writePageHeader(out, {
    type: 'DICTIONARY_PAGE',
    uncompressed_page_size: plain.length,
    compressed_page_size: packed.length,
    dictionary_page_header: { num_values: values.length, encoding: 'PLAIN' },
  });
  uncompressed.bytes += out.offset - start + plain.length;
  out.appendBytes(packed);
}

function writePage(
  out: ByteWriter,
  encoding: Encoding,
  { rows, present, levels, body }: Page,
  uncompressed: { bytes: number },
): void {
  const packed = snappyCompress(body);
  const start = out.offset;
  writePageHeader(out, {
    type: 'DATA_PAGE_V2',
    uncompressed_page_size: levels.length + body.length,
    compressed_page_size: levels.length + packed.length,
    data_page_header_v2: {
      num_values: rows,
      num_nulls: rows - present,
      num_rows: rows,
      encoding,
      definition_levels_byte_length: levels.length,
      repetition_levels_byte_length: 0,
      is_compressed: true,
    },
  });
  uncompressed.bytes += out.offset - start + levels.length + body.length;
  out.appendBytes(levels);
  out.appendBytes(packed);
}

/** Bounds of the values. Texts are ordered by their bytes; a zero is -0 as least and +0 as most, because readers may tell them apart. */
function statisticsOf(isNumber: boolean, { values, rows, present }: CodedColumn): Statistics {
  const bounds = isNumber ? numberBounds(values as number[]) : textBounds(values as string[]);
  return { null_count: BigInt(rows - present), ...bounds, ...(isNumber ? { nan_count: 0n } : {}) };
}

function numberBounds(values: readonly number[]): Pick<Statistics, 'min_value' | 'max_value'> {
  if (values.length === 0) return {};
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return { min_value: least === 0 ? -0 : least, max_value: most === 0 ? 0 : most };
}

function textBounds(values: readonly string[]): Pick<Statistics, 'min_value' | 'max_value'> {
  let [least, most] = [values[0], values[0]];
  if (least === undefined || most === undefined) return {};
  let [leastBytes, mostBytes] = [Buffer.from(least), Buffer.from(most)];
  for (const value of values) {
    const bytes = Buffer.from(value);
    if (Buffer.compare(bytes, leastBytes) < 0) [least, leastBytes] = [value, bytes];
    if (Buffer.compare(bytes, mostBytes) > 0) [most, mostBytes] = [value, bytes];
  }
  return { min_value: least, max_value: most };
}
