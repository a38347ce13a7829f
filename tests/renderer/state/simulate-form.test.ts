import { describe, expect, test } from 'vitest';
import { simulateCommand } from '../../../src-renderer/state/simulate-command.ts';
import {
  advancedLine,
  defaultSimulateValues,
  isSimulateRowSet,
  readSimulate,
  resetSimulateRow,
  type SimulateField,
  type SimulateValues,
} from '../../../src-renderer/state/simulate-form.ts';
import { simulateValuesOf } from '../../../src-renderer/state/simulate-this.ts';
import { simulateInputSchema } from '../../../src-worker/protocol/requests.ts';
import { ROWS, sizeDocument } from '../fixtures/documents.ts';

const MODEL = 'meta-llama/Llama-3.1-8B-Instruct';
function form(parts: Partial<SimulateValues> = {}, texts: Partial<Record<SimulateField, string>> = {}): SimulateValues {
  const defaults = defaultSimulateValues();
  return { ...defaults, model: MODEL, ...parts, texts: { ...defaults.texts, ...texts } };
}
const requestOf = (values: SimulateValues, hasTrace = false) => {
  const reading = readSimulate(values, hasTrace);
  if (reading.kind !== 'ready') throw new Error(reading.sentence);
  return reading.request;
};
const sentenceOf = (values: SimulateValues, hasTrace = false) => {
  const reading = readSimulate(values, hasTrace);
  return reading.kind === 'waiting' ? reading.sentence : '';
};

describe('what the form asks', () => {
  test('is an example at first, and only what is set', () => {
    expect(requestOf(form())).toEqual({
      model: MODEL,
      gpu: 'nvidia-h100-80gb',
      rate: 10,
      input_tokens: 1000,
      output_tokens: 200,
      input_cv: 0.5,
      output_cv: 0.5,
    });
  });

  test('users wait and think; the rate that was typed waits', () => {
    const request = requestOf(form({ loadKind: 'users' }, { rate: 'fast', users: '1k', thinkTime: '2min' }));
    expect(request).toMatchObject({ concurrency: 1000, think_time: 120 });
    expect(request).not.toHaveProperty('rate');
  });

  test('a trace has its own lengths; arrivals, prefix and rate ask for nothing', () => {
    const values = form(
      { loadKind: 'trace', arrival: 'gamma', traceName: 'day.csv' },
      { traceSpeed: '2', prefixTokens: '500', numPrompts: '100' },
    );
    expect(requestOf(values, true)).toEqual({
      model: MODEL,
      gpu: 'nvidia-h100-80gb',
      trace_speed: 2,
      num_prompts: 100,
    });
  });

  test('everything under Advanced, and the host takes it', () => {
    const values = form(
      {
        tensorParallel: 2,
        pipelineParallel: 2,
        quantization: 'fp8',
        kvCacheDtype: 'fp8',
        arrival: 'hawkes',
        policy: 'priority',
        router: 'least_loaded',
        engine: 'sglang',
        engineVersion: ' 0.5 ',
        calibration: 'our-h100',
      },
      {
        replicas: '3',
        arrivalCv: '2',
        arrivalDecay: '0.5',
        dataParallel: '2',
        expertParallel: '4',
        memoryPercent: '85',
        numPrompts: '5000',
        seed: '7',
        urgentPercent: '10',
        maxNumSeqs: '64',
        maxNumBatchedTokens: '4Ki',
        prefixTokens: '500',
        hitPercent: '80',
      },
    );
    const request = requestOf(values);
    expect(request).toMatchObject({
      ...{ tp: 2, pp: 2, dp: 2, ep: 4, replicas: 3, quantization: 'fp8', kv_cache_dtype: 'fp8' },
      ...{ engine: 'sglang@0.5', calibration: 'our-h100', gpu_memory_utilization: 0.85 },
      ...{ arrival: 'hawkes', arrival_cv: 2, arrival_decay: 0.5, num_prompts: 5000, seed: 7 },
      router: 'least_loaded',
      ...{ scheduling_policy: 'priority', urgent_fraction: 0.1, max_num_seqs: 64, max_num_batched_tokens: 4096 },
      ...{ prefix_tokens: 500, prefix_hit_rate: 0.8 },
    });
    expect(simulateInputSchema.parse(request).method).toBe('simulation');
  });

  test('a batch is as many as it says; a run of its own length waits', () => {
    const request = requestOf(form({ loadKind: 'batch' }, { batch: '1k', numPrompts: '5' }));
    expect(request.batch).toBe(1000);
    expect(request).not.toHaveProperty('num_prompts');
    expect(request).not.toHaveProperty('rate');
  });

  test('a share of every prompt in place of the tokens that it begins with', () => {
    const texts = { prefixTokens: '500', cacheablePercent: '70', hitPercent: '80' };
    const request = requestOf(form({ prefixKind: 'share' }, texts));
    expect(request).toMatchObject({ cacheable_ratio: 0.7, prefix_hit_rate: 0.8 });
    expect(request).not.toHaveProperty('prefix_tokens');
  });

  test('a router waits for a second replica, and the usual one is not written', () => {
    const router = 'round_robin';
    for (const replicas of ['', '1', 'two']) {
      const reading = readSimulate(form({ router }, { replicas }), false);
      if (reading.kind === 'ready') expect(reading.request).not.toHaveProperty('router');
      else expect(reading.sentence).toMatch(/^Replicas takes/);
    }
    expect(requestOf(form({ router }, { replicas: '2' }))).toMatchObject({ replicas: 2, router });
    expect(requestOf(form({ router: 'random' }, { replicas: '2' }))).not.toHaveProperty('router');
    const command = simulateCommand(requestOf(form({ router }, { replicas: '2' })), null);
    expect(command).toMatch(/--replicas 2 --router round_robin/);
  });

  test('hits without a prefix and a spread without its process ask for nothing', () => {
    const request = requestOf(form({}, { hitPercent: '80', arrivalCv: '3', arrivalDecay: '1', urgentPercent: '50' }));
    expect(request).not.toHaveProperty('prefix_hit_rate');
    expect(request).not.toHaveProperty('arrival_cv');
    expect(request).not.toHaveProperty('arrival_decay');
    expect(request).not.toHaveProperty('urgent_fraction');
  });
});

