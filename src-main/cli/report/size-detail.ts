import { SECONDS_PER_HOUR } from '../../../src-worker/engine/units.ts';
import { costReasonWords } from '../../../src-worker/protocol/cost-reasons.ts';
import type {
  CommandFlag,
  HalfWidthDocument,
  LatencySummary,
  Recommendation,
  SizeDocument,
  SlaRow,
} from '../../../src-worker/protocol/documents.ts';
import {
  count,
  decimal,
  gib,
  millisecondNumber,
  milliseconds,
  NONE,
  percent,
  percentOfFraction,
  plural,
  smallUsd,
  target,
  usd,
} from './format.ts';
import { bullet, facts, heading, table, wrap, type Column } from './layout.ts';
import { chanceFacts, costRangeLines, likely, rangeLines } from './ranges.ts';
import { checkFacts, checkSection } from './simulation-check.ts';
import { TAIL_MARKS, tailRatios } from './tail.ts';
import { deploymentText, isOwn, metricLabel, placeText, STATUS_TEXT } from './terms.ts';

/** One recommendation in full: the sections of the seed, in its order. */
export function detailSections(document: SizeDocument, row: Recommendation): string[] {
  return [
    ...slaSection(document, row),
    ...throughputSection(row),
    ...costSection(row),
    ...commandSection(document, row),
    ...memorySection(row),
    ...summarySection(document, row),
  ];
}

function slaSection({ assumptions }: SizeDocument, row: Recommendation): string[] {
  const spare = row.spare_replicas > 0 ? `, ${row.spare_replicas} spare` : '';
  return [
    ...heading('SLA COMPLIANCE REPORT'),
    ...facts([
      ['Rank', `${row.rank}`],
      ['Configuration', row.instance],
      ['Provider', isOwn(row) ? 'own hardware' : `${row.provider}, ${placeText(row)}`],
      ['GPU', `${row.gpu} × ${row.gpu_count}`],
      ['Tensor Parallel', String(row.tensor_parallel)],
      ...(row.pipeline_parallel > 1 ? [['Pipeline Parallel', String(row.pipeline_parallel)] as const] : []),
      ['Instances needed', String(row.instances)],
      ['Replicas', `${row.replicas} (${row.replicas_per_instance} per instance${spare})`],
      ['Quantization', `${row.quantization}, KV cache ${row.kv_cache_dtype}`],
      ['Headroom', percent(assumptions.headroom_percent)],
    ]),
    '',
    ...slaTable(row),
    ...e2eNote(row, assumptions.output_tokens.mean),
    '',
    ...rangeLines(row),
    '',
    ...checkSection(row),
    '',
    ...tailSection(row),
    '',
  ];
}

/** The metrics people look for first; others that have a target come after them. */
const USUAL_METRICS = ['ttft_p50', 'ttft_p95', 'ttft_p99', 'tpot_p50', 'tpot_p95', 'tpot_p99', 'e2e_p50'];

function slaTable(row: Recommendation): string[] {
  const rest = row.sla.filter(({ metric }) => !USUAL_METRICS.includes(metric));
  const rows = [...USUAL_METRICS.map((metric) => row.sla.find((sla) => sla.metric === metric) ?? metric), ...rest].map(
    (entry) => (typeof entry === 'string' ? untargetedCells(row, entry) : targetCells(entry)),
  );
  const columns: Column[] = [
    { title: 'Metric' },
    { title: 'Target', align: 'right' },
    { title: 'Predicted', align: 'right' },
    { title: '± ms', align: 'right' },
    { title: 'Status' },
    { title: 'Gap', align: 'right' },
  ];
  if (row.simulation) return table(columns, rows);
  const isShown = (_: unknown, index: number): boolean => index !== WIDTH_COLUMN;
  return table(
    columns.filter(isShown),
    rows.map((cells) => cells.filter(isShown)),
  );
}

/** Half widths of what is simulated; figures that are worked out have none. */
const WIDTH_COLUMN = 3;
const widthText = (ms: number | null): string => (ms === null ? NONE : millisecondNumber(ms));

