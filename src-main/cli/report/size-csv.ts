import { columnBuilder } from '../../../src-worker/answers/column-builder.ts';
import { recommendationCells } from '../../../src-worker/answers/sweep/document-rows.ts';
import type { SizeDocument } from '../../../src-worker/protocol/documents.ts';
import { SWEEP_COLUMNS } from '../../../src-worker/protocol/sweep-columns.ts';
import { csvPieces } from '../../exports/csv.ts';

/** Columns that only a sweep fills: the number of the point, and why a row was rejected. */
const SWEEP_ONLY = ['point_id', 'reason', 'detail', 'margin_metric', 'margin_value', 'margin_limit', 'margin_unit'];

/** One line per recommendation, under the column names of a sweep's export. */
export function sizeCsv({ input, recommendations }: SizeDocument): string {
  const builder = columnBuilder(SWEEP_COLUMNS);
  const users = typeof input['users'] === 'number' ? input['users'] : null;
  for (const row of recommendations) {
    const point = { pointId: 0, users, quantization: null, tensorParallel: null, zone: row.zone };
    builder.add(recommendationCells(point, row));
  }
  const columns = SWEEP_COLUMNS.filter(({ name }) => !SWEEP_ONLY.includes(name));
  return Buffer.concat([...csvPieces(columns, [builder.build()])]).toString();
}
