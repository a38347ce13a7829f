import { MS_PER_S } from '../../../src-worker/engine/units.ts';
import type { MeasurementColumn } from '../../../src-worker/protocol/measurement-columns.ts';
import { check } from './checks.ts';
import type { BenchmarkReader, ReadRun } from './reader.ts';
import { RunDraft } from './run-draft.ts';
import { countAt, fieldsAt, isFields, numberAt, positiveAt, textAt, type Fields } from './values.ts';

/**
 * Reports of GuideLLM, JSON or YAML of the same: one benchmark per strategy. Versions 0.2 and 0.3 have no version in them
 * and keep the strategy under `args`; newer ones under `config`.
 */
export const guidellmReader: BenchmarkReader = {
  format: 'guidellm',
  words: 'a report of GuideLLM',
  recognizes: (document) => {
    const benchmarks = isFields(document) ? document['benchmarks'] : null;
    return Array.isArray(benchmarks) && benchmarks.some((entry) => isFields(entry) && isBenchmark(entry));
  },
  read(document) {
    const report = isFields(document) ? document : {};
    const benchmarks: unknown = report['benchmarks'];
    return Array.isArray(benchmarks)
      ? benchmarks.map((entry) => (isFields(entry) ? readBenchmark(entry, report) : { skipped: 'it is no object.' }))
      : [];
  },
};

const isBenchmark = (entry: Fields): boolean =>
  textAt(entry, 'type_') === 'generative_benchmark' || 'request_latency' in fieldsAt(entry, 'metrics');

/** The cap that version 0.8 writes where none was asked for. */
const DEFAULT_CAP = 10_240;

function readBenchmark(benchmark: Fields, report: Fields): ReadRun {
  const metrics = fieldsAt(benchmark, 'metrics');
  const totals = [
    fieldsAt(metrics, 'request_totals'),
    fieldsAt(benchmark, 'request_totals'),
    fieldsAt(benchmark, 'run_stats', 'requests_made'),
  ].find((found) => 'successful' in found);
  const completed = countAt(totals ?? {}, 'successful');
  const requested = countAt(totals ?? {}, 'total') ?? completed;
  if (completed === null || requested === null) return { skipped: 'it does not say how many requests succeeded.' };
  if (completed === 0) return { skipped: `none of ${requested} requests succeeded: nothing was measured.` };
  const osl = meanOf(metrics, 'output_token_count');
  if (osl === null) return { skipped: `${completed} requests gave no output token: nothing was measured.` };

  const run = new RunDraft();
  const load = readStrategy(run, benchmark, requested);
  if (load !== null) return { skipped: load };
  run.set('model', modelOf(benchmark, report));
  run.set('num_prompts', completed);
  run.lengths({ isl: meanOf(metrics, 'prompt_token_count'), osl, ...nominalLengths(benchmark, report) });
  readLatencies(run, metrics);
  run.result('req_s', successfulOf(metrics, 'requests_per_second'), 'mean', { name: 'requests_per_second' });
  run.result('output_tok_s', successfulOf(metrics, 'output_tokens_per_second'), 'mean', {
    name: 'output_tokens_per_second',
  });
  run.result('total_tok_s', successfulOf(metrics, 'tokens_per_second'), 'mean', { name: 'tokens_per_second' });
  noteRun(run, { report, totals: totals ?? {}, completed, requested });
  if (run.refusal !== null) return { skipped: run.refusal };
  check(run);
  return run;
}

/** What was measured of requests that succeeded; `total` mixes in those that were cut at the end. */
const successfulOf = (metrics: Fields, name: string): Fields => fieldsAt(metrics, name, 'successful');
const meanOf = (metrics: Fields, name: string): number | null => positiveAt(successfulOf(metrics, name), 'mean');

/** TPOT is GuideLLM's inter-token latency: (last - first) / (n - 1). Its `time_per_output_token_ms` changed meaning. */
const LATENCIES: readonly (readonly [string, string, number])[] = [
  ['ttft', 'time_to_first_token_ms', 1],
  ['tpot', 'inter_token_latency_ms', 1],
  ['e2e', 'request_latency', MS_PER_S],
];

function readLatencies(run: RunDraft, metrics: Fields): void {
  for (const [ours, theirs, factor] of LATENCIES) {
    const found = successfulOf(metrics, theirs);
    const percentiles = fieldsAt(found, 'percentiles');
    const column = (statistic: string): MeasurementColumn => `${ours}_ms_${statistic}` as MeasurementColumn;
    run.result(column('mean'), found, 'mean', { factor, name: theirs });
    const hasMedian = numberAt(percentiles, 'p50') === null;
    run.result(column('p50'), hasMedian ? found : percentiles, hasMedian ? 'median' : 'p50', {
      factor,
      name: `${theirs} median`,
    });
    for (const statistic of ['p90', 'p95', 'p99'])
      run.result(column(statistic), percentiles, statistic, { factor, name: `${theirs} ${statistic}` });
  }
}

