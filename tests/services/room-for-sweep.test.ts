import Database from 'better-sqlite3';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { SweepSpecDraft } from '../../src-worker/protocol/requests.ts';
import { errorOf, startService, temporaryFolder, valueOf } from './service.ts';

const base = {
  model: 'meta-llama/Llama-2-7b-hf',
  provider: ['gcp'],
  gpu: ['nvidia-l4'],
  quantization: ['fp16' as const],
};
const HUGE: SweepSpecDraft = {
  base,
  axes: { users: { from: 1, to: 2000, step: 1 }, headroom: { from: 0, to: 100, step: 0.1 }, price_factor: [1, 2] },
};
const SMALL: SweepSpecDraft = { base, axes: { users: [10, 20, 30] } };

test('a sweep that takes more than the disk has is refused before it begins, with what to narrow', async () => {
  const service = startService(temporaryFolder(), { free: () => 10_000_000 });
  const plan = valueOf(await service.api.planSweep(HUGE));
  expect(plan.estimated_bytes).toBeGreaterThan(10_000_000);
  expect(plan.free_bytes).toBe(10_000_000);
  const error = errorOf(await service.api.startSweep({ taskId: 't', spec: HUGE, name: '' }));
  expect(error).toMatchObject({ family: 'invalid_input', code: 'no_room' });
  expect(error.message).toMatch(
    /^The sweep takes about \d+\.\d MB in the history, and its disk has 10\.0 MB free: ask fewer values of users or headroom, delete runs, or set CONFIGIQ_HOME to a folder on a larger disk\.$/,
  );
  expect(valueOf(await service.api.listRuns())).toEqual([]);
  expect(valueOf(await service.api.startSweep({ taskId: 't', spec: SMALL, name: '' })).status).toBe('done');
});

test('of a shard its own part counts, of a run that goes on what it lacks', async () => {
  const whole = valueOf(await startService(temporaryFolder(), { free: () => null }).api.planSweep(SMALL));
  expect(whole).not.toHaveProperty('free_bytes');
  const folder = temporaryFolder();
  let free: number | null = null;
  const service = startService(folder, { free: () => free });
  const shard = { ...SMALL, shard: { index: 1, of: 3 } };
  const part = valueOf(await service.api.planSweep(shard)).shard?.estimated_bytes ?? 0;
  expect(part).toBeLessThan(whole.estimated_bytes);
  free = part;
  expect(valueOf(await service.api.startSweep({ taskId: 't', spec: shard, name: '' })).status).toBe('done');
  expect(errorOf(await service.api.startSweep({ taskId: 't', spec: SMALL, name: '' })).code).toBe('no_room');

  free = null;
  const { runId } = valueOf(await service.api.startSweep({ taskId: 't', spec: SMALL, name: '' }));
  const db = new Database(join(folder, 'configiq.sqlite'));
  db.exec(`UPDATE run SET status = 'interrupted', done_points = 2 WHERE id = ${runId}`);
  db.close();
  free = Math.floor(whole.estimated_bytes / 3) - 1;
  expect(errorOf(await service.api.resumeSweep({ taskId: 't', runId })).code).toBe('no_room');
  free += 2;
  expect(valueOf(await service.api.resumeSweep({ taskId: 't', runId })).status).toBe('done');
});

test('the room that a disk has is asked of the system', async () => {
  const { free_bytes: free } = valueOf(await startService(temporaryFolder()).api.planSweep(SMALL));
  expect(free).toBeGreaterThan(0);
});
