import type { StepPlan } from '../../../src-worker/engine/roofline/step-plan.ts';
import type { Clients, ContentBlocks, SimulatedRequests } from '../../../src-worker/engine/simulation/requests.ts';
import type { SimulatedServer } from '../../../src-worker/engine/simulation/simulated-server.ts';
import { Draws } from '../roofline/random-deployments.ts';
import { stepPlanOf } from '../world.ts';

/** A run of the scheduler: what is sent, to whom, by whom. */
export interface SchedulerCase {
  name: string;
  requests: SimulatedRequests;
  server: SimulatedServer;
  clients: Clients | null;
}

/** Linear in the context; with sliding windows and hidden host time; with recurrent states over four GPUs. */
export const PLANS: StepPlan[] = [
  stepPlanOf('meta-llama/Llama-3.1-8B-Instruct', 'nvidia-a100-80gb'),
  stepPlanOf('openai/gpt-oss-120b', 'nvidia-h100-80gb', { precision: 'mxfp4' }),
  stepPlanOf('Qwen/Qwen3-Next-80B-A3B-Instruct', 'nvidia-h100-80gb', { tensorParallel: 4 }),
];

const wholes = (count: number, draw: (index: number) => number): Int32Array => {
  const values = new Int32Array(count);
  for (let i = 0; i < count; i += 1) values[i] = draw(i);
  return values;
};

/** Three families of prompts that begin alike; each prompt leaves its family somewhere, or not at all. */
function randomContent(draws: Draws, prompts: Int32Array, blockTokens: number): ContentBlocks {
  const most = Math.max(...prompts);
  const ids: number[] = [];
  const offsets = [0];
  // Dense ids: those of the families first, then one after the other.
  const perFamily = Math.ceil(most / blockTokens) + 1;
  let fresh = 3 * perFamily;
  for (const prompt of prompts) {
    const family = draws.whole(0, 2);
    let hasLeft = false;
    for (let block = 0; block < Math.ceil(prompt / blockTokens); block += 1) {
      if (!hasLeft) hasLeft = draws.next() < 0.05;
      ids.push(hasLeft ? fresh++ : family * perFamily + block);
    }
    offsets.push(ids.length);
  }
  return { blockTokens, offsets: Uint32Array.from(offsets), ids: Uint32Array.from(ids) };
}

/**
 * A small run with everything that is odd in it: ties and all at once, one token of prompt or answer, cached prompts, content
 * that prompts share, one seat to 256, tiny budgets, a KV cache of four blocks, of one request's or of 25,000, both rules of admission and both
 * policies, clients with and without pauses, prompts in steps of their own, engines that hand a step out early.
 */
export function oddCase(seed: number): SchedulerCase {
  const draws = new Draws(seed);
  const count = draws.whole(1, 60);
  const hasContent = draws.next() < 0.25;
  const promptMost = hasContent ? 900 : draws.of([1, 5, 40, 300, 3000]);
  const outputMost = draws.of([1, 2, 20, 200, 600]);
  const promptTokens = wholes(count, () => draws.whole(1, promptMost));
  const cachedTokens = wholes(count, (i) => {
    const prompt = promptTokens[i] as number;
    return draws.next() < 0.3 ? Math.floor(draws.whole(0, prompt - 1) / 16) * 16 : 0;
  });
  const gapMs = draws.of([0, 0, 1, 30, 1000]);
  let clock = 0;
  const arrivalMs = new Float64Array(count).map(() => (clock += draws.next() < 0.2 ? 0 : draws.between(0, 2 * gapMs)));
  const hasPriorities = draws.next() < 0.4;
  const maxNumSeqs = draws.of([1, 2, 7, 16, 64, 256]);
  const users = draws.next() < 0.3 ? draws.whole(1, 20) : 0;
  const outputTokens = wholes(count, () => draws.whole(1, outputMost));
  const longest = promptTokens.reduce((most, prompt, i) => Math.max(most, prompt + (outputTokens[i] as number)), 0);
  const requests: SimulatedRequests = {
    arrivalMs,
    promptTokens,
    cachedTokens,
    outputTokens,
    priorities: hasPriorities ? wholes(count, () => draws.whole(0, 3)) : null,
    contentBlocks: hasContent ? randomContent(draws, promptTokens, draws.of([16, 16, 48])) : null,
  };
  return {
    name: `odd case ${seed}`,
    requests,
    server: {
      plan: { ...draws.of(PLANS), firstTokenWaitSteps: draws.of([0.5, 0.8, 1.082, 1.5]) },
      maxNumBatchedTokens: Math.max(maxNumSeqs, draws.of([16, 64, 512, 2048])),
      maxNumSeqs,
      kvCacheTokens: draws.of([64, 600, 2000, longest + 15, 2 * longest, 4 * longest, 400_000]),
      policy: hasPriorities ? 'priority' : 'fcfs',
      reservesWholePrompt: draws.next() < 0.5,
      hasSeparatePrefill: !hasContent && draws.next() < 0.15,
    },
    clients:
      users === 0
        ? null
        : {
            count: users,
            pauseMs: draws.next() < 0.5 ? null : new Float64Array(count).map(() => draws.between(0, 200)),
          },
  };
}

