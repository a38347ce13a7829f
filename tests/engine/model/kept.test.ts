import { describe, expect, test } from 'vitest';
import { stageHoldings } from '../../../src-worker/engine/model/holdings.ts';
import { keptFor } from '../../../src-worker/engine/model/memoized.ts';
import { modelOf } from '../world.ts';

describe('what is kept for a model', () => {
  test('is built once for each owner and key', () => {
    const kept = keptFor<object, string>();
    const built: string[] = [];
    const [one, other] = [{}, {}];
    const ask = (owner: object, key: string): string =>
      kept(owner, key, () => {
        built.push(key);
        return `${key}${built.length}`;
      });
    expect([ask(one, 'a'), ask(one, 'b'), ask(one, 'a'), ask(other, 'a'), ask(other, 'a')]).toEqual([
      'a1',
      'b2',
      'a1',
      'a3',
      'a3',
    ]);
    expect(built).toEqual(['a', 'b', 'a']);
  });

  test('holdings of a stage differ with every degree, the precision, the cache and the model', () => {
    const model = modelOf('Qwen/Qwen3-30B-A3B');
    const plain = { tensorParallel: 2, pipelineParallel: 1, expertParallel: 1 };
    const all = [
      stageHoldings(model, 'fp16', plain),
      stageHoldings(model, 'fp8', plain),
      stageHoldings(model, 'fp16', plain, 1),
      stageHoldings(model, 'fp16', { ...plain, tensorParallel: 4 }),
      stageHoldings(model, 'fp16', { ...plain, pipelineParallel: 2 }),
      stageHoldings(model, 'fp16', { ...plain, expertParallel: 8, dataParallel: 4 }),
      stageHoldings(model, 'fp16', { ...plain, expertParallel: 4, dataParallel: 2 }),
      stageHoldings(modelOf('meta-llama/Llama-3.1-8B-Instruct'), 'fp16', plain),
    ].map((stages) => JSON.stringify(stages));
    expect(new Set(all).size).toBe(all.length);
    // A copy of the model knows nothing of it: what is kept equals what is built.
    expect(JSON.stringify(stageHoldings({ ...model }, 'fp16', plain))).toBe(all[0]);
    expect(JSON.stringify(stageHoldings(model, 'fp16', plain))).toBe(all[0]);
  });
});
