import type { writeMetadata } from 'hyparquet-writer/src/metadata.js';

// Of the writer's own version of the reader's types, which it does not hand on itself.
type FileMetaData = Parameters<typeof writeMetadata>[1];
export type RowGroup = FileMetaData['row_groups'][number];
export type SchemaElement = FileMetaData['schema'][number];
export type ColumnChunk = RowGroup['columns'][number];
type ColumnData = NonNullable<ColumnChunk['meta_data']>;
export type Encoding = ColumnData['encodings'][number];
export type Statistics = NonNullable<ColumnData['statistics']>;
