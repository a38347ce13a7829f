import type {
  LatencySummary,
  PredictDocument,
  SimulationDocument,
  StepTimeDocument,
  Warning,
} from '../../../src-worker/protocol/documents.ts';
import { count, decimal, gib, milliseconds, NONE, percentOfFraction } from './format.ts';
import { facts, heading, table, textOf, wrap } from './layout.ts';
import { likely, rangeLines } from './ranges.ts';

/** One deployment under one load as text; `about`: lines on what was asked, `more`: lines behind the figures. */
export function predictReport(
  document: PredictDocument,
  { title = 'PREDICTION', about = [], more = [] }: { title?: string; about?: string[]; more?: string[] } = {},
): string {
  const { input, memory, warnings, versions, method, calibration } = document;
  return textOf([
    ...heading(title),
    ...facts([
      ['Model', String(input['model'])],
      [
        'GPU',
        `${String(input['gpu'])} × ${replicaGpus(input)} per replica, ${count(numberOf(input['replicas']))} in all`,
      ],
      ...routerFact(input),
      ['Method', `${method}, calibration ${calibration}`],
    ]),
    ...about,
    ...remarkLines(warnings.filter(isOfQuestion)),
    '',
    ...(memory.fits ? loadLines(document) : []),
    ...more,
    ...memoryLines(document),
    ...remarkLines(warnings.filter((warning) => !isOfQuestion(warning))),
    ...wrap(`ConfigIQ ${versions.configiq}, engine ${versions.engine}, catalog ${versions.catalog}`),
  ]);
}

/** What was asked for and is not in the figures: said before them. */
const OF_THE_QUESTION = ['arrival_ignored', 'num_prompts_ignored', 'router_idle'];
const isOfQuestion = ({ code }: Warning): boolean => OF_THE_QUESTION.includes(code);

const remarkLines = (warnings: readonly Warning[]): string[] =>
  warnings.flatMap(({ sentence }) => wrap(`! ${sentence}`, { hanging: '  ' }));

/** `8`, or `16 (TP 4, PP 2, DP 2, EP 8)`. */
function replicaGpus(input: PredictDocument['input']): string {
  const degree = (name: string): number => numberOf(input[name]) ?? 1;
  const tp = degree('tp');
  const others = ['pp', 'dp', 'ep'].filter((name) => degree(name) > 1);
  if (others.length === 0) return String(tp);
  const degrees = ['tp', ...others].map((name) => `${name.toUpperCase()} ${degree(name)}`);
  return `${tp * degree('pp') * degree('dp')} (${degrees.join(', ')})`;
}

/** Who of several replicas gets a request; users, and requests at once, are dealt out evenly unless a router was asked for. */
function routerFact({ router, replicas, rate, concurrency, batch }: PredictDocument['input']): [string, string][] {
  const copies = numberOf(replicas) ?? 1;
  if (copies === 1) return [];
  const isEven = router === 'random' && (concurrency !== undefined || batch !== undefined || rate === 'inf');
  const words = isEven ? 'none, dealt out evenly' : String(router).replace('_', ' ');
  return [['Router', `${words}, over ${count(copies)} replicas`]];
}

const numberOf = (value: unknown): number | null => (typeof value === 'number' ? value : null);

function loadLines(document: PredictDocument): string[] {
  const { throughput, batch, bottleneck, trust, saturation, saturated, simulation } = document;
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
      (['ttft', 'tpot', 'e2e'] as const).flatMap((kind) => {
        const widths = simulation?.half_width?.[`${kind}_ms`];
        const own = row(kind.toUpperCase(), document[`${kind}_ms`]);
        return widths ? [own, row('  +/-', widths)] : [own];
      }),
    ),
    ...(simulation?.half_width ? ['+/-: half width of the 95% confidence interval'] : []),
    '',
    ...(simulation ? simulationLines(document, simulation) : []),
    ...rangeLines(document),
    '',
    ...facts([
      [
        'Throughput',
        `${decimal(throughput.requests_per_s)} req/s, ${decimal(throughput.output_tokens_per_s)} output tok/s, ` +
          `${decimal(throughput.total_tokens_per_s)} tok/s with prompts${throughputRange(document)}`,
      ],
      ['Utilization', utilizationText(document)],
      // A simulation saw the most there were; the closed form says what is passed in 1 % of the time.
      [
        'Running per replica',
        `${decimal(batch.mean_running)} on average, ${count(batch.max_running)} ${simulation ? 'at most' : 'at P99'}`,
      ],
    ]),
    ...stepLines(document),
    ...(bottleneck ? wrap(`Bottleneck: ${bottleneck.sentence}`) : []),
    ...(trust && trust.kind !== 'ok' ? wrap(`Trust: ${trust.sentence}`) : []),
    '',
  ];
}

/** What was simulated, and what happened beside the latencies. */
function simulationLines({ trust }: PredictDocument, simulation: SimulationDocument): string[] {
  const { preemptions_per_request: preemptions, cached_fraction: cached, wall_s: wall, classes } = simulation;
  return [
    ...wrap(trust?.sentence ?? ''),
    '',
    ...(classes ? [...classLines(classes), ''] : []),
    ...facts([
      ...(wall === null ? [] : [['Length', `${decimal(wall)} s from the first request to the last answer`] as const]),
      ['Preemptions', preemptions === 0 ? 'none' : `${preemptions.toPrecision(2)} a request`],
      ...(cached > 0 ? [['Prompt tokens from the prefix cache', percentOfFraction(cached, 1)] as const] : []),
    ]),
    '',
  ];
}

function classLines(classes: NonNullable<SimulationDocument['classes']>): string[] {
  const title = (text: string) => ({ title: text, align: 'right' as const });
  return table(
    [{ title: 'Priority' }, ...['Requests', 'TTFT P50', 'TTFT P95', 'TTFT P99', 'TPOT P95', 'E2E P95'].map(title)],
    classes.map(({ priority, requests, ttft_ms: ttft, tpot_ms: tpot, e2e_ms: e2e }) => [
      priority === 0 ? '0 (urgent)' : String(priority),
      count(requests),
      ...[ttft.p50, ttft.p95, ttft.p99, tpot.p95, e2e.p95].map(milliseconds),
    ]),
  );
}

/** Only what the deployment reaches by itself has a range: a rate that was given is no prediction. */
const throughputRange = ({ interval }: PredictDocument): string =>
  interval?.output_tokens_per_s ? `; output${likely(interval, 'output_tokens_per_s').replace(',', '')} tok/s` : '';

/** A static batch is there from the start: nothing arrives that could be compared with what is served. */
function utilizationText({ utilization, input, simulation }: PredictDocument): string {
  if (utilization !== null) return percentOfFraction(utilization);
  if (simulation?.kind === 'trace') return 'not applicable to a trace';
  if (simulation?.kind === 'run') return 'not applicable to requests that come at once';
  return typeof input['batch'] === 'number' || input['rate'] === 'inf'
    ? 'not applicable to a static batch'
    : `${NONE} (no steady state)`;
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
