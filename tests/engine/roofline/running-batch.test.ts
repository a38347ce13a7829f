import { describe, expect, it } from 'vitest';
import { RunningBatch } from '../../../src-worker/engine/roofline/running-batch.ts';
import { stepTimeMs } from '../../../src-worker/engine/roofline/step-time.ts';
import { stepPlanOf } from '../world.ts';

const PLANS = [
  stepPlanOf('meta-llama/Llama-3.1-8B-Instruct', 'nvidia-h100-80gb'),
  stepPlanOf('openai/gpt-oss-20b', 'nvidia-l40s'),
];
const batch = new RunningBatch();

describe('steps that share their decodes', () => {
  it('take the time of the same steps by themselves, bit for bit, in any order', () => {
    for (const decodes of [0, 0.4, 1, 37.5, 900]) {
      for (const plan of PLANS) {
        batch.set(plan, { busyDecodes: decodes, contextTokens: decodes * 700 });
        for (const ending of [1, 0, 2.5, 1]) {
          for (const prompt of [0, 1, 250, 8192]) {
            const alone = stepTimeMs(plan, decodes, decodes * 700, prompt, prompt * 300, ending);
            expect(batch.stepMs(prompt, prompt * 300, ending)).toBe(alone);
          }
        }
      }
    }
  });
});