function targetCells(sla: SlaRow): string[] {
  const label = metricLabel(sla.metric) + (sla.output_tokens === null ? '' : ` (${count(sla.output_tokens)} tok)`);
  const status = sla.predicted_ms === null ? `${STATUS_TEXT[sla.status]} (none)` : STATUS_TEXT[sla.status];
  return [
    label,
    target(sla.target_ms),
    milliseconds(sla.predicted_ms),
    widthText(sla.half_width_ms),
    sla.gating ? status : `${status}, not gating`,
    gapText(sla),
  ];
}

const gapText = ({ gap_percent: gap }: SlaRow): string =>
  gap === null ? NONE : `${gap > 0 ? '+' : ''}${percent(gap, 1)}`;

function untargetedCells(row: Recommendation, metric: string): string[] {
  const width = row.simulation?.half_width ? statisticOf(row.simulation.half_width, metric) : null;
  return [metricLabel(metric), NONE, milliseconds(statisticOf(row, metric)), widthText(width), 'no target', NONE];
}

function statisticOf(latencies: HalfWidthDocument, metric: string): number | null {
  const [kind, statistic] = metric.split('_');
  const { ttft_ms: ttft, tpot_ms: tpot, e2e_ms: e2e } = latencies;
  const summary: LatencySummary = kind === 'ttft' ? ttft : kind === 'tpot' ? tpot : e2e;
  return statistic === 'p50' ? summary.p50 : statistic === 'p95' ? summary.p95 : summary.p99;
}

/** The seed's E2E target is for another output length than the workload's, so the two stand apart. */
function e2eNote(row: Recommendation, meanOutputTokens: number): string[] {
  const sla = row.sla.find(({ target_output_tokens: tokens }) => tokens !== null);
  if (!sla) return [];
  const effect = sla.gating ? 'it gates, as asked with --sla' : 'it does not gate';
  return wrap(
    `E2E: the target is meant for ${count(sla.target_output_tokens)} output tokens, the prediction is for the workload's ` +
      `${decimal(meanOutputTokens)} on average; ${effect}.`,
  );
}

function tailSection(row: Recommendation): string[] {
  const lines = (name: string, latency: LatencySummary) =>
    tailRatios(latency).map(
      ({ percentile, valueMs, ratio, label }) =>
        `  ${name} ${percentile}: ${milliseconds(valueMs)} (${decimal(ratio)}x P50) - ${TAIL_MARKS[label]} ${label}`,
    );
  const all = [...lines('TTFT', row.ttft_ms), ...lines('TPOT', row.tpot_ms)];
  return ['Tail Latency Analysis:', ...(all.length > 0 ? all : ['  no steady state, no tail to speak of'])];
}

const perHour = (perSecond: number | null): number | null => (perSecond === null ? null : perSecond * SECONDS_PER_HOUR);

function throughputSection({ throughput, burst, interval, ...row }: Recommendation): string[] {
  const holds = burst.targets_hold ? '✓ all targets hold' : '✗ targets are missed';
  return [
    ...heading('THROUGHPUT ANALYSIS'),
    'Throughput at SLA point (planned load, whole deployment):',
    `  • ${decimal(throughput.output_tokens_per_s)} tok/s (${decimal(throughput.total_tokens_per_s)} with prompts)`,
    `  • ${decimal(throughput.requests_per_s)} req/s`,
    `  • ${percentOfFraction(row.utilization)} utilization (100% = a replica saturates)`,
    ...bullet(
      `${percentOfFraction(row.capacity_share)} of capacity within the targets (${decimal(row.capacity_requests_per_s)} req/s per replica${likely(interval, 'capacity_requests_per_s')})`,
    ),
    '',
    `Burst capacity (${decimal(burst.factor)}x traffic):`,
    `  • ${decimal(burst.output_tokens_per_s)} tok/s`,
    `  • ${decimal(burst.requests_per_s)} req/s`,
    `  • ${percentOfFraction(burst.utilization)} utilization`,
    `  • ${holds} (TTFT P95 ${milliseconds(burst.ttft_ms.p95)}, TPOT P95 ${milliseconds(burst.tpot_ms.p95)})`,
    '',
    `Requests per hour: ${count(perHour(throughput.requests_per_s))}`,
    `Output tokens per hour: ${count(perHour(throughput.output_tokens_per_s))}`,
    '',
  ];
}

