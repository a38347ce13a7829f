import { MS_PER_S } from '../../../src-worker/engine/units.ts';
import type { MeasurementColumn } from '../../../src-worker/protocol/measurement-columns.ts';
import { check, KEEPS_UP_SHARE } from './checks.ts';
import type { BenchmarkReader, ReadRun, RunContext } from './reader.ts';
import { RunDraft } from './run-draft.ts';
import { countAt, fieldsAt, isFields, positiveAt, textAt, type Fields } from './values.ts';

/**
 * Lifecycle metrics of inference-perf, in seconds: one stage a file. Model, arrivals, prefix and the lengths asked for stand
 * in the config.yaml beside it. A summary over several stages mixes their loads and gives no row.
 */
export const inferencePerfReader: BenchmarkReader = {
  format: 'inference-perf',
  words: 'the lifecycle metrics of an inference-perf stage',
  recognizes: (document) =>
    isFields(document) && isFields(document['load_summary']) && isFields(fieldsAt(document, 'successes')['latency']),
  read: (document, context) => [isFields(document) ? readStage(document, context) : { skipped: 'it is no object.' }],
};

function readStage(stage: Fields, context: RunContext): ReadRun {
  const successes = fieldsAt(stage, 'successes');
  const completed = countAt(successes, 'count') ?? 0;
  const failed = countAt(fieldsAt(stage, 'failures'), 'count') ?? 0;
  if (completed === 0) return { skipped: `none of ${completed + failed} requests succeeded: nothing was measured.` };
  const osl = positiveAt(fieldsAt(successes, 'output_len'), 'mean');
  if (osl === null) return { skipped: `${completed} requests gave no output token: nothing was measured.` };

  const config = configOf(context.beside);
  const run = new RunDraft();
  const problem = readLoad(run, { stage, config, fileName: context.fileName, requests: completed + failed });
  if (problem !== null) return { skipped: problem };
  const prefix = fieldsAt(config, 'data', 'shared_prefix');
  const asked = askedLengths(prefix);
  run.set('model', textAt(fieldsAt(config, 'server'), 'model_name'));
  run.set('engine', engineOf(config));
  run.set('num_prompts', completed);
  run.lengths({
    isl: positiveAt(fieldsAt(successes, 'prompt_len'), 'mean'),
    osl,
    islNominal: asked.input,
    oslNominal: asked.output,
  });
  readLatencies(run, fieldsAt(successes, 'latency'));
  const throughput = fieldsAt(successes, 'throughput');
  run.result('req_s', throughput, 'requests_per_sec');
  run.result('output_tok_s', throughput, 'output_tokens_per_sec');
  run.result('total_tok_s', throughput, 'total_tokens_per_sec');
  run.notes.push(`inference-perf; seconds × ${MS_PER_S}`);
  if (failed > 0) run.notes.push(`${completed + failed} requested, ${completed} succeeded, ${failed} failed`);
  if (fieldsAt(config, 'server')['ignore_eos'] === true) run.notes.push('ignore_eos');
  readPrefix(run, prefix, completed);
  warnOfShortAnswers(run, osl, asked.output);
  if (run.refusal !== null) return { skipped: run.refusal };
  check(run);
  return run;
}

const configOf = (beside: readonly unknown[]): Fields =>
  beside.find((found): found is Fields => isFields(found) && isFields(found['load']) && isFields(found['server'])) ??
  {};

/** Its server's type is the engine, whose metrics it reads. */
function engineOf(config: Fields): string | null {
  const type = textAt(fieldsAt(config, 'server'), 'type')?.toLowerCase();
  return type === 'vllm' || type === 'sglang' ? type : null;
}

interface StageFacts {
  stage: Fields;
  config: Fields;
  fileName: string;
  requests: number;
}

/** Sets the load; answers why there is none. */
function readLoad(run: RunDraft, { stage, config, fileName, requests }: StageFacts): string | null {
  const summary = fieldsAt(stage, 'load_summary');
  const type = textAt(fieldsAt(config, 'load'), 'type');
  const planned = plannedStage(config, fileName);
  const concurrency = countAt(planned, 'concurrency_level');
  if (type === 'concurrent' && concurrency !== null) {
    run.load({ ratePerS: null, cap: concurrency, requests, arrival: null });
    return null;
  }
  const ratePerS = positiveAt(summary, 'requested_rate') ?? positiveAt(planned, 'rate');
  if (ratePerS === null) {
    return 'it does not say at which rate it was asked, and sums up several stages or has no config.yaml beside it: give the files of its stages.';
  }
  const arrival = type === 'constant' || type === 'poisson' ? type : null;
  run.load({ ratePerS, cap: null, requests, arrival });
  const achieved = positiveAt(summary, 'achieved_rate');
  if (achieved !== null && achieved < KEEPS_UP_SHARE * ratePerS) {
    run.notes.push(`the client sent ${achieved.toFixed(1)} of ${ratePerS} req/s: its workers were full`);
    run.set('regime', 'over_capacity');
  }
  return null;
}

