import { expect, test } from 'vitest';
import { evaluateBatching } from '../../../src-worker/engine/batching/closed-form.ts';
import { saturationRate } from '../../../src-worker/engine/batching/saturation-rate.ts';
import { facts } from '../world.ts';
import { SCENARIOS, subjectOf, type Scenario } from './scenarios.ts';

/** Shares of saturation; nearer to it the steady state that the figures stand for is hardly ever reached. */
const SHARES = Array.from({ length: 182 }, (_, index) => 0.04 + 0.005 * index);
/** Prompt lengths are nodes, and TTFT moves a little where one of them begins to need a further chunk. */
const TTFT_SLACK = 0.045;
const SLACK = 0.002;

/** Most of the work is prompts: many of them share a step, and long steps collect more of them. */
function promptHeavy(workloadName: string, model: string, gpu: string, tensorParallel: number): Scenario {
  const workload = facts.workloads.find(({ name }) => name === workloadName) ?? expect.fail(workloadName);
  const promptParts = workload.context ? [workload.input, workload.context] : [workload.input];
  const name = `${workloadName}, ${tensorParallel} × ${gpu}`;
  return { name, model, gpu, tensorParallel, budget: 8192, promptParts, output: workload.output };
}
const LOADS = [
  ...SCENARIOS,
  promptHeavy('code', 'meta-llama/Llama-3.1-8B-Instruct', 'amd-mi355x', 1),
  promptHeavy('code', 'meta-llama/Llama-3.1-8B-Instruct', 'nvidia-h200', 1),
  promptHeavy('rag', 'meta-llama/Llama-3.1-70B-Instruct', 'nvidia-h200', 4),
  promptHeavy('rag', 'meta-llama/Llama-3.1-8B-Instruct', 'amd-mi355x', 1),
];

// A replica that is given more to do is nowhere faster for it.
test.each(LOADS.map((scenario) => [scenario.name, scenario] as const))(
  '%s: no latency falls while the load rises',
  (_, scenario) => {
    const subject = subjectOf(scenario);
    const saturation = saturationRate(subject).perMs;
    const most: Record<string, number> = {};
    for (const share of SHARES) {
      const outcome = evaluateBatching(subject, share * saturation);
      if (outcome.kind === 'saturated' || outcome.pressureZ < 4) break;
      const { ttftMs, tpotMs, meanStepMs, meanRunning } = outcome;
      const now: Record<string, number> = {
        meanStepMs,
        meanRunning,
        ...{ ttftP50: ttftMs.p50, ttftP95: ttftMs.p95, ttftP99: ttftMs.p99 },
        ...{ tpotP50: tpotMs.p50, tpotP95: tpotMs.p95, tpotP99: tpotMs.p99 },
      };
      for (const [name, ms] of Object.entries(now)) {
        const slack = name.startsWith('ttft') ? TTFT_SLACK : SLACK;
        expect(ms, `${name} at ${share.toFixed(2)} of saturation`).toBeGreaterThanOrEqual(
          (most[name] ?? 0) * (1 - slack),
        );
        most[name] = Math.max(most[name] ?? 0, ms);
      }
    }
  },
);
