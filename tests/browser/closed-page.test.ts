import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { startAppServer, type AppServer } from '../../src-main/browser/app-server.ts';
import { createAppService, type AppService } from '../../src-main/services/app-service.ts';
import type { AppApi } from '../../src-worker/protocol/app-api.ts';
import type { ErrorInfo } from '../../src-worker/engine/errors.ts';
import type { Result } from '../../src-worker/protocol/result.ts';
import { connectSocket } from './socket-client.ts';

// What a page had under way ends with it, on the real services: nobody waits for it any more, and it kept a thread from others.

const DEPLOYMENT = {
  model: 'meta-llama/Llama-2-7b-hf',
  gpu: 'nvidia-h100-80gb',
  input_tokens: 250,
  output_tokens: 150,
};
/** Millions of requests: seconds of computing. */
const LONG = { ...DEPLOYMENT, rate: 20, num_prompts: 5_000_000 };
const QUICK = { ...DEPLOYMENT, rate: 1, num_prompts: 50 };
const MOST_MS = 500;

let folder: string;
let service: AppService;
let server: AppServer;
/** The answers of long calls, which a page that is gone cannot tell of. */
let answers: Promise<Result<unknown>>[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'configiq-closed-page-'));
  // One thread: whatever still runs is in the way of the next question.
  service = createAppService({ host: 'browser', dataFolder: folder, workerPath: inject('workerPath'), workers: 1 });
  answers = [];
  const noted = <Value extends Result<unknown>>(answer: Promise<Value>): Promise<Value> => {
    answers.push(answer);
    return answer;
  };
  const api: AppApi = {
    ...service.api,
    simulate: (...args) => noted(service.api.simulate(...args)),
    size: (...args) => noted(service.api.size(...args)),
  };
  const app = { api, onProgress: (listener: Parameters<AppService['onProgress']>[0]) => service.onProgress(listener) };
  server = await startAppServer({ app, openExport: () => null, rendererFolder: folder, host: '127.0.0.1', port: 0 });
  expect(await service.api.simulate(QUICK, null)).toMatchObject({ ok: true });
});

afterEach(async () => {
  await server.close();
  await service.close();
  await rm(folder, { recursive: true, maxRetries: 3 });
});

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** How a call ended whose page went away, and how long after that. */
async function endOf(end: 'close' | 'terminate', ask: (api: AppApi) => Promise<unknown>) {
  const page = await connectSocket(server);
  answers = [];
  void ask(page.api);
  await expect.poll(() => answers.length).toBe(1);
  // Drawing the requests takes the first part of that, following them the rest.
  await later(1000);
  const goneAt = performance.now();
  page.socket[end]();
  const answer = await answers[0];
  return { ms: performance.now() - goneAt, error: answer?.ok === false ? answer.error : null };
}

/** As `endOf`. What else the machine is doing may delay one try; that it delays each of three tells of us. */
async function soonEndOf(
  end: 'close' | 'terminate',
  ask: (api: AppApi) => Promise<unknown>,
): Promise<ErrorInfo | null> {
  const tries = [await endOf(end, ask)];
  while (tries.length < 3 && tries.every(({ ms }) => ms > MOST_MS)) tries.push(await endOf(end, ask));
  expect(Math.min(...tries.map(({ ms }) => ms))).toBeLessThan(MOST_MS);
  return tries[0]?.error ?? null;
}

describe('a page that is closed, reloaded or ended', () => {
  it.each(['close', 'terminate'] as const)('ends its simulation within half a second (%s)', async (end) => {
    const error = await soonEndOf(end, (api) => api.simulate(LONG, null, 'simulate-1'));
    expect(error).toMatchObject({ family: 'interrupted', code: 'simulation_cancelled' });
    const next = await connectSocket(server);
    expect(await next.api.simulate(QUICK, null, 'simulate-2')).toMatchObject({ ok: true });
    await next.close();
  });

  it('ends its size question that is simulated', async () => {
    const question = { model: DEPLOYMENT.model, users: 100, method: 'simulation' as const };
    const error = await soonEndOf('close', (api) => api.size(question, 'size-1'));
    expect(error).toMatchObject({ family: 'interrupted' });
  });
});
