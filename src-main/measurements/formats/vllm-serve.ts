import { msFromSeconds, MS_PER_S } from '../../../src-worker/engine/units.ts';
import type { MeasurementColumn } from '../../../src-worker/protocol/measurement-columns.ts';
import { mean, percentile } from './percentiles.ts';
import { check } from './checks.ts';
import type { BenchmarkReader, ReadRun } from './reader.ts';
import { INFINITE_RATE_REQ_PER_S, RunDraft } from './run-draft.ts';
import { cleanText, countAt, isFields, numberAt, numbersAt, positiveAt, textAt, type Fields } from './values.ts';

/**
 * `vllm bench serve --save-result` (before: benchmarks/benchmark_serving.py), times in ms: one object a run, of 2024 to
 * 2026; lists of them as `vllm bench sweep serve` writes in summary.json; and what forks of it write.
 */
export const vllmServeReader: BenchmarkReader = {
  format: 'vllm-bench',
  words: 'the result of vllm bench serve (--save-result)',
  recognizes: (document) =>
    isFields(document) &&
    'completed' in document &&
    'duration' in document &&
    typeof document['model_id'] === 'string' &&
    ['total_output_tokens', 'request_throughput', 'mean_ttft_ms'].some((key) => key in document),
  read: (document) => [isFields(document) ? readRun(document) : { skipped: 'it is no object.' }],
};

/** Columns by how vLLM names their quantities, and their statistics. */
const QUANTITIES = { ttft: 'ttft', tpot: 'tpot', e2el: 'e2e' } as const;
const STATISTICS: Readonly<Record<string, readonly string[]>> = {
  mean: ['mean'],
  p50: ['median', 'p50'],
  p90: ['p90'],
  p95: ['p95'],
  p99: ['p99'],
};

function readRun(fields: Fields): ReadRun {
  const completed = countAt(fields, 'completed');
  const requested = countAt(fields, 'num_prompts') ?? (completed ?? 0) + (countAt(fields, 'failed') ?? 0);
  if (completed === null) return { skipped: '"completed" is no count of requests.' };
  if (completed === 0) return { skipped: `none of ${requested} requests succeeded: nothing was measured.` };
  if (completed > requested) {
    return {
      skipped: `${completed} requests completed of ${requested} that were made: the file does not agree with itself.`,
    };
  }
  const outputTokens = positiveAt(fields, 'total_output_tokens') ?? 0;
  if (outputTokens === 0) {
    return {
      skipped: `${completed} requests gave no output token: the server did not stream, or makes no text; nothing was measured.`,
    };
  }
  const ramp = textAt(fields, 'ramp_up_strategy');
  if (ramp !== null)
    return { skipped: `its rate rises while it runs (ramp_up_strategy ${ramp}): there is no one load.` };

  if (!('request_rate' in fields) && !('max_concurrency' in fields)) {
    return {
      skipped:
        'it says neither at which rate nor with how many requests in flight it was run: give the JSON of --save-result, or the lines above the block as well.',
    };
  }

  const run = new RunDraft();
  const inputTokens = positiveAt(fields, 'total_input_tokens');
  run.set('model', textAt(fields, 'model_id'));
  run.set('num_prompts', completed);
  run.lengths({ isl: inputTokens === null ? null : inputTokens / completed, osl: outputTokens / completed });
  readLoad(run, fields, requested);
  readSetup(run, fields);
  for (const [theirs, ours] of Object.entries(QUANTITIES)) {
    for (const [statistic, names] of Object.entries(STATISTICS)) {
      const key = names.map((name) => `${name}_${theirs}_ms`).find((name) => name in fields);
      if (key !== undefined) run.result(columnOf(ours, statistic), fields, key);
    }
  }
  readRates(run, fields, { completed, tokens: { input: inputTokens, output: outputTokens } });
  percentilesOfRequests(run, fields, completed);
  noteCounts(run, fields, { completed, requested });
  noteChunks(run, fields);
  if (run.refusal !== null) return { skipped: run.refusal };
  check(run);
  return run;
}

const columnOf = (quantity: string, statistic: string): MeasurementColumn =>
  // The quantities and statistics above are those of the columns.
  `${quantity}_ms_${statistic}` as MeasurementColumn;

