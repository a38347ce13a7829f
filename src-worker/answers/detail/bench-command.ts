import { shellWord } from '../../engine/sizing/vllm-command.ts';
import { MS_PER_S } from '../../engine/units.ts';
import type { FoundPlan } from './find-plan.ts';
import type { PlannedReplica } from './planned-load.ts';

/** Requests a run of the benchmark sends: enough that a P99 rests on ten of them. */
const NUM_PROMPTS = 1000;
/** Ten percent of spread around a mean is uniform over mean · (1 ± √3 · 0.1). */
const UNIFORM_HALF_WIDTH = Math.sqrt(3);
/** The widest range the benchmark takes is below one. */
const WIDEST_RANGE = 0.9;

/**
 * `vllm bench serve` for the server of the plan at the planned rate of one replica: random tokens with the mean lengths of
 * the workload, uniform with the spread of its answers (the benchmark knows no lognormal), a shared prefix as long as the
 * tokens the cache holds on average.
 */
export function benchCommand({ prepared }: FoundPlan, { plannedPerMs }: PlannedReplica): string {
  const { model, lengths, scvArrival } = prepared.subject;
  const { promptMean, uncachedMean, outputMean, outputSecondMoment } = lengths.moments;
  const cached = Math.round(promptMean - uncachedMean);
  const outputCv = Math.sqrt(Math.max(0, outputSecondMoment / outputMean ** 2 - 1));
  const range = Math.min(WIDEST_RANGE, UNIFORM_HALF_WIDTH * outputCv);
  const flags = [
    `vllm bench serve --model ${shellWord(model.id)}`,
    '--dataset-name random',
    `--random-input-len ${Math.max(1, Math.round(promptMean) - cached)}`,
    ...(cached > 0 ? [`--random-prefix-len ${cached}`] : []),
    `--random-output-len ${Math.max(1, Math.round(outputMean))}`,
    ...(range > 0 ? [`--random-range-ratio ${Number(range.toFixed(2))}`] : []),
    '--ignore-eos',
    `--request-rate ${Number((plannedPerMs * MS_PER_S).toPrecision(4))}`,
    ...(scvArrival > 1 ? [`--burstiness ${Number((1 / scvArrival).toPrecision(3))}`] : []),
    `--num-prompts ${NUM_PROMPTS}`,
    '--percentile-metrics ttft,tpot,e2el',
    '--metric-percentiles 50,95,99',
  ];
  return flags.join(' ');
}
