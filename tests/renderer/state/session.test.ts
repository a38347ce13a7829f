import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Connection } from '../../../src-renderer/platform/connect.ts';
import { Session } from '../../../src-renderer/state/session.svelte.ts';
import { failure } from '../../../src-worker/protocol/result.ts';
import { CATALOG, fakeApi, fakeHost, INFO } from '../fixtures/app.ts';
import { MODELS } from '../fixtures/documents.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a session begins with what the host knows', async () => {
  const session = new Session(fakeHost(fakeApi()).connect);
  expect(session.phase).toBe('connecting');
  await session.start();
  expect(session).toMatchObject({ phase: 'ready', info: INFO, models: MODELS, catalog: CATALOG, notices: [] });
});

test('what the host survived and what could not be loaded is told, each once', async () => {
  const notices = ['The database was damaged and has been set aside.'];
  const broken = failure({ family: 'file', code: 'broken', message: 'gpus.json cannot be read.', details: {} });
  const session = new Session(
    fakeHost(
      fakeApi({
        info: () => Promise.resolve({ ok: true, value: { ...INFO, notices } }),
        listCatalog: () => Promise.resolve(broken),
        listWorkloads: () => Promise.resolve(broken),
      }),
    ).connect,
  );
  await session.start();
  expect(session.phase).toBe('ready');
  expect(session.notices).toEqual([...notices, 'gpus.json cannot be read.']);
});

test('a lost connection is noticed, calls fail calmly, and it comes back by itself', async () => {
  const host = fakeHost(fakeApi());
  const session = new Session(host.connect);
  await session.start();
  host.lose();
  expect(session.phase).toBe('lost');
  expect(await session.ask((api) => api.listRuns())).toMatchObject({ ok: false, error: { code: 'connection_lost' } });
  await vi.advanceTimersByTimeAsync(600);
  expect(session.phase).toBe('ready');
});

test('a host that is not there is tried again, less and less often', async () => {
  const attempts: number[] = [];
  const connect = (): Promise<Connection> => {
    attempts.push(Date.now());
    return Promise.reject(new Error('No ConfigIQ answers at this address.'));
  };
  const session = new Session(connect);
  await session.start();
  await vi.advanceTimersByTimeAsync(12_000);
  expect(session).toMatchObject({ phase: 'lost', problem: 'No ConfigIQ answers at this address.' });
  const gaps = attempts.slice(1).map((at, index) => at - attempts[index]!);
  expect(gaps).toEqual([500, 1000, 2000, 4000, 4000]);
});
