import { describe, expect, test } from 'vitest';
import { answerSimulate } from '../../src-worker/answers/simulate.ts';
import { answerSimulationCheck } from '../../src-worker/answers/simulation-check.ts';
import { answerSize } from '../../src-worker/answers/size.ts';
import type { Facts } from '../../src-worker/engine/facts.ts';
import type { Workload } from '../../src-worker/engine/workload/types.ts';
import type { LatencySummary } from '../../src-worker/protocol/documents.ts';
import { planQuestionSchema, simulateInputSchema, sizeInputSchema } from '../../src-worker/protocol/requests.ts';
import { readSimulate } from '../../src-renderer/state/simulate-form.ts';
import { simulateValuesOf } from '../../src-renderer/state/simulate-this.ts';
import { facts, modelSource } from '../engine/world.ts';

// "Simulate this" of the window: a plan becomes the question of a simulation, and both have the same figures.

const MODEL = 'meta-llama/Llama-3.1-8B-Instruct';

const seedWorkload = (name: string): Workload => {
  const workload = facts.workloads.find((one) => one.name === name);
  if (!workload) throw new Error(`no workload ${name}`);
  return workload;
};
/** Chat whose gaps have a spread of 2. */
const UNEVEN: Workload = { ...seedWorkload('chat'), name: 'uneven', arrival: { process: 'gamma', burstiness: 4 } };
const WITH_UNEVEN: Facts = { ...facts, workloads: [...facts.workloads, UNEVEN] };

/** The simulation check of a plan, and the simulation that the form asks once it was carried over. */
function both(workload: string, stages = 1) {
  const question = sizeInputSchema.parse({ model: MODEL, workload, users: 100, pp: stages, top: 1 });
  const answer = answerSize(question, modelSource(MODEL), WITH_UNEVEN);
  const [row] = answer.recommendations;
  if (!row) throw new Error('nothing passes');
  const asked = planQuestionSchema.parse({ question, configuration: row.id });
  const { simulation_check: check } = answerSimulationCheck(asked, modelSource(MODEL), WITH_UNEVEN);
  const reading = readSimulate(simulateValuesOf(answer, row), false);
  if (reading.kind !== 'ready' || !check) throw new Error('no question or no check');
  const { request } = reading;
  return {
    row,
    check,
    request,
    simulated: answerSimulate(simulateInputSchema.parse(request), null, modelSource(MODEL), facts),
  };
}

describe.each<[string, number]>([
  ['chat', 1],
  ['rag', 1],
  ['code', 1],
  ['uneven', 1],
  // Each stage has a batch of its own: the check is of one of two schedulers with its part of the load.
  ['chat', 2],
  ['uneven', 2],
])('a plan for %s in stages of %i', (workload, stages) => {
  const { row, check, request, simulated } = both(workload, stages);

  test('has the same memory and the same limits', () => {
    expect(simulated.memory.kv_cache_tokens).toBe(row.memory.kv_cache_tokens);
    const flags = row.vllm_command_flags?.high_performance ?? [];
    const valueOf = (name: string): number => Number(flags.find(({ flag }) => flag === name)?.value);
    expect(request.max_num_seqs).toBe(valueOf('--max-num-seqs'));
    expect(request.max_num_batched_tokens).toBe(valueOf('--max-num-batched-tokens'));
    expect(request.gpu_memory_utilization).toBe(valueOf('--gpu-memory-utilization'));
  });

  test('is simulated as its check was', () => {
    expect(request.calibration).toBe('default');
    for (const { metric, simulated_ms: checked, half_width_ms: half } of check.rows) {
      const [kind = '', statistic = ''] = metric.split('_');
      const summary = simulated[`${kind}_ms` as 'ttft_ms'];
      const own = summary[statistic as keyof LatencySummary] ?? NaN;
      const width = simulated.simulation?.half_width?.[`${kind}_ms` as 'ttft_ms'][statistic as 'p50'] ?? NaN;
      // Both are samples of one load: within their 95 % intervals together, and 1 % for the bounds that lengths have in a workload.
      expect(Math.abs(own - (checked ?? NaN)), metric).toBeLessThan(width + (half ?? NaN) + 0.01 * own);
    }
  });
});

test('what makes arrivals uneven and prompts cached is carried: without it other figures come out', () => {
  const [code, uneven, rag] = ['code', 'uneven', 'rag'].map((name) => both(name).request);
  // The catalog's process: an excitation of 0.8 that dies away at 2 a second brings 0.4 others, and 1 / (1 - 0.4) = 1.667.
  expect(code).toMatchObject({ arrival: 'hawkes', arrival_cv: 1.667, arrival_decay: 2 });
  expect(uneven).toMatchObject({ arrival: 'gamma', arrival_cv: 2 });
  expect(rag).toMatchObject({ cacheable_ratio: 0.75, prefix_hit_rate: 0.7 });
});
