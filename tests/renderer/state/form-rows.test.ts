import { expect, test } from 'vitest';
import { defaultFormValues, type FormValues } from '../../../src-renderer/state/form-reading.ts';
import { newMachine } from '../../../src-renderer/state/own-machines.ts';
import { FORM_ROWS, resetRow, rowOrigin, type FormRowName } from '../../../src-renderer/state/form-rows.ts';

const ROWS = Object.keys(FORM_ROWS) as FormRowName[];

/** Every field but the model, away from its default. */
const changed = (): FormValues => ({
  model: 'some/model',
  workload: 'rag',
  loadKind: 'rate',
  texts: {
    users: '7',
    rate: '3',
    thinkTime: '1',
    inputTokens: '8k',
    outputTokens: '1',
    hitPercent: '50',
    cacheablePercent: '60',
    maxGpus: '4',
  },
  hardware: 'own',
  machines: [newMachine([])],
  providers: ['aws'],
  place: 'zone',
  placeName: 'us-east-1a',
  pricing: 'spot',
  quantization: ['fp8'],
  headroom: 50,
  kvCacheDtype: 'fp8',
  tensorParallel: 2,
  pipelineParallel: 2,
  gpus: ['nvidia-l4'],
  instances: ['gcp/g2-standard-4'],
  method: 'mg1',
  router: 'round_robin',
  usesPrefixCache: false,
  includesRetired: true,
  isContextStrict: true,
  targets: { ttft_p50: '1', tpot_p95: '2', e2e_p99: '3' },
});

test('every field is in a row that says "yours" when it is changed, and the reset of all rows leaves defaults', () => {
  const form = changed();
  expect(ROWS.filter((row) => rowOrigin(form, row) !== 'yours')).toEqual([]);
  for (const row of ROWS) {
    resetRow(form, row);
    expect(rowOrigin(form, row)).toBe(FORM_ROWS[row].base);
  }
  expect(form).toEqual({ ...defaultFormValues(), model: 'some/model' });
});

test('a reset leaves the other rows alone', () => {
  const form = changed();
  resetRow(form, 'ttft');
  expect(form).toEqual({ ...changed(), targets: { tpot_p95: '2', e2e_p99: '3' } });
});
