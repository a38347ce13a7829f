import { MS_PER_S } from '../../../src-worker/engine/units.ts';
import { check } from './checks.ts';
import type { BenchmarkReader, ReadRun } from './reader.ts';
import { RunDraft } from './run-draft.ts';
import { countAt, fieldsAt, isFields, numberAt, numbersAt, type Fields } from './values.ts';

/** `vllm bench throughput --output-json`: every request queued at once; neither model nor lengths are in it. */
export const vllmThroughputReader: BenchmarkReader = {
  format: 'vllm-bench',
  words: 'the result of vllm bench throughput (--output-json)',
  recognizes: (document) =>
    isFields(document) &&
    ['elapsed_time', 'num_requests', 'requests_per_second', 'tokens_per_second'].every((key) => key in document),
  read: (document) => [readThroughput(isFields(document) ? document : {})],
};

function readThroughput(fields: Fields): ReadRun {
  const requests = countAt(fields, 'num_requests') ?? 0;
  const tokens = numberAt(fields, 'total_num_tokens') ?? 0;
  if (requests === 0) return { skipped: 'it has no request (num_requests 0): nothing was measured.' };
  const run = new RunDraft();
  run.load({ ratePerS: null, cap: null, requests, arrival: null });
  run.set('num_prompts', requests);
  run.result('total_tok_s', fields, 'tokens_per_second');
  run.result('req_s', fields, 'requests_per_second');
  run.notes.push('vllm bench throughput: tokens_per_second counts prompt and output');
  if (tokens > 0) run.notes.push(`${(tokens / requests).toFixed(1)} tokens a request, prompt and output together`);
  return finished(run);
}

/** `vllm bench latency --output-json`: seconds of one whole batch; neither model, batch nor lengths are in it. */
export const vllmLatencyReader: BenchmarkReader = {
  format: 'vllm-bench',
  words: 'the result of vllm bench latency (--output-json)',
  recognizes: (document) => isFields(document) && ['avg_latency', 'latencies'].every((key) => key in document),
  read: (document) => [readLatency(isFields(document) ? document : {})],
};

function readLatency(fields: Fields): ReadRun {
  const latencies = numbersAt(fields, 'latencies') ?? [];
  if (latencies.length === 0) return { skipped: 'it timed no batch (latencies is empty): nothing was measured.' };
  const run = new RunDraft();
  run.set('workload_kind', 'static_batch');
  run.result('e2e_ms_mean', fields, 'avg_latency', { factor: MS_PER_S });
  const percentiles = fieldsAt(fields, 'percentiles');
  for (const [key, column] of [
    ['50', 'e2e_ms_p50'],
    ['90', 'e2e_ms_p90'],
    ['95', 'e2e_ms_p95'],
    ['99', 'e2e_ms_p99'],
  ] as const) {
    run.result(column, percentiles, key, { factor: MS_PER_S, name: `percentiles.${key}` });
  }
  run.notes.push(`vllm bench latency: whole batches, ${latencies.length} timed; seconds × ${MS_PER_S}`);
  return finished(run);
}

function finished(run: RunDraft): ReadRun {
  if (run.refusal !== null) return { skipped: run.refusal };
  check(run);
  return run;
}