describe('what is not asked yet', () => {
  test.each([
    ['no model', form({ model: '' }), 'Choose a model to begin.'],
    ['no GPU', form({ gpu: ' ' }), 'Choose a GPU.'],
    ['a rate in words', form({}, { rate: 'fast' }), /^Rate takes .* for example 10\.$/],
    ['a rate of zero', form({}, { rate: '0' }), /^Rate takes/],
    ['no rate', form({}, { rate: '' }), 'Rate takes a number, for example 10.'],
    ['no prompts', form({}, { inputTokens: '' }), /^Prompt takes a number/],
    ['a wild spread', form({}, { inputCv: '50' }), 'Spread of prompts takes 0 to 10, for example 0.5.'],
    ['nobody urgent', form({ policy: 'priority' }), /^Urgent takes a number/],
    ['no trace', form({ loadKind: 'trace' }), 'Choose the file of a trace, or drop it on the form.'],
    [
      'a trace of last time',
      form({ loadKind: 'trace', traceName: 'day.csv' }),
      'Choose day.csv again: its name was kept, its content was not.',
    ],
  ])('%s', (_, values, sentence) => {
    expect(sentenceOf(values)).toMatch(sentence);
  });

  test('bad text where nothing is asked of it does not stand in the way', () => {
    expect(sentenceOf(form({}, { users: 'many', arrivalCv: 'x', urgentPercent: '?' }))).toBe('');
  });
});

