import { describe, expect, test } from 'vitest';
import {
  cacheFacts,
  componentParts,
  layerLines,
  modelFacts,
  originSentence,
} from '../../../src-renderer/format/model-facts.ts';
import type { LayerSummary, ModelDocument } from '../../../src-worker/protocol/documents.ts';
import { modelDocument } from '../fixtures/documents.ts';

const dense = modelDocument('me/dense');
const [layer] = dense.layers as [LayerSummary];
const factsOf = (document: ModelDocument): Record<string, string> => Object.fromEntries(modelFacts(document));
const cacheOf = (document: ModelDocument): Record<string, string> => Object.fromEntries(cacheFacts(document));

describe('components', () => {
  test('the largest first, each with a name and a color of its own, those without parameters left out', () => {
    const parts = componentParts({ ...dense, components: { router: 0, head: 5, ffn: 100, attention: 30 } });
    expect(parts.map(({ label, text }) => [label, text])).toEqual([
      ['Feed-forward', '100'],
      ['Attention', '30'],
      ['Output head', '5'],
    ]);
    expect(new Set(parts.map(({ color }) => color)).size).toBe(3);
  });

  test('one that has no name here is called as the document calls it', () => {
    expect(componentParts({ ...dense, components: { vision_tower: 7 } })).toMatchObject([{ label: 'Vision tower' }]);
  });
});

describe('facts', () => {
  test('of a dense model: no active parameters apart', () => {
    expect(factsOf(dense)).toMatchObject({
      Parameters: '8,030,261,248',
      Layers: '32',
      'Hidden size': '4,096',
      Context: '131,072 tokens',
      'FLOPs per token at 4,096': '17.2 GFLOP',
      'Tensor parallel': '1, 2, 4, 8, 16, 32',
      'Stored as': 'FP16, 14.96 GiB',
    });
    expect(factsOf(dense)).not.toHaveProperty('Active per token');
    expect(factsOf(dense)).not.toHaveProperty('Vision and audio parts');
  });

  test('what only some models have is told where it is there', () => {
    const document = { ...dense, active_parameters: 1e9, mtp_parameters: 2e6, tower_parameters: 3e6 };
    expect(factsOf(document)).toMatchObject({
      'Active per token': '1,000,000,000',
      'Multi-token prediction, on top': '2,000,000',
      'Vision and audio parts': '3,000,000',
    });
  });

  test('a format has its method beside it where that says more; one that cannot be told is unknown', () => {
    const stored = (checkpoint: ModelDocument['checkpoint']) => factsOf({ ...dense, checkpoint })['Stored as'];
    expect(stored({ precision: 'int4', method: 'awq', bytes: 2 ** 32, problem: null })).toBe('INT4, awq, 4 GiB');
    expect(stored({ precision: 'fp8', method: 'fp8', bytes: 2 ** 33, problem: null })).toBe('FP8, 8 GiB');
    expect(stored({ precision: 'fp16', method: 'odd', bytes: null, problem: 'It is odd.' })).toBe('unknown');
  });
});

describe('layers', () => {
  test('that are all alike are one line with their numbers', () => {
    expect(layerLines(dense.layers)).toEqual({
      lines: [
        {
          where: 'Layers 0–31',
          kind: 'GQA 32 query / 8 KV heads, dense',
          parameters: '218M',
          active: '',
          cache: '4 KiB',
          flops: '0.503 GFLOP',
        },
      ],
      order: null,
    });
  });

  test('that take turns are named by letters, with what a token uses of their experts', () => {
    const window = { ...layer, count: 1, window_tokens: 128, attention: 'short', active_parameters: 2_000_000 };
    const full = { ...layer, count: 1 };
    const { lines, order } = layerLines([window, full, window, full].map((one, first) => ({ ...one, first })));
    expect(lines.map(({ where, active }) => [where, active])).toEqual([
      ['A: 2 layers', '2.00M'],
      ['B: 2 layers', ''],
    ]);
    expect(order).toBe('AB, and so on');
  });

  test('a state of constant size stands in the place of the KV cache, or beside it', () => {
    const cacheOfLayer = (part: Partial<LayerSummary>) => layerLines([{ ...layer, ...part }]).lines[0]?.cache;
    expect(cacheOfLayer({ kv_bytes_per_token_fp16: 0, state_bytes_per_sequence: 2 ** 20 })).toBe('1 MiB fixed');
    expect(cacheOfLayer({ state_bytes_per_sequence: 2 ** 20 })).toBe('4 KiB + 1 MiB fixed');
    expect(cacheOfLayer({ kv_bytes_per_token_fp16: 0 })).toBe('0 B');
    expect(layerLines([{ ...layer, count: 1, first: 7 }]).lines[0]?.where).toBe('Layer 7');
  });
});

describe('KV cache', () => {
  test('of a model that keeps everything: a request of middling length and the longest one', () => {
    expect(cacheOf(dense)).toEqual({
      'Per token, 16-bit': '128 KiB',
      'Per token, FP8': '64 KiB',
      'Request of 4,096 tokens': '512 MiB',
      'Request of 131,072 tokens': '16 GiB',
    });
  });

  test('windows stop growing, a state is there from the start, and a short context has one length', () => {
    const document = {
      ...dense,
      max_context_tokens: 2048,
      kv_bytes_per_token_full: { fp16: 65_536, fp8: 32_768 },
      windows: [{ window_tokens: 128, kv_bytes_per_token_fp16: 65_536, layers: 16 }],
      state_bytes_per_sequence: 2 ** 20,
    };
    expect(cacheOf(document)).toMatchObject({
      'of it whole context': '64 KiB',
      '16 layers, last 128 tokens': '64 KiB, at most 8 MiB',
      'State per sequence': '1 MiB',
      // 2,048 x 64 KiB + 128 x 64 KiB + 1 MiB.
      'Request of 2,048 tokens': '137 MiB',
    });
    expect(Object.keys(cacheOf(document)).filter((name) => name.startsWith('Request'))).toHaveLength(1);
  });
});

test('where a model comes from is one sentence, of what is known', () => {
  const unknown = { source: '', revision: null, added_at: null };
  expect(originSentence(unknown, 'Bundled')).toBe('Bundled.');
  expect(
    originSentence({ source: 'config.json', revision: 'main', added_at: '2026-01-05T09:00:00Z' }, 'Imported'),
  ).toBe('Imported from config.json, revision main, added 5 Jan 2026.');
});
