import { seededRandom } from '../../src-worker/engine/numerics/random.ts';
import type { PredictInputDraft } from '../../src-worker/protocol/requests.ts';
import { DEPLOYMENTS } from './deployments.ts';

/**
 * Draws the finite closed loops that the closed form is held against:
 * `node scripts/closed-form/draw-loops.ts SEED COUNT [short] > FILE`; `short` = answers of 1 to 20 tokens instead of 50 to 1000. They are
 * questions to `predict`, so that each can be asked on the command line. Drawn once and stored; a new draw is a new test of what was
 * built on the old ones.
 */
const MOST_USERS = 256;
const MOST_REQUESTS_EACH = 20;
const [seed = 1, count = 96] = process.argv.slice(2, 4).map(Number);
const [fewestTokens, mostTokens] = process.argv[4] === 'short' ? [1, 20] : [50, 1000];

function drawn(random: () => number, index: number): PredictInputDraft {
  const magnitude = (low: number, high: number): number => low * (high / low) ** random();
  const between = (low: number, high: number): number => Number((low + (high - low) * random()).toFixed(2));
  const deployment = DEPLOYMENTS[index % DEPLOYMENTS.length] as (typeof DEPLOYMENTS)[number];
  const input = Math.round(magnitude(100, 4000));
  const output = Math.round(magnitude(fewestTokens, mostTokens));
  // A third of one length each, a sixth about as benchmarks draw them (80 to 100 %), the others as users' are.
  const kind = random();
  const isFixed = kind < 1 / 3;
  const isNarrow = kind >= 1 / 3 && kind < 1 / 2;
  const concurrency = Math.round(magnitude(1, MOST_USERS));
  const eachAsks = magnitude(1, MOST_REQUESTS_EACH);
  const isPausing = random() < 1 / 4;
  const pauseS = Number(magnitude(0.2, 10).toPrecision(2));
  const isSplit = random() < 1 / 6;
  const replicas = 2 + Math.floor(3 * random());
  return {
    ...deployment,
    input_tokens: input,
    output_tokens: output,
    ...(!isFixed && { input_cv: isNarrow ? 0.06 : between(0.3, 1) }),
    ...(!isFixed && { output_cv: isNarrow ? 0.06 : between(0.3, 1) }),
    concurrency,
    num_prompts: Math.max(concurrency, Math.round(concurrency * eachAsks)),
    ...(isPausing && { think_time: pauseS }),
    ...(isSplit && { replicas }),
  };
}

const random = seededRandom(seed);
const loops = Array.from({ length: count }, (_, index) => drawn(random, index));
console.log(`[\n${loops.map((loop) => JSON.stringify(loop)).join(',\n')}\n]`);