/** The stage that was planned: the only one, or that of the number which inference-perf puts into the file's name. */
function plannedStage(config: Fields, fileName: string): Fields {
  const stages: unknown = fieldsAt(config, 'load')['stages'];
  if (!Array.isArray(stages)) return {};
  const number = /stage_(\d+)_/.exec(fileName)?.[1];
  const found: unknown = stages.length === 1 ? stages[0] : number === undefined ? null : stages[Number(number)];
  return isFields(found) ? found : {};
}

const STATISTICS = [
  ['p50', 'median'],
  ['p90', 'p90'],
  ['p95', 'p95'],
  ['p99', 'p99'],
] as const;

const LATENCIES = [
  ['ttft', 'time_to_first_token'],
  ['tpot', 'time_per_output_token'],
  ['e2e', 'request_latency'],
] as const;

/** Farther than this from what E2E and TTFT leave, a reported TPOT was taken per streamed event. */
const TPOT_AGREEMENT_SHARE = 0.2;

function readLatencies(run: RunDraft, latency: Fields): void {
  const column = (quantity: string, statistic: string) => `${quantity}_ms_${statistic}` as MeasurementColumn;
  for (const [ours, theirs] of LATENCIES) {
    const found = fieldsAt(latency, theirs);
    run.result(column(ours, 'mean'), found, 'mean', { factor: MS_PER_S, name: theirs });
    for (const [statistic, key] of STATISTICS)
      run.result(column(ours, statistic), found, key, { factor: MS_PER_S, name: `${theirs} ${key}` });
  }
  const [e2e, ttft, osl] = [run.number('e2e_ms_mean'), run.number('ttft_ms_mean'), run.number('osl')];
  if (e2e === null || ttft === null || osl === null || osl <= 1 || e2e <= ttft) return;
  const derived = (e2e - ttft) / (osl - 1);
  const reported = run.number('tpot_ms_mean');
  if (reported !== null && Math.abs(reported - derived) <= TPOT_AGREEMENT_SHARE * derived) return;
  for (const [statistic] of STATISTICS) run.set(column('tpot', statistic), null);
  run.set('tpot_ms_mean', derived);
  const told = reported === null ? 'none reported' : `reported ${reported.toFixed(2)} ms is per streamed event`;
  run.notes.push(`TPOT = (E2E - TTFT) / (osl - 1), ${told}`);
}

function askedLengths(prefix: Fields): { input: number | null; output: number | null } {
  const [system, question] = [positiveAt(prefix, 'system_prompt_len'), positiveAt(prefix, 'question_len')];
  return {
    input: system === null || question === null ? null : system + question,
    output: positiveAt(prefix, 'output_len'),
  };
}

/** A prefix that prompts share is there; whether whole prompts recur is said, for they are then cached as well. */
function readPrefix(run: RunDraft, prefix: Fields, completed: number): void {
  run.set('prefix_tokens', positiveAt(prefix, 'system_prompt_len'));
  const groups = countAt(prefix, 'num_groups') ?? countAt(prefix, 'num_unique_system_prompts');
  const perGroup = countAt(prefix, 'num_prompts_per_group') ?? countAt(prefix, 'num_users_per_system_prompt');
  if (groups === null || perGroup === null || groups * perGroup >= completed) return;
  run.warnings.push(
    `${groups * perGroup} different prompts made ${completed} requests: where the prefix cache is on, nearly all of a prompt is cached, not the shared prefix alone; set prefix_tokens accordingly.`,
  );
}

/** Beyond this the answers are not as long as was asked. */
const LENGTH_SHARE = 0.05;

function warnOfShortAnswers(run: RunDraft, osl: number, asked: number | null): void {
  if (asked === null || Math.abs(osl - asked) <= LENGTH_SHARE * asked) return;
  run.warnings.push(
    `osl ${osl.toFixed(1)} is the text of the answers counted anew, and ${asked} tokens were asked for: the engine may have made more than the file counts.`,
  );
}