/** Sets the load; answers why there is none. */
function readStrategy(run: RunDraft, benchmark: Fields, requested: number): string | null {
  const strategy = ['config', 'args', 'scheduler', 'benchmark']
    .map((place) => fieldsAt(benchmark, place, 'strategy'))
    .find((found) => 'type_' in found);
  const type = textAt(strategy ?? {}, 'type_');
  if (!strategy || type === null) return 'it does not say with which strategy it was run: the load is not known.';
  const told = run.asked(strategy, 'max_concurrency');
  const cap = told === DEFAULT_CAP || told === 0 ? null : told;
  const ratePerS = run.asked(strategy, 'rate');
  run.notes.push(`strategy ${type}`);
  switch (type) {
    case 'constant':
    case 'poisson':
      if (ratePerS === null) return `its strategy ${type} has no rate: the load is not known.`;
      run.load({ ratePerS, cap, requests: requested, arrival: type });
      if (strategy['initial_burst'] === true && type === 'constant') run.notes.push('begins with a burst');
      break;
    case 'concurrent': {
      const streams = run.asked(strategy, 'streams') ?? cap;
      if (streams === null) return 'its strategy concurrent has no streams: the load is not known.';
      run.load({ ratePerS: null, cap: streams, requests: requested, arrival: null });
      break;
    }
    case 'synchronous':
      run.load({ ratePerS: null, cap: 1, requests: requested, arrival: null });
      break;
    case 'throughput':
      run.load({ ratePerS: null, cap, requests: requested, arrival: null });
      break;
    default:
      return `its strategy ${type} is not one of constant, poisson, concurrent, synchronous, throughput.`;
  }
  if ((positiveAt(strategy, 'rampup_duration') ?? 0) > 0) run.notes.push('the rate rises at first (rampup_duration)');
  return null;
}

const modelOf = (benchmark: Fields, report: Fields): string | null =>
  textAt(fieldsAt(benchmark, 'worker'), 'backend_model') ??
  textAt(fieldsAt(benchmark, 'config', 'backend'), 'model') ??
  textAt(fieldsAt(benchmark, 'backend'), 'model') ??
  textAt(fieldsAt(report, 'config', 'spec', 'backend'), 'model') ??
  textAt(fieldsAt(report, 'args'), 'model');

/** Lengths that were asked for: in 0.2 a text `prompt_tokens=256,output_tokens=128`, later the fields of a data source. */
function nominalLengths(benchmark: Fields, report: Fields): { islNominal: number | null; oslNominal: number | null } {
  const text = textAt(fieldsAt(benchmark, 'request_loader'), 'data') ?? '';
  const written = (key: string): number | null => {
    const match = new RegExp(`\\b${key}["']?\\s*[=:]\\s*(\\d+)\\b`).exec(text);
    return match ? Number(match[1]) : null;
  };
  const sources: unknown = fieldsAt(report, 'config', 'spec')['data'];
  const [source] = Array.isArray(sources) && sources.length === 1 ? (sources as unknown[]) : [];
  // With several turns a prompt grows by those before it.
  const isOneTurn = isFields(source) && (countAt(source, 'turns') ?? 1) === 1;
  const told = (key: string): number | null => (isOneTurn ? positiveAt(source, key) : null);
  return {
    islNominal: told('prompt_tokens') ?? written('prompt_tokens'),
    oslNominal: told('output_tokens') ?? written('output_tokens'),
  };
}

interface RunFacts {
  report: Fields;
  totals: Fields;
  completed: number;
  requested: number;
}

function noteRun(run: RunDraft, { report, totals, completed, requested }: RunFacts): void {
  const version = textAt(fieldsAt(report, 'metadata'), 'guidellm_version');
  run.notes.unshift(version === null ? 'GuideLLM' : `GuideLLM ${version}`);
  run.notes.push('successful requests only', 'TPOT = inter_token_latency_ms');
  if (completed === requested) return;
  const errored = countAt(totals, 'errored') ?? 0;
  const incomplete = countAt(totals, 'incomplete') ?? 0;
  run.notes.push(`${requested} requested, ${completed} succeeded, ${errored} failed, ${incomplete} cut at the end`);
}
