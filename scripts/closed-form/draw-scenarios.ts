import { saturationRate } from '../../src-worker/engine/batching/saturation-rate.ts';
import { seededRandom } from '../../src-worker/engine/numerics/random.ts';
import { MS_PER_S } from '../../src-worker/engine/units.ts';
import type { PredictInputDraft } from '../../src-worker/protocol/requests.ts';
import { DEPLOYMENTS } from './deployments.ts';
import { subjectOf } from './subject.ts';

/**
 * Draws the scenarios that the closed form is held against: `node scripts/closed-form/draw-scenarios.ts SEED COUNT > FILE`.
 * They are questions to `predict`, so that each can be asked on the command line. Drawn once and stored; a new draw is a new
 * test of what was built on the old ones.
 */
function drawn(random: () => number, index: number): PredictInputDraft {
  const between = (low: number, high: number): number => low + (high - low) * random();
  const magnitude = (low: number, high: number): number => Math.round(low * (high / low) ** random());
  const deployment = DEPLOYMENTS[index % DEPLOYMENTS.length] as (typeof DEPLOYMENTS)[number];
  const input = magnitude(100, 8000);
  const output = magnitude(50, 1000);
  const hasCache = random() < 1 / 3;
  const isConstant = random() < 0.2;
  const share = Number(between(0.2, 0.9).toFixed(3));
  const draft: PredictInputDraft = {
    ...deployment,
    input_tokens: input,
    output_tokens: output,
    input_cv: Number(between(0.3, 1).toFixed(2)),
    output_cv: Number(between(0.3, 1).toFixed(2)),
    ...(hasCache && {
      prefix_tokens: Math.round(input * between(0.3, 0.8)),
      prefix_hit_rate: Number(between(0.2, 0.9).toFixed(2)),
    }),
    ...(isConstant && { arrival: 'constant' as const }),
  };
  const { perMs } = saturationRate(subjectOf({ ...draft, rate: 1 }).subject);
  return { ...draft, rate: Number((share * perMs * MS_PER_S).toPrecision(4)) };
}

const [seed = 1, count = 180] = process.argv.slice(2).map(Number);
const random = seededRandom(seed);
const scenarios = Array.from({ length: count }, (_, index) => drawn(random, index));
console.log(`[\n${scenarios.map((scenario) => JSON.stringify(scenario)).join(',\n')}\n]`);
