import { describe, expect, it } from 'vitest';
import { missingFacts } from '../../src-main/measurements/missing.ts';
import { emptyMeasurementRow, type MeasurementRow } from '../../src-worker/protocol/measurement-columns.ts';

const isKnown = (): null => null;
const row = (cells: Partial<MeasurementRow> = {}): MeasurementRow => ({ ...emptyMeasurementRow(), ...cells });
const WHOLE: Partial<MeasurementRow> = {
  model: 'meta-llama/Llama-3.1-8B-Instruct',
  gpu: 'nvidia-h100-80gb',
  engine: 'vllm',
  engine_version: '0.11.0',
  isl: 512,
  osl: 128,
  tp: 1,
  weight_dtype: 'bf16',
  batch_or_concurrency: 8,
};

describe('what rows still lack', () => {
  it('is nothing of a row that says everything', () => {
    expect(missingFacts([row(WHOLE)], isKnown)).toEqual([]);
  });

  it('says what follows: left out, or what is assumed', () => {
    const found = missingFacts([row({ ...WHOLE, gpu: null, tp: null }), row({ ...WHOLE, tp: null })], isKnown);
    expect(found).toEqual([
      {
        column: 'gpu',
        rows: 1,
        isNeeded: true,
        sentence: 'The results do not say which GPU it ran on: such rows are left out.',
      },
      {
        column: 'tp',
        rows: 2,
        isNeeded: false,
        sentence: 'The results do not say how many GPUs share each layer (TP): 1 is assumed.',
      },
    ]);
  });

  it('takes the format of the checkpoint where none is given, as a prediction does', () => {
    const [found] = missingFacts([row({ ...WHOLE, weight_dtype: null })], isKnown);
    expect(found?.sentence).toBe(
      "The results do not say in which format the weights were: that of the model's checkpoint is taken.",
    );
  });

  it('leaves out a closed loop and a static batch without a number at once, not loads that have another', () => {
    const found = (cells: Partial<MeasurementRow>) =>
      missingFacts([row({ ...WHOLE, batch_or_concurrency: null, ...cells })], isKnown);
    expect(found({ workload_kind: 'closed_loop', num_prompts: 500 })).toEqual([
      {
        column: 'batch_or_concurrency',
        rows: 1,
        isNeeded: true,
        sentence: 'The results do not say how many requests ran at once: such rows are left out.',
      },
    ]);
    expect(found({ workload_kind: 'offline_max' })).toHaveLength(1);
    expect(found({ workload_kind: 'offline_max', num_prompts: 500 })).toEqual([]);
    expect(found({ workload_kind: 'open_loop' })).toEqual([]);
  });

  it('assumes no version of an engine without which the row is left out', () => {
    const columns = (cells: Partial<MeasurementRow>) =>
      missingFacts([row({ ...WHOLE, ...cells })], isKnown).map(({ column }) => column);
    expect(columns({ engine_version: null })).toEqual(['engine_version']);
    expect(columns({ engine: null, engine_version: null })).toEqual(['engine']);
  });

  it('names what is near to a model that is not known', () => {
    const near = (name: string): string[] | null =>
      name.startsWith('meta') ? ['meta-llama/Llama-3.1-8B', 'meta-llama/Llama-3.1-8B-Instruct'] : [];
    const [found] = missingFacts(
      [row({ ...WHOLE, model: 'meta-llama/Llama-3.1-8b-i' }), row({ ...WHOLE, model: 'x' })],
      near,
    );
    expect(found?.sentence).toBe(
      'No model is known here as "meta-llama/Llama-3.1-8b-i" (did you mean "meta-llama/Llama-3.1-8B" or "meta-llama/Llama-3.1-8B-Instruct"?), "x": such rows are left out.',
    );
  });
});
