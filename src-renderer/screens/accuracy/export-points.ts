import type { AccuracyPoint } from '../../../src-worker/protocol/accuracy.ts';
import { sortedColumns } from '../../format/measured-columns.ts';
import { tableText } from '../../grid/copy-table.ts';

const words = (label: string) => ({ label, unit: '', isNumber: false });
const figure = (label: string) => ({ label, unit: '', isNumber: true });

/** The points with every column they are judged on: one line a point, names as `configiq validate --output` has them. */
export function pointsCsv(points: readonly AccuracyPoint[]): string {
  const columns = sortedColumns(new Set(points.flatMap(({ columns: judged }) => Object.keys(judged))));
  const heads = [
    ...['point_id', 'source_id', 'model', 'gpu'].map(words),
    ...['gpu_count', 'tp'].map(figure),
    ...['engine', 'engine_generation', 'workload_kind', 'load', 'why'].map(words),
    ...columns.flatMap((id) => ['measured', 'predicted', 'lo', 'hi'].map((part) => figure(`${id}_${part}`))),
  ];
  const rows = points.map((point) => [
    ...[point.point_id, point.source_id, point.model, point.gpu, point.gpu_count, point.tensor_parallel],
    ...[point.engine, point.generation, point.workload_kind, point.load, point.why],
    ...columns.flatMap((id) => {
      const values = point.columns[id];
      return values ? [values.measured, values.predicted, values.lo, values.hi] : [null, null, null, null];
    }),
  ]);
  return tableText({ heads, rows }, 'csv');
}
