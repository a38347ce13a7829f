import type { Recommendation } from '../../../src-worker/protocol/documents.ts';
import { configurationName, METRICS } from '../../../src-worker/protocol/metrics.ts';
import { formatTick } from '../../../src-worker/protocol/numbers.ts';
import { countColumn, metricColumn, textColumn, type Column } from '../../format/columns.ts';
import { gpuLabel, precisionLabel, providerLabel } from '../../format/names.ts';

type Row = Recommendation;

const SHOWN_METRICS = ['ttft_p50', 'ttft_p95', 'tpot_p50', 'tpot_p95', 'capacity_share', 'usd_per_hour'];
/** Last, as what most people compare by. */
const LAST_METRIC = 'usd_per_1m_output_tokens';

const shown = new Set([...SHOWN_METRICS, LAST_METRIC]);

/** Columns of an answer's rows: what people compare by, and every other metric of the registry to be chosen. */
export const CONFIGURATION_COLUMNS: Column<Row>[] = [
  textColumn('configuration', 'Configuration', configurationName, 'Instances to rent.'),
  countColumn('rank', '#', (row) => row.rank, 'Rank by cost per request.'),
  textColumn('region', 'Cheapest region', (row) => `${providerLabel(row.provider)}, ${row.zone ?? row.region}`),
  textColumn('gpu', 'GPU per instance', (row) => `${formatTick(row.gpu_count)} × ${gpuLabel(row.gpu)}`),
  textColumn('precision', 'Weights', (row) => precisionLabel(row.quantization), 'Precision of the weights.'),
  countColumn('tp', 'TP', (row) => row.tensor_parallel, 'Tensor parallel: GPUs that share one replica.'),
  ...SHOWN_METRICS.map(metricColumn),
  metricColumn(LAST_METRIC),
  ...METRICS.filter(({ id }) => !shown.has(id)).map(({ id }) => ({ ...metricColumn(id), isHidden: true })),
];
