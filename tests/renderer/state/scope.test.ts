import { expect, test } from 'vitest';
import { defaultFormValues, type FormValues } from '../../../src-renderer/state/form-reading.ts';
import {
  placeReason,
  precisionReason,
  pricingReason,
  scopeOf,
  tensorParallelReason,
} from '../../../src-renderer/state/scope.ts';
import { CATALOG } from '../fixtures/app.ts';

const [l40s] = CATALOG.gpus;
const catalog = {
  ...CATALOG,
  gpus: [l40s!, { ...l40s!, id: 'nvidia-l4', precisions: ['fp16' as const] }],
  instances: CATALOG.instances.map((entry) => ({
    ...entry,
    gpuCount: entry.provider === 'aws' ? 8 : 2,
    cheapestSpotUsdPerHour: entry.provider === 'aws' ? 0.4 : null,
  })),
};

const reasons = (form: Partial<FormValues>) => {
  const scope = scopeOf(catalog, { ...defaultFormValues(), ...form });
  return [pricingReason(scope, 'spot'), tensorParallelReason(scope, 4), precisionReason(scope, 'fp8')];
};

test('an option leads nowhere only where nothing of the scope has it, and then says what the scope is', () => {
  expect(reasons({})).toEqual([null, null, null]);
  expect(reasons({ providers: ['aws'] })).toEqual([null, null, null]);
  expect(reasons({ providers: ['gcp'] })).toEqual([
    'No instance of the chosen clouds has a known price as spot.',
    'The largest instance of the chosen clouds has 2 GPUs.',
    'No GPU of the chosen clouds runs FP8.',
  ]);
  expect(reasons({ place: 'zone', placeName: ' us-central1-a ' })[1]).toBe(
    'The largest instance of the chosen zone has 2 GPUs.',
  );
  expect(reasons({ instances: ['gcp/g2-standard-8', 'a3-highgpu-1g'] })[1]).toBe(
    'The largest instance of the chosen instances has 2 GPUs.',
  );
  // A zone nobody knows narrows nothing; its own field says so.
  expect(reasons({ place: 'zone', placeName: 'us-centrall1' })).toEqual([null, null, null]);
  // Nothing is left to choose from: that is said where it was narrowed.
  expect(reasons({ providers: ['aws'], gpus: ['nvidia-l4'] })).toEqual([null, null, null]);
  expect(scopeOf(null, defaultFormValues()).instances).toEqual([]);
});

test('a zone cannot be asked for where none of the chosen clouds has one', () => {
  const zoneless = { ...CATALOG, zones: CATALOG.zones.filter(({ provider }) => provider === 'gcp') };
  expect(placeReason(zoneless, 'zone', ['aws'])).toBe('The catalog knows no zone of the chosen clouds.');
  expect(placeReason(zoneless, 'region', ['aws'])).toBeNull();
  expect(placeReason(zoneless, 'zone', ['aws', 'gcp'])).toBeNull();
  expect(placeReason(null, 'zone', [])).toBeNull();
});
