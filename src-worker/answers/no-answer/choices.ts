import { formatFixed, formatPercent } from '../../protocol/numbers.ts';
import { attempt, joined, type Attempts } from './attempt.ts';
import { precisionName } from './names.ts';
import type { Asked } from './probe.ts';

const NOTHING: Attempts = { options: [], futile: [] };

/** The other way to pay. What it brings with it is said where its price is known (relaxations.ts). */
export function pricingAttempts(asked: Asked): Attempts {
  if (asked.prepared.input.own_hardware.length > 0) return NOTHING;
  const isSpot = asked.sizing.pricing === 'spot';
  return isSpot
    ? attempt(
        asked,
        { pricing: 'ondemand' },
        { family: 'price', change: 'Pay on demand', from: 'spot', to: 'on-demand' },
      )
    : attempt(
        asked,
        { pricing: 'spot' },
        { family: 'price', change: 'Use spot instances', from: 'on-demand', to: 'spot' },
      );
}

/** Smaller weights where the checkpoint is 16-bit, and a smaller KV cache. */
export function precisionAttempts(asked: Asked): Attempts {
  const { input, subject } = asked.prepared;
  const from = subject.precisions.map(precisionName).join(', ');
  // Another format of a quantized checkpoint would be another model.
  const isOpen = subject.model.checkpoint.method === null;
  const weights = (['fp8', 'int4'] as const).filter((precision) => isOpen && !subject.precisions.includes(precision));
  return joined([
    ...weights.map((precision) => {
      const to = precisionName(precision);
      return attempt(asked, { quantization: [precision] }, { family: 'precision', change: `${to} weights`, from, to });
    }),
    input.kv_cache_dtype === 'fp8'
      ? NOTHING
      : attempt(
          asked,
          { kv_cache_dtype: 'fp8' },
          { family: 'precision', change: 'FP8 KV cache', from: '16-bit', to: 'FP8' },
        ),
  ]);
}

/** Filters of the question, each dropped by itself. */
export function filterAttempts(asked: Asked): Attempts {
  const { gpu, instance, provider, tp, pp } = asked.prepared.input;
  const to = 'any';
  return joined([
    gpu.length === 0
      ? NOTHING
      : attempt(asked, { gpu: [] }, { family: 'search', change: 'Any GPU', from: gpu.join(', '), to }),
    instance.length === 0
      ? NOTHING
      : attempt(asked, { instance: [] }, { family: 'search', change: 'Any instance', from: instance.join(', '), to }),
    provider.length === 0
      ? NOTHING
      : attempt(asked, { provider: [] }, { family: 'search', change: 'Any provider', from: provider.join(', '), to }),
    tp === null
      ? NOTHING
      : attempt(asked, { tp: null }, { family: 'search', change: 'Any tensor parallelism', from: `TP ${tp}`, to }),
    pp === 1
      ? NOTHING
      : attempt(asked, { pp: 1 }, { family: 'search', change: 'No pipeline', from: `PP ${pp}`, to: 'PP 1' }),
  ]);
}

/** What is rented, in the place of own hardware that does not do. The method that takes long would take it over all clouds. */
export function rentAttempts(asked: Asked): Attempts {
  const { own_hardware: machines, method } = asked.prepared.input;
  if (machines.length === 0 || method !== 'batching') return NOTHING;
  return attempt(
    asked,
    // A window may remember filters from before the own hardware was named.
    { own_hardware: [], gpu: [], instance: [], provider: [], zone: null, region: null, pricing: 'ondemand' },
    { family: 'search', change: 'Rent instead', from: 'own hardware', to: 'any cloud' },
  );
}

/** The prefix cache of the workload, where it was switched off. */
export function cacheAttempts(asked: Asked): Attempts {
  if (asked.prepared.input.prefix_cache) return NOTHING;
  const isKnown = asked.prepared.facts.workloads.some(
    ({ name, prefixCache }) => name === asked.prepared.input.workload && prefixCache !== null,
  );
  if (!isKnown) return NOTHING;
  return attempt(asked, { prefix_cache: true }, { family: 'cache', change: 'Prefix cache on', from: 'off', to: 'on' });
}

/** Requests longer than the context, cut to it instead of excluding the model. */
export function contextAttempts(asked: Asked): Attempts {
  const { input, subject } = asked.prepared;
  const { cut } = subject.lengths;
  if (!input.strict_context || !cut) return NOTHING;
  const text = { change: 'Cut requests to the context', from: 'refused', to: 'cut' };
  const note = `${formatPercent(cut.requestsFraction)} of the requests are longer than the ${formatFixed(subject.model.maxContextTokens)} tokens of the model.`;
  return attempt(asked, { strict_context: false }, { family: 'context', ...text, note });
}

/** Instances that are no longer sold to new customers. */
export function retiredAttempts(asked: Asked): Attempts {
  if (asked.prepared.input.include_retired || asked.prepared.evaluated.retired.length === 0) return NOTHING;
  return attempt(
    asked,
    { include_retired: true },
    {
      family: 'retired',
      change: 'Include retired instances',
      from: 'left out',
      to: 'included',
      note: 'Retired instances are withdrawn from sale: only who has them can use them.',
    },
  );
}
