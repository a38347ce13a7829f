import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { answerSize } from '../../src-worker/answers/size.ts';
import { createPool, type Pool, type SizeWatch } from '../../src-worker/pool/pool.ts';
import { documentText } from '../../src-worker/protocol/documents.ts';
import { sizeInputSchema } from '../../src-worker/protocol/requests.ts';
import { facts, modelSource } from '../engine/world.ts';

// The real worker program, straight from its source, over the bundled catalogs.
const workerPath = resolve(import.meta.dirname, '../../src-worker/worker.ts');
const MODEL = 'meta-llama/Llama-3.1-8B-Instruct';
const model = modelSource(MODEL);
// Few plans, some of which miss.
const question = (draft: object = {}) =>
  sizeInputSchema.parse({ model: MODEL, users: 300, gpu: ['l40s', 'a10'], method: 'simulation', ...draft });

async function withPool<Value>(size: number, work: (pool: Pool) => Promise<Value>): Promise<Value> {
  const pool = createPool({ workerPath, size, facts });
  try {
    return await work(pool);
  } finally {
    await pool.close();
  }
}

describe('size by method simulation', () => {
  it('gives the same bytes in place and on any number of threads, and tells how far it is', async () => {
    const asked = question();
    const inPlace = documentText(answerSize(asked, model, { ...facts }));
    for (const size of [1, 2]) {
      await withPool(size, async (pool) => {
        const told: [number, number][] = [];
        const answer = await pool.size(asked, model, { onProgress: (...progress) => void told.push(progress) });
        expect(answer.ok && documentText(answer.value)).toBe(inPlace);
        const [, total] = told[0] ?? [0, 0];
        expect(total).toBeGreaterThan(4);
        expect(told).toEqual(Array.from({ length: total + 1 }, (_, done) => [done, total]));
        // Another load of the same plans needs no search, and has the bytes of one that was never asked before.
        const next = question({ users: 900 });
        const again = await pool.size(next, model);
        expect(again.ok && documentText(again.value)).toBe(documentText(answerSize(next, model, { ...facts })));
        // Where nothing has to be simulated there is nothing to tell.
        const onProgress = (): void => expect.fail('told of, although no plan had to be simulated');
        expect(await pool.size(next, model, { onProgress })).toEqual(again);
      });
    }
    // Nine sizings by simulation: several times as long where the machine does other things.
  }, 60_000);

  it('ends when it is cancelled, with a failure that says so, and leaves the threads free', async () => {
    await withPool(2, async (pool) => {
      const controller = new AbortController();
      const watch: SizeWatch = { signal: controller.signal, onProgress: () => controller.abort() };
      const answer = await pool.size(question({ gpu: [] }), model, watch);
      expect(answer).toMatchObject({ ok: false, error: { family: 'interrupted', code: 'cancelled' } });
      expect(await pool.size(question({ gpu: ['l40s'], tp: 1 }), model)).toMatchObject({ ok: true });
    });
  });

  it('says what is wrong with a question', async () => {
    await withPool(1, async (pool) => {
      expect(await pool.size(question({ gpu: ['h10'] }), model)).toMatchObject({ error: { code: 'unknown_gpu' } });
    });
  });
});