function readLoad(run: RunDraft, fields: Fields, requested: number): void {
  const ratePerS = run.asked(fields, 'request_rate');
  const burstiness = numberAt(fields, 'burstiness') ?? 1;
  const isPoisson = burstiness === 1;
  run.load({
    ratePerS,
    cap: run.asked(fields, 'max_concurrency'),
    requests: requested,
    arrival: isPoisson ? 'poisson' : null,
  });
  if (run.row.workload_kind !== 'open_loop' || ratePerS === null) return;
  if (!isPoisson) run.notes.push(`gamma arrivals, burstiness ${burstiness}`);
  const ttftMs = numberAt(fields, 'mean_ttft_ms');
  const sendingMs = msFromSeconds(requested / ratePerS);
  if (ttftMs !== null && sendingMs < ttftMs && ratePerS < INFINITE_RATE_REQ_PER_S) {
    run.warnings.push(
      `${ratePerS} req/s sent all ${requested} requests within ${sendingMs.toFixed(0)} ms, before the mean first token: that is a burst, not a rate.`,
    );
  }
}

/** What `--metadata` and swept parameters may say of the engine; every other key goes to the notes. */
const SETUP: readonly (readonly [MeasurementColumn, readonly string[]])[] = [
  ['tp', ['tensor_parallel_size', 'tp']],
  ['pp', ['pipeline_parallel_size', 'pp']],
  ['dp', ['data_parallel_size', 'dp']],
  ['max_num_seqs', ['max_num_seqs']],
  ['max_num_batched_tokens', ['max_num_batched_tokens']],
];

const KNOWN_KEYS = new Set(
  [
    'date backend endpoint_type label model_id tokenizer_id best_of use_beam_search num_prompts request_rate burstiness',
    'max_concurrency duration completed failed total_input_tokens total_output_tokens request_throughput request_goodput',
    'request_goodput: output_throughput input_throughput total_token_throughput total_input total_output input_lens',
    'output_lens ttfts itls generated_texts errors start_times max_output_tokens_per_s max_concurrent_requests rtfx',
    'ramp_up_strategy ramp_up_start_rps ramp_up_end_rps run_number',
  ]
    .join(' ')
    .split(' '),
);
const MOST_NOTED_KEYS = 8;
const LONGEST_NOTE = 60;

function readSetup(run: RunDraft, fields: Fields): void {
  const byName = Object.fromEntries(Object.entries(fields).map(([key, value]) => [key.replaceAll('-', '_'), value]));
  const taken = new Set<string>();
  for (const [column, names] of SETUP) {
    const name = names.find((key) => (countAt(byName, key) ?? 0) > 0);
    if (name === undefined) continue;
    run.set(column, countAt(byName, name));
    taken.add(name);
  }
  const date = textAt(fields, 'date');
  if (date !== null) run.notes.push(`run of ${date}`);
  const number = countAt(fields, 'run_number');
  if (number !== null) run.notes.push(`run ${number}`);
  const label = textAt(fields, 'label');
  if (label !== null) run.notes.push(`label ${label.slice(0, LONGEST_NOTE)}`);
  const others = Object.entries(byName).flatMap(([key, value]) => {
    if (KNOWN_KEYS.has(key) || taken.has(key) || /^(mean|median|std|p[\d.]+)_\w+_ms$/.test(key)) return [];
    const text = typeof value === 'string' || typeof value === 'number' ? cleanText(String(value)) : null;
    return text === null ? [] : [`${cleanText(key) ?? ''}=${text}`.slice(0, LONGEST_NOTE)];
  });
  if (others.length > 0) run.notes.push(others.slice(0, MOST_NOTED_KEYS).join(' '));
}

function readRates(
  run: RunDraft,
  fields: Fields,
  { completed, tokens }: { completed: number; tokens: { input: number | null; output: number } },
): void {
  run.result('req_s', fields, 'request_throughput');
  run.result('output_tok_s', fields, 'output_throughput');
  run.result('total_tok_s', fields, 'total_token_throughput');
  const durationS = positiveAt(fields, 'duration');
  if (durationS === null) return;
  if (!('request_throughput' in fields)) run.set('req_s', completed / durationS);
  if (!('output_throughput' in fields)) run.set('output_tok_s', tokens.output / durationS);
  if (!('total_token_throughput' in fields) && tokens.input !== null) {
    run.set('total_tok_s', (tokens.input + tokens.output) / durationS);
    run.notes.push('total_tok_s = all tokens / duration');
  }
}