describe('rows', () => {
  test('say whether somebody set them, and go back', () => {
    const values = form({ loadKind: 'users' }, { inputTokens: '8k' });
    expect(isSimulateRowSet(values, 'load')).toBe(true);
    expect(isSimulateRowSet(values, 'answers')).toBe(false);
    resetSimulateRow(values, 'load');
    resetSimulateRow(values, 'prompts');
    expect(values).toEqual(form());
  });

  test('Advanced tells how many were changed', () => {
    expect(advancedLine(form())).toBe('all at their defaults');
    expect(advancedLine(form({ engine: 'sglang' }, { seed: '3' }))).toBe('2 rows changed');
  });
});

describe('the command', () => {
  test('has every key as its flag, and the file of the trace', () => {
    expect(simulateCommand(requestOf(form()), null)).toBe(
      `configiq simulate --model ${MODEL} --gpu nvidia-h100-80gb --input-tokens 1000 --output-tokens 200 --input-cv 0.5 --output-cv 0.5 --rate 10`,
    );
    const replayed = requestOf(form({ loadKind: 'trace' }, { traceSpeed: '3' }), true);
    expect(simulateCommand(replayed, "it's a day.csv")).toMatch(/ --trace-speed 3 --trace 'it'\\''s a day\.csv'$/);
  });
});

describe('a configuration of an answer', () => {
  test('fills the form with its deployment, its load and the lengths of its workload', () => {
    const row = { ...ROWS[0]!, replicas: 3, tensor_parallel: 2, quantization: 'fp8' };
    const { assumptions } = sizeDocument();
    const values = simulateValuesOf(sizeDocument(), row);
    expect(values).toMatchObject({
      model: assumptions.model,
      gpu: row.gpu,
      tensorParallel: 2,
      quantization: 'fp8',
      loadKind: 'rate',
    });
    expect(values.texts.replicas).toBe('3');
    const request = requestOf(values);
    expect(request.rate).toBeCloseTo(row.throughput.requests_per_s ?? NaN, 3);
    expect(request.input_tokens).toBeCloseTo(assumptions.prompt_tokens.mean, 1);
    expect(request.input_cv).toBeCloseTo(assumptions.prompt_tokens.std / assumptions.prompt_tokens.mean, 2);
    expect(simulateInputSchema.safeParse(request).success).toBe(true);
  });

  test('takes the cache along where the workload has one', () => {
    const answer = sizeDocument();
    const assumptions = { ...answer.assumptions, prefix_cache: { hit_rate: 0.75, cacheable_ratio: 0.5 } };
    const request = requestOf(simulateValuesOf({ ...answer, assumptions }, ROWS[0]!));
    expect(request).toMatchObject({ cacheable_ratio: 0.5, prefix_hit_rate: 0.75 });
  });

  test('takes uneven arrivals, limits and profile along; limits of a later row stand in its command alone', () => {
    const answer = sizeDocument();
    const arrivals = { arrival: 'hawkes', arrival_cv: 1.6666666, arrival_decay_per_s: 4, calibration: 'our-h100' };
    const assumptions = { ...answer.assumptions, ...arrivals };
    const command = 'vllm serve me/model --max-model-len 4096 --max-num-seqs 94 --gpu-memory-utilization 0.92';
    const row = { ...ROWS[0]!, vllm_command: command, vllm_command_flags: null };
    const request = requestOf(simulateValuesOf({ ...answer, assumptions }, row));
    expect(request).toMatchObject({
      ...{ arrival: 'hawkes', arrival_cv: 1.667, arrival_decay: 4, calibration: 'our-h100' },
      ...{ max_num_seqs: 94, gpu_memory_utilization: 0.92 },
    });
    expect(request).not.toHaveProperty('max_num_batched_tokens');
    const without = { ...row, vllm_command: null };
    expect(requestOf(simulateValuesOf({ ...answer, assumptions }, without))).not.toHaveProperty('max_num_seqs');
  });
});
