import { saturationRate } from '../../src-worker/engine/batching/saturation-rate.ts';
import { seededRandom } from '../../src-worker/engine/numerics/random.ts';
import { MS_PER_S } from '../../src-worker/engine/units.ts';
import type { PredictInputDraft } from '../../src-worker/protocol/requests.ts';
import { DEPLOYMENTS } from './deployments.ts';
import { subjectOf } from './subject.ts';

/** What a scenario is drawn from: ranges of tokens, spreads and shares of saturation, and how often arrivals or seats are special. */
interface Drawn {
  outputTokens: [low: number, high: number];
  cv: [low: number, high: number];
  share: [low: number, high: number];
  cached: number;
  constant: number;
  bursts: number;
  fewSeats: number;
}

/** Loads as they are mostly asked about. */
const USUAL: Drawn = {
  outputTokens: [50, 1000],
  cv: [0.3, 1],
  share: [0.2, 0.9],
  cached: 1 / 3,
  constant: 0.2,
  bursts: 0,
  fewSeats: 0,
};
/** Also what the closed form does not trust itself with: few tokens, uneven prompts, bursts, few seats, next to saturation. */
const WIDE: Drawn = {
  outputTokens: [4, 500],
  cv: [0, 1.6],
  share: [0.15, 0.97],
  cached: 0,
  constant: 0.2,
  bursts: 0.25,
  fewSeats: 0.2,
};

function drawn(from: Drawn, random: () => number, index: number): PredictInputDraft {
  const between = ([low, high]: [number, number]): number => low + (high - low) * random();
  const magnitude = (low: number, high: number): number => Math.round(low * (high / low) ** random());
  const deployment = DEPLOYMENTS[index % DEPLOYMENTS.length] as (typeof DEPLOYMENTS)[number];
  const input = magnitude(100, 8000);
  const output = magnitude(...from.outputTokens);
  const hasCache = random() < from.cached;
  const arrives = random();
  const share = Number(between(from.share).toFixed(3));
  const draft: PredictInputDraft = {
    ...deployment,
    input_tokens: input,
    output_tokens: output,
    input_cv: Number(between(from.cv).toFixed(2)),
    output_cv: Number(between(from.cv).toFixed(2)),
    ...(hasCache && {
      prefix_tokens: Math.round(input * between([0.3, 0.8])),
      prefix_hit_rate: Number(between([0.2, 0.9]).toFixed(2)),
    }),
    ...(arrives < from.constant && { arrival: 'constant' as const }),
    ...(arrives >= 1 - from.bursts && { arrival: 'gamma' as const, arrival_cv: Number(between([1, 2.2]).toFixed(2)) }),
    ...(from.fewSeats > 0 && random() < from.fewSeats && { max_num_seqs: magnitude(4, 64) }),
  };
  const { perMs } = saturationRate(subjectOf({ ...draft, rate: 1 }).subject);
  return { ...draft, rate: Number((share * perMs * MS_PER_S).toPrecision(4)) };
}

/** Scenarios that the closed form is held against: questions to `predict`, so that each can be asked on the command line. */
export function drawScenarios(seed: number, count: number, from: 'usual' | 'wide'): PredictInputDraft[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, index) => drawn(from === 'wide' ? WIDE : USUAL, random, index));
}