function costSection(row: Recommendation): string[] {
  const { cost, cost_reason: reason, instances } = row;
  const unknown = isOwn(row) ? 'of your own' : 'date unknown';
  const date = cost.price_as_of === null ? unknown : `as of ${cost.price_as_of}`;
  const source = cost.price_source === null ? '' : `, ${cost.price_source}`;
  const body =
    reason === null
      ? [
          `Hourly cost per instance: ${usd(cost.usd_per_hour_instance, 4)}`,
          `Total hourly cost (${plural(instances, 'instance')}): ${usd(cost.usd_per_hour, 4)}`,
          '',
          `Cost per 1K tokens: ${smallUsd(cost.usd_per_1k_tokens)} (prompt and output)`,
          `Cost per request: ${smallUsd(cost.usd_per_request)}`,
          `Cost per 1M output tokens: ${usd(cost.usd_per_1m_output_tokens, 4)}`,
          '',
          `Monthly estimate (730 hours): ${usd(cost.usd_per_month)}`,
          ...costRangeLines(row),
          ...wrap(`Price ${date}${source}`),
        ]
      : wrap(`No cost: ${costReasonWords(reason)}.`);
  return [...heading('COST ANALYSIS'), ...body, ''];
}

type CommandFlags = NonNullable<Recommendation['vllm_command_flags']>;
/** Rows far down the list come without. */
const NO_FLAGS: CommandFlags = { safe: [], high_performance: [] };

function commandSection({ assumptions }: SizeDocument, row: Recommendation): string[] {
  const {
    vllm_commands: commands,
    vllm_command_flags: explained,
    vllm_command_reason: reason,
    vllm_command_replicas: replicas,
  } = row;
  const flags = explained ?? NO_FLAGS;
  const title = heading(`vLLM COMMANDS (${assumptions.engine} ${assumptions.engine_version})`);
  if (reason !== null) return [...title, ...wrap(`No command: ${reason}`), ''];
  const what =
    replicas === 1
      ? `One start serves one replica; the plan has ${count(row.replicas)}.`
      : `One start on each instance serves ${count(replicas)} replicas; the plan has ${count(row.replicas)} on ${plural(row.instances, 'instance')}.`;
  return [
    ...title,
    ...wrap(what),
    '',
    'HIGH PERFORMANCE (what was sized: the figures above are for it)',
    ...commandLine(commands.high_performance),
    ...flags.high_performance.flatMap(flagLines),
    '',
    'SAFE (a share of the memory to spare, no more requests at once than the KV cache',
    'holds at P99 lengths)',
    ...commandLine(commands.safe),
    ...otherFlags(flags).flatMap(flagLines),
    ...safeNote(flags, row.batch),
    '',
    ...(row.bench_command === null
      ? []
      : [
          'Benchmark of one start at its planned load, to check the figures above:',
          ...commandLine(row.bench_command),
          '',
        ]),
  ];
}

const SEATS_FLAG = '--max-num-seqs';

/** A command stays on one line, however long, so that it can be copied. */
const commandLine = (command: string | null): string[] => (command === null ? [] : [`  ${command}`]);

/** A flag with the arithmetic behind its value. */
const flagLines = ({ flag, value, why }: CommandFlag): string[] =>
  wrap(`${flag}${value === null ? '' : ` ${value}`}: ${why}`, { first: '    ', hanging: '      ' });

/** Flags of the safe command that stand there with another value. */
const otherFlags = ({ safe, high_performance: high }: CommandFlags): CommandFlag[] =>
  safe.filter(({ flag, value }) => !high.some((other) => other.flag === flag && other.value === value));

/** Fewer seats than requests in flight: the safe command queues. */
function safeNote({ safe }: CommandFlags, batch: Recommendation['batch']): string[] {
  const seats = Number(safe.find(({ flag }) => flag === SEATS_FLAG)?.value ?? Infinity);
  if (batch.mean_running <= seats) return [];
  return wrap(
    `! It lets ${plural(seats, 'request')} run at once, the planned load runs ${decimal(batch.mean_running)} on average: ` +
      'requests wait, and the figures above do not hold.',
    { hanging: '  ' },
  );
}