function noteCounts(run: RunDraft, fields: Fields, { completed, requested }: { completed: number; requested: number }) {
  const failed = countAt(fields, 'failed');
  if (completed !== requested || (failed ?? 0) > 0) {
    const failures = failed === null ? '' : `, ${failed} failed`;
    run.notes.push(`${requested} requested, ${completed} succeeded${failures}`);
  }
}

/** From here on a chunk holds more than one token. */
const CHUNK_RATIO = 1.5;

function noteChunks(run: RunDraft, fields: Fields): void {
  const [itlMs, tpotMs] = [numberAt(fields, 'mean_itl_ms'), run.number('tpot_ms_mean')];
  if (itlMs === null || tpotMs === null || itlMs < CHUNK_RATIO * tpotMs) return;
  run.notes.push(
    `chunks of ${(itlMs / tpotMs).toFixed(1)} tokens (ITL ${itlMs.toFixed(1)} ms); TPOT is per token, first one aside`,
  );
}

const PERCENTS: readonly (readonly [string, number])[] = [
  ['p50', 50],
  ['p90', 90],
  ['p95', 95],
  ['p99', 99],
];
/** Means of the file and of its arrays are the same requests when they agree so far. */
const SAME_MEAN_SHARE = 0.005;

/** Percentiles that the file lacks, where the figures of every request are there. */
function percentilesOfRequests(run: RunDraft, fields: Fields, completed: number): void {
  const requests = requestsOf(fields);
  if (requests?.length !== completed) return;
  const series: readonly (readonly [keyof typeof QUANTITIES, number[]])[] = [
    ['ttft', requests.map(({ ttftS }) => ttftS * MS_PER_S)],
    ['tpot', requests.flatMap(({ decodeS, tokens }) => (tokens > 1 ? [(decodeS * MS_PER_S) / (tokens - 1)] : []))],
    ['e2el', requests.map(({ ttftS, decodeS }) => (ttftS + decodeS) * MS_PER_S)],
  ];
  const filled: string[] = [];
  for (const [theirs, values] of series) {
    const ours = QUANTITIES[theirs];
    const told = run.number(columnOf(ours, 'mean'));
    const isSame = told !== null && Math.abs(mean(values) - told) <= SAME_MEAN_SHARE * told;
    if (values.length === 0 || !isSame) continue;
    const sorted = values.toSorted((a, b) => a - b);
    for (const [statistic, percent] of PERCENTS) {
      const column = columnOf(ours, statistic);
      if (run.row[column] !== null) continue;
      run.set(column, percentile(sorted, percent));
      filled.push(column);
    }
  }
  if (filled.length > 0) run.notes.push(`${filled.join(' ')} from the ${completed} requests of the file`);
}

interface RequestTimes {
  ttftS: number;
  decodeS: number;
  tokens: number;
}

/** The requests that succeeded; null where the arrays are not there or are not of the same requests. */
function requestsOf(fields: Fields): RequestTimes[] | null {
  const [ttfts, lengths] = [numbersAt(fields, 'ttfts'), numbersAt(fields, 'output_lens')];
  const [itls, errors] = [fields['itls'], fields['errors']];
  if (!ttfts || !lengths || !Array.isArray(itls) || lengths.length !== ttfts.length || itls.length !== ttfts.length)
    return null;
  return ttfts.flatMap((ttftS, index) => {
    const gaps: unknown = itls[index];
    const decodeS = Array.isArray(gaps) ? gaps.reduce((sum: number, gap) => sum + Number(gap), 0) : NaN;
    const error: unknown = Array.isArray(errors) ? errors[index] : '';
    const hasFailed = (typeof error === 'string' && error !== '') || ttftS <= 0;
    return hasFailed ? [] : [{ ttftS, decodeS, tokens: lengths[index] ?? 0 }];
  });
}
