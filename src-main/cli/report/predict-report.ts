import type { LatencySummary, PredictDocument, StepTimeDocument } from '../../../src-worker/protocol/documents.ts';
import { count, decimal, gib, milliseconds, NONE, percentOfFraction } from './format.ts';
import { facts, heading, table, textOf, wrap } from './layout.ts';
import { likely, rangeLines } from './ranges.ts';

/** One deployment under one load as text. */
export function predictReport(document: PredictDocument): string {
  const { input, memory, warnings, versions, method, calibration } = document;
  return textOf([
    ...heading('PREDICTION'),
    ...facts([
      ['Model', String(input['model'])],
      [
        'GPU',
        `${String(input['gpu'])} × ${replicaGpus(input)} per replica, ${count(numberOf(input['replicas']))} in all`,
      ],
      ['Method', `${method}, calibration ${calibration}`],
    ]),
    '',
    ...(memory.fits ? loadLines(document) : []),
    ...memoryLines(document),
    ...warnings.flatMap(({ sentence }) => wrap(`! ${sentence}`, { hanging: '  ' })),
    ...wrap(`ConfigIQ ${versions.configiq}, engine ${versions.engine}, catalog ${versions.catalog}`),
  ]);
}

/** `8`, or `16 (TP 4, PP 2, DP 2, EP 8)`. */
function replicaGpus(input: PredictDocument['input']): string {
  const degree = (name: string): number => numberOf(input[name]) ?? 1;
  const tp = degree('tp');
  const others = ['pp', 'dp', 'ep'].filter((name) => degree(name) > 1);
  if (others.length === 0) return String(tp);
  const degrees = ['tp', ...others].map((name) => `${name.toUpperCase()} ${degree(name)}`);
  return `${tp * degree('pp') * degree('dp')} (${degrees.join(', ')})`;
}

const numberOf = (value: unknown): number | null => (typeof value === 'number' ? value : null);

function loadLines(document: PredictDocument): string[] {
  const { throughput, batch, bottleneck, trust, saturation, saturated } = document;
  const row = (name: string, { mean, p50, p90, p95, p99 }: LatencySummary) => [
    name,
    ...[mean, p50, p90, p95, p99].map(milliseconds),
  ];
  return [
    ...(saturated && saturation ? [...wrap(`SATURATED: ${saturation.sentence}`), ''] : []),
    ...table(
      [
        { title: 'Latency' },
        ...['Mean', 'P50', 'P90', 'P95', 'P99'].map((title) => ({ title, align: 'right' as const })),
      ],
      [row('TTFT', document.ttft_ms), row('TPOT', document.tpot_ms), row('E2E', document.e2e_ms)],
    ),
    '',
    ...rangeLines(document),
    '',
    ...facts([
      [
        'Throughput',
        `${decimal(throughput.requests_per_s)} req/s, ${decimal(throughput.output_tokens_per_s)} output tok/s, ` +
          `${decimal(throughput.total_tokens_per_s)} tok/s with prompts${throughputRange(document)}`,
      ],
      ['Utilization', utilizationText(document)],
      ['Running per replica', `${decimal(batch.mean_running)} on average, ${count(batch.max_running)} at most`],
    ]),
    ...stepLines(document),
    ...(bottleneck ? wrap(`Bottleneck: ${bottleneck.sentence}`) : []),
    ...(trust && trust.kind !== 'ok' ? wrap(`Trust: ${trust.sentence}`) : []),
    '',
  ];
}

/** Only what the deployment reaches by itself has a range: a rate that was given is no prediction. */
const throughputRange = ({ interval }: PredictDocument): string =>
  interval?.output_tokens_per_s ? `; output${likely(interval, 'output_tokens_per_s').replace(',', '')} tok/s` : '';

/** A static batch is there from the start: nothing arrives that could be compared with what is served. */
function utilizationText({ utilization, input }: PredictDocument): string {
  if (utilization !== null) return percentOfFraction(utilization);
  return typeof input['batch'] === 'number' ? 'not applicable to a static batch' : `${NONE} (no steady state)`;
}

function stepLines({ step_time_ms: step }: PredictDocument): string[] {
  if (!step) return [];
  const parts = (times: StepTimeDocument) => {
    const { total, ...rest } = times;
    const named = Object.entries(rest)
      .filter(([, ms]) => ms > 0)
      .sort(([, a], [, b]) => b - a)
      .map(([name, ms]) => `${name.replaceAll('_', ' ')} ${decimal(ms)}`);
    return `${milliseconds(total)} (${named.join(', ')})`;
  };
  return facts([
    ['Decode step', parts(step.decode)],
    ['Prefill step', parts(step.prefill)],
  ]);
}

function memoryLines({ memory }: PredictDocument): string[] {
  const verdict = memory.fits
    ? []
    : [`DOES NOT FIT: ${gib(memory.shortfall_gib)} are missing per GPU of ${gib(memory.total_gib)}.`, ''];
  return [
    ...verdict,
    ...table(
      [{ title: 'Memory per GPU' }, { title: '', align: 'right' }],
      [
        ['Weights', gib(memory.weights_gib)],
        ['Activations', gib(memory.activation_gib)],
        ['NCCL, CUDA and graphs', gib(memory.overhead_gib)],
        [`KV cache (${count(memory.kv_cache_tokens)} tokens per replica)`, gib(memory.kv_cache_gib)],
        ['Left to the driver and others', gib(memory.free_gib)],
        ['Total', gib(memory.total_gib)],
      ],
    ),
    '',
  ];
}
