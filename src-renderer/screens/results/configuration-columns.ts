import type { Recommendation } from '../../../src-worker/protocol/documents.ts';
import { configurationName, METRICS } from '../../../src-worker/protocol/metrics.ts';
import { formatTick } from '../../../src-worker/protocol/numbers.ts';
import { countColumn, metricColumn, textColumn, type Column } from '../../format/columns.ts';
import { gpuLabel, placeLabel, precisionLabel } from '../../format/names.ts';

type Row = Recommendation;

/** Next to the name: what most people compare by must not scroll out of view. */
const SHOWN_METRICS = [
  'usd_per_hour',
  'usd_per_1m_output_tokens',
  'capacity_share',
  'ttft_p50',
  'ttft_p95',
  'tpot_p50',
  'tpot_p95',
];

/** Columns of an answer's rows: what people compare by, and every other metric of the registry to be chosen. */
export const CONFIGURATION_COLUMNS: Column<Row>[] = [
  textColumn('configuration', 'Configuration', configurationName, 'Instances to rent.'),
  countColumn('rank', '#', (row) => row.rank, 'Rank by cost per request.'),
  ...SHOWN_METRICS.map(metricColumn),
  textColumn('precision', 'Weights', (row) => precisionLabel(row.quantization), 'Precision of the weights.'),
  countColumn('tp', 'TP', (row) => row.tensor_parallel, 'Tensor parallel: GPUs that share one replica.'),
  textColumn('gpu', 'GPU per instance', (row) => `${formatTick(row.gpu_count)} × ${gpuLabel(row.gpu)}`),
  textColumn('region', 'Cheapest region', placeLabel),
  ...METRICS.filter(({ id }) => !SHOWN_METRICS.includes(id)).map(({ id }) => ({ ...metricColumn(id), isHidden: true })),
];
