import { describe, expect, test } from 'vitest';
import type { AppService } from '../../src-main/services/app-service.ts';
import { startService, temporaryFolder, valueOf } from './service.ts';

const QUESTION = {
  model: 'meta-llama/Llama-2-7b-hf',
  gpu: 'nvidia-h100-80gb',
  input_tokens: 250,
  output_tokens: 150,
  rate: 1,
};
/** Millions of requests: seconds of computing. */
const LONG = { ...QUESTION, rate: 20, num_prompts: 3_000_000 };
const QUICK = { ...QUESTION, num_prompts: 50 };
const CANCELLED = { ok: false, error: { family: 'interrupted', code: 'simulation_cancelled' } };

/** One thread, which has compiled the program. */
async function started(): Promise<AppService> {
  const service = startService(temporaryFolder(), { workers: 1 });
  valueOf(await service.api.simulate(QUICK, null));
  return service;
}
const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('a simulation under way', () => {
  test('is ended by its task within half a second, and its thread is free then', async () => {
    const { api } = await started();
    const long = api.simulate(LONG, null, 'window');
    // Drawing the requests takes the first part of that, following them the rest.
    await later(1500);
    const startedAt = performance.now();
    await api.cancelTask('window');
    expect(await long).toMatchObject(CANCELLED);
    expect(performance.now() - startedAt).toBeLessThan(500);
    valueOf(await api.simulate(QUICK, null, 'window'));
  });

  test('is ended by the next question of its task, and by no other', async () => {
    const { api } = await started();
    const long = api.simulate(LONG, null, 'window');
    await api.cancelTask('another');
    const [first, second] = [api.simulate(LONG, null, 'window'), api.simulate(QUICK, null, 'window')];
    expect(await long).toMatchObject(CANCELLED);
    expect(await first).toMatchObject(CANCELLED);
    expect(valueOf(await second).simulation?.requests).toBe(50);
  });

  test('of a trace is ended, too; a task that is over is none of anybody', async () => {
    const { api } = await started();
    const rows = Array.from({ length: 200_000 }, (_, i) => `${i / 20},250,150`);
    const text = ['arrival_s,input_tokens,output_tokens', ...rows].join('\n');
    const deployment = { model: QUESTION.model, gpu: QUESTION.gpu };
    const replay = api.simulate(deployment, { name: 'long.csv', text }, 'window');
    await api.cancelTask('window');
    expect(await replay).toMatchObject(CANCELLED);
    await api.cancelTask('window');
    valueOf(await api.simulate(QUICK, null, 'window'));
  });
});