interface Deployment {
  plan: StepPlan;
  /** Mean prompt and answer in tokens. */
  prompt: number;
  output: number;
  budget: number;
  seats: number;
  /** Requests per second at which it is about full. */
  fullPerS: number;
}

const DEPLOYMENTS: Record<string, Deployment> = {
  '8B A100 chat': { plan: PLANS[0] as StepPlan, prompt: 250, output: 150, budget: 2048, seats: 256, fullPerS: 24 },
  '8B A100 long prompts': {
    plan: PLANS[0] as StepPlan,
    prompt: 3000,
    output: 200,
    budget: 2048,
    seats: 128,
    fullPerS: 3,
  },
  '70B 4xH100': {
    plan: stepPlanOf('meta-llama/Llama-3.1-70B-Instruct', 'nvidia-h100-80gb', { tensorParallel: 4 }),
    prompt: 500,
    output: 250,
    budget: 8192,
    seats: 256,
    fullPerS: 12,
  },
  'MoE H100': { plan: PLANS[1] as StepPlan, prompt: 800, output: 200, budget: 4096, seats: 256, fullPerS: 12 },
  '7B MHA A100': {
    plan: stepPlanOf('meta-llama/Llama-2-7b-hf', 'nvidia-a100-80gb'),
    prompt: 250,
    output: 400,
    budget: 2048,
    seats: 64,
    fullPerS: 6,
  },
};
const LOADS = [0.1, 0.3, 0.5, 0.7, 0.9, 1.3];
const KINDS = ['poisson', 'constant', 'hits', 'short KV'] as const;

/** Lognormal with this mean and a coefficient of variation of about 0.5, in whole tokens. */
function spreadTokens(draws: Draws, mean: number): number {
  const sigma = Math.sqrt(Math.log(1.25));
  const normal = Math.sqrt(-2 * Math.log(1 - draws.next())) * Math.cos(2 * Math.PI * draws.next());
  return Math.max(1, Math.round(mean * Math.exp(sigma * normal - sigma ** 2 / 2)));
}

/** Five deployments at six loads with Poisson and constant arrivals, cached prompts and too little KV cache, both admission rules. */
export function deploymentCases(count: number): SchedulerCase[] {
  const cases: SchedulerCase[] = [];
  for (const [name, deployment] of Object.entries(DEPLOYMENTS)) {
    for (const load of LOADS) {
      for (const kind of KINDS) {
        for (const reservesWholePrompt of [true, false]) {
          const { plan, prompt, output, budget, seats, fullPerS } = deployment;
          const draws = new Draws(cases.length + 1);
          const gapMs = 1000 / (fullPerS * load);
          let clock = 0;
          const arrivalMs = new Float64Array(count).map(
            () => (clock += kind === 'constant' ? gapMs : -Math.log(1 - draws.next()) * gapMs),
          );
          const promptTokens = wholes(count, () => spreadTokens(draws, prompt));
          const cachedTokens = wholes(count, (i) => {
            const hit = kind === 'hits' && draws.next() < 0.6;
            return hit ? Math.floor(((promptTokens[i] as number) - 1) / 32) * 16 : 0;
          });
          const outputTokens = wholes(count, () => spreadTokens(draws, output));
          cases.push({
            name: `${name}, load ${load}, ${kind}, ${reservesWholePrompt ? 'whole prompts' : 'first chunks'}`,
            requests: { arrivalMs, promptTokens, cachedTokens, outputTokens, priorities: null, contentBlocks: null },
            server: {
              plan,
              maxNumBatchedTokens: budget,
              maxNumSeqs: seats,
              kvCacheTokens: (kind === 'short KV' ? 12 : 200) * (prompt + output),
              policy: 'fcfs',
              reservesWholePrompt,
              hasSeparatePrefill: false,
            },
            clients: null,
          });
        }
      }
    }
  }
  return cases;
}
