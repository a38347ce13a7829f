import type { LivePoint, RunRow } from '../../src-worker/protocol/app-api.ts';
import type { Recommendation } from '../../src-worker/protocol/documents.ts';
import { configurationName, metric, runNumber } from '../../src-worker/protocol/metrics.ts';
import { formatFixed, formatSignificant, plural } from '../../src-worker/protocol/numbers.ts';
import { placeLabel } from '../format/names.ts';

/** A configuration as the Pareto chart takes it, wherever it comes from. */
export interface ChartPoint {
  id: string;
  /** `3 × g6.2xlarge`. */
  name: string;
  gpu: string;
  quantization: string;
  /** What tells points of a sweep apart that are the same configuration: `100 users`. */
  load?: string;
  /** Where it is sold and how it is cut, for the tooltip. */
  note: string;
  /** In the unit of the metric registry; null = not known here. */
  value: (metricId: string) => number | null;
  /** A near miss: drawn hollow, never on the frontier. */
  isExcluded?: boolean;
}

export const pointOfConfiguration = (row: Recommendation): ChartPoint => ({
  id: row.id,
  name: configurationName(row),
  gpu: row.gpu,
  quantization: row.quantization,
  note: `${placeLabel(row)}, TP ${row.tensor_parallel}`,
  value: (metricId) => metric(metricId).value(row),
});

/** Speed is not stored: it is the reciprocal of a stored latency. Likewise room, of the share that is used. */
const COMPUTED: Record<string, { column: string; from: (value: number) => number }> = {
  speed_per_user: { column: 'tpot_ms_p50', from: (ms) => 1000 / ms },
  room: { column: 'capacity_share', from: (share) => 1 / share },
};

function valueFrom(metricId: string, read: (column: string) => number | null): number | null {
  const computed = COMPUTED[metricId];
  if (computed) {
    const value = read(computed.column);
    return value !== null && value > 0 ? computed.from(value) : null;
  }
  const { column } = metric(metricId);
  return column === null ? null : read(column);
}

const words = (row: RunRow, column: string): string => {
  const value = row[column];
  return typeof value === 'string' ? value : '';
};

/** `100 users`, `12.5 requests/s`; null where a row says neither. */
export function loadWords(row: RunRow): string | null {
  const [users, rate] = [runNumber(row, 'users'), runNumber(row, 'rate')];
  if (users !== null) return plural(users, 'user');
  return rate === null ? null : `${formatSignificant(rate)} requests/s`;
}

/**
 * A row of a stored run. `id` is what a pick answers with; rows of several points share their configuration's id. `about` =
 * what else its point is about; `load` = its load in words, null where all points have the same.
 */
export function pointOfRunRow(row: RunRow, id: string, about = '', load = loadWords(row)): ChartPoint {
  return {
    id,
    name: configurationName({ instances: runNumber(row, 'instances') ?? 1, instance: words(row, 'instance') }),
    ...(load === null ? {} : { load }),
    gpu: words(row, 'gpu'),
    quantization: words(row, 'quantization'),
    note: [
      placeLabel({ provider: words(row, 'provider'), zone: words(row, 'zone'), region: words(row, 'region') }),
      `TP ${formatFixed(runNumber(row, 'tensor_parallel'))}`,
      ...(about === '' ? [] : [about]),
    ].join(', '),
    value: (metricId) => valueFrom(metricId, (column) => runNumber(row, column)),
  };
}

/** A point of a sweep that still runs; its id is that of the sweep's point. */
export function pointOfLive(point: LivePoint): ChartPoint {
  const columns: Record<string, number | null> = {
    tpot_ms_p50: point.tpotMsP50,
    ttft_ms_p95: point.ttftMsP95,
    cost_usd_per_hour: point.usdPerHour,
    cost_usd_per_1m_output_tokens: point.usdPer1mOutputTokens,
  };
  return {
    id: String(point.pointId),
    name: configurationName(point),
    ...(point.users === null ? {} : { load: plural(point.users, 'user') }),
    gpu: point.gpu,
    quantization: point.quantization,
    note: [...(point.zone === null ? [] : [point.zone]), `TP ${point.tensorParallel}`].join(', '),
    value: (metricId) => valueFrom(metricId, (column) => columns[column] ?? null),
  };
}
