import { TP_AXIS, USERS_AXIS, type NumberAxisRule } from './axis.ts';

const TOKENS = { isWhole: false, min: 1, max: 10_000_000 };
const FRACTION = { isWhole: false, min: 0, max: 1 };

/** What the values of each axis of numbers may be. */
export const NUMBER_RULES = {
  input_tokens: { ...TOKENS, name: 'input_tokens' },
  output_tokens: { ...TOKENS, name: 'output_tokens' },
  prefix_hit_rate: { ...FRACTION, name: 'prefix_hit_rate' },
  cacheable_ratio: { ...FRACTION, name: 'cacheable_ratio' },
  tp: TP_AXIS,
  pp: { ...TP_AXIS, name: 'pp' },
  users: USERS_AXIS,
  rate: { name: 'rate', isWhole: false, min: 1e-9, max: 1e9 },
  think_time: { name: 'think_time', isWhole: false, min: 0, max: 1e6 },
  headroom: { name: 'headroom', isWhole: false, min: 0, max: 100 },
  max_gpus: { name: 'max_gpus', isWhole: true, min: 1, max: 1e9 },
  price_factor: { name: 'price_factor', isWhole: false, min: 0.01, max: 100 },
} as const satisfies Record<string, NumberAxisRule>;

/** Of a latency target in ms. */
export const targetRule = (metric: string): NumberAxisRule => ({
  name: `sla ${metric}`,
  isWhole: false,
  min: 1e-6,
  max: 1e9,
});
