import { describe, expect, it } from 'vitest';
import { answerModel } from '../../src-worker/answers/model.ts';
import { kvBytesPerSequence, kvLayout } from '../../src-worker/engine/model/kv.ts';
import { kvBytesOfSequence } from '../../src-worker/protocol/kv-cache.ts';
import { modelOf, modelSource } from '../engine/world.ts';

describe('the KV cache of one sequence, from the figures of a document', () => {
  it('worked example: gpt-oss-20b, whose twelve windows of 128 are full', () => {
    // 2,048 bytes for a token of a layer: 12 layers keep 4,096 tokens, 12 keep 128.
    const document = answerModel(modelSource('openai/gpt-oss-20b'));
    expect(kvBytesOfSequence(document, 4096)).toBe(12 * 2048 * 4096 + 12 * 2048 * 128);
  });

  it('a state of constant size is there whatever the length', () => {
    const growth = { kv_bytes_per_token_full: { fp16: 10, fp8: 5 }, windows: [], state_bytes_per_sequence: 7 };
    expect([1, 100].map((tokens) => kvBytesOfSequence(growth, tokens))).toEqual([17, 1007]);
  });

  it.each(['meta-llama/Llama-3.1-8B-Instruct', 'google/gemma-2-9b', 'openai/gpt-oss-120b'])(
    '%s: is what the engine reckons with, below, at and beyond the windows',
    (id) => {
      const document = answerModel(modelSource(id));
      for (const tokens of [1, 127, 128, 129, 4095, 4096, 4097, 8192]) {
        const reckoned = kvBytesPerSequence(kvLayout(modelOf(id), 2, 1), tokens);
        expect(kvBytesOfSequence(document, tokens), `${tokens} tokens`).toBe(reckoned);
      }
    },
  );
});
