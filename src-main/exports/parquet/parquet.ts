import { ByteWriter } from 'hyparquet-writer';
import { writeMetadata } from 'hyparquet-writer/src/metadata.js';
import type { ColumnBatch } from '../../../src-worker/protocol/columns.ts';
import { entryColumns } from '../entry-columns.ts';
import { lossHeader, type ExportColumn, type ExportHeader } from '../header.ts';
import { ColumnCoder } from './coded-column.ts';
import { writeColumnChunk } from './column-chunk.ts';
import type { RowGroup, SchemaElement } from './format-types.ts';

/**
 * Least rows of a row group, the unit that readers skip and read in parallel: a batch of a sweep has about as many. Smaller
 * batches are put together, because every group repeats its dictionaries and its statistics.
 */
const GROUP_ROWS = 60_000;
/** PAR1, at both ends of a file. */
const MAGIC = 0x31524150;
/** Of the format: 2 allows pages of version 2. */
const FORMAT_VERSION = 2;

/**
 * Parquet of a run, a column of a row group a piece: numbers as optional DOUBLE, as they are stored, texts as optional strings;
 * no value = null. What stands in the header of a JSON export is in the key-value metadata, each key as JSON. Thrift, plain
 * values and Snappy are hyparquet-writer's; its own columns take a value per row, of which a batch has but a key (decision 41).
 */
export function* parquetPieces(
  header: ExportHeader,
  columns: readonly ExportColumn[],
  batches: Iterable<ColumnBatch>,
  missingRows: () => number,
): Generator<Uint8Array> {
  const out = new ByteWriter();
  const taken = (): Uint8Array => {
    const piece = out.getBytes().slice();
    out.index = 0;
    return piece;
  };
  const elements = columns.map(schemaElement);
  const groups: RowGroup[] = [];
  let allRows = 0;
  out.appendUint32(MAGIC);
  for (const { group, rows } of rowGroups(batches)) {
    const start = out.offset;
    const parts = group.map((batch) => ({ rows: batch.rows, columnOf: entryColumns(batch) }));
    const coder = new ColumnCoder(rows);
    const chunks: RowGroup['columns'] = [];
    for (const element of elements) {
      const ofColumn = parts.map(({ rows: count, columnOf }) => ({ rows: count, column: columnOf(element.name) }));
      chunks.push(writeColumnChunk(out, element, coder.coded(ofColumn)));
      // Written one by one, others are heard in between.
      yield taken();
    }
    const bytes = chunks.reduce((sum, { meta_data: data }) => sum + (data?.total_uncompressed_size ?? 0n), 0n);
    groups.push({
      columns: chunks,
      total_byte_size: bytes,
      num_rows: BigInt(rows),
      total_compressed_size: BigInt(out.offset - start),
    });
    allRows += rows;
  }
  writeMetadata(out, {
    version: FORMAT_VERSION,
    created_by: `configiq ${header.versions['configiq'] ?? ''}`.trim(),
    schema: [{ name: 'root', num_children: columns.length }, ...elements],
    num_rows: BigInt(allRows),
    row_groups: groups,
    key_value_metadata: Object.entries({ ...header, ...lossHeader(missingRows()) }).map(([key, value]) => ({
      key: `configiq.${key}`,
      value: JSON.stringify(value),
    })),
    // It stands behind the metadata, and is written there.
    metadata_length: 0,
  });
  out.appendUint32(MAGIC);
  yield taken();
}

const schemaElement = ({ name, type }: ExportColumn): SchemaElement =>
  type === 'number'
    ? { name, type: 'DOUBLE', repetition_type: 'OPTIONAL' }
    : { name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' };

function* rowGroups(batches: Iterable<ColumnBatch>): Generator<{ group: ColumnBatch[]; rows: number }> {
  let group: ColumnBatch[] = [];
  let rows = 0;
  for (const batch of batches) {
    if (batch.rows === 0) continue;
    group.push(batch);
    rows += batch.rows;
    if (rows < GROUP_ROWS) continue;
    yield { group, rows };
    group = [];
    rows = 0;
  }
  if (rows > 0) yield { group, rows };
}