const MEMORY_WARNING = 'memory_tight';

function memorySection(row: Recommendation): string[] {
  const { warnings, memory, tensor_parallel: tp, quantization } = row;
  const warning = warnings.find(({ code }) => code === MEMORY_WARNING);
  if (!warning) return [];
  return [
    ...heading('MEMORY WARNING'),
    ...wrap(
      `${warning.sentence} Weights take ${gib(memory.weights_gib)} of ${gib(memory.total_gib)}, and a replica holds ` +
        `${count(memory.kv_cache_tokens)} tokens. To gain room:`,
    ),
    ...bullet('start with the SAFE command, and keep --max-model-len at what the workload needs'),
    ...(row.kv_cache_dtype === 'fp8' ? [] : bullet('ask for an FP8 KV cache (--kv-cache-dtype fp8)')),
    ...smallerPrecision(quantization),
    ...bullet(
      `take GPUs with more memory, or ${isSlice(row) ? 'a whole one' : `more of them per replica (--tp ${tp * 2})`}`,
    ),
    '',
  ];
}

/** Precisions of less than a byte a weight: nothing is left to advise. */
const SMALLEST_PRECISIONS = ['int4', 'nvfp4', 'mxfp4'];
const EIGHT_BIT_PRECISIONS = ['fp8', 'int8', 'w8a16'];

function smallerPrecision(quantization: string): string[] {
  if (SMALLEST_PRECISIONS.includes(quantization)) return [];
  const smaller = EIGHT_BIT_PRECISIONS.includes(quantization) ? 'int4' : 'fp8 or int4';
  return bullet(`ask for a smaller precision (--quantization ${smaller})`);
}

/** A fractional instance sells a share of one GPU. */
const isSlice = ({ gpu_count: gpus }: Recommendation): boolean => gpus < 1;
const gpusOfReplica = (row: Recommendation): number =>
  isSlice(row) ? row.gpu_count : row.tensor_parallel * row.pipeline_parallel;

function summarySection(document: SizeDocument, row: Recommendation): string[] {
  const gating = row.sla.filter((sla) => sla.gating);
  const [tightest] = [...gating].sort((a, b) => (b.gap_percent ?? 0) - (a.gap_percent ?? 0));
  const missed = gating.filter(({ status }) => status !== 'met');
  const verdict =
    missed.length === 0
      ? `✓ all ${plural(gating.length, 'gating target')} met`
      : `✗ ${missed.map(({ metric }) => metricLabel(metric)).join(', ')} missed`;
  const nearest = tightest ? `; the tightest is ${metricLabel(tightest.metric)} (gap ${gapText(tightest)})` : '';
  const shown = row.sla.filter((sla) => !sla.gating && sla.status !== 'met');
  const cost =
    row.cost_reason === null ? `${usd(row.cost.usd_per_hour)}/h, ${usd(row.cost.usd_per_month)} a month` : 'no price';
  return [
    ...heading('SUMMARY'),
    ...facts([
      [
        row.rank === 1 ? 'Recommended configuration' : `Configuration of rank ${row.rank}`,
        `${deploymentText(row)} (${isOwn(row) ? 'own hardware' : `${row.provider}, ${row.zone ?? row.region}`})`,
      ],
      [
        'Deployment',
        `${plural(row.replicas, 'replica')} of ${gpusOfReplica(row)} × ${row.gpu} in ${row.quantization}, ${cost}`,
      ],
      ['Targets', `${verdict}${nearest}`],
      ...checkFacts(document, row),
      ...shown.map((sla): [string, string] => ['Not gating', `${metricLabel(sla.metric)} (gap ${gapText(sla)})`]),
      ...chanceFacts(document, row),
      ['Bottleneck', row.bottleneck.sentence],
      ...(row.trust.kind === 'ok' || row.simulation ? [] : [['Trust', row.trust.sentence] as [string, string]]),
    ]),
    ...row.warnings
      .filter(({ code }) => code !== MEMORY_WARNING)
      .flatMap(({ sentence }) => wrap(`! ${sentence}`, { hanging: '  ' })),
    '',
  ];
}
