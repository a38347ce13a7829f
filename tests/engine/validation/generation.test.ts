import { describe, expect, test } from 'vitest';
import { generationOfMeasurement } from '../../../src-worker/engine/validation/generation.ts';
import { facts } from '../world.ts';

const of = (engine: string, engineVersion: string | null, engineGeneration: string | null = null) =>
  generationOfMeasurement({ engine, engineVersion, engineGeneration });

describe('engine generation of a measurement', () => {
  test.each([
    ['vllm', '2023 (unspecified)', 'vllm-v0-early', 'vllm-2023'],
    ['vllm', '0.2.1 (2023)', null, 'vllm-2023'],
    ['vllm', '0.2.1', null, 'vllm-v0-early'],
    ['vllm', '0.5.4', null, 'vllm-v0-early'],
    ['vllm', '0.5-0.6 (2024)', 'vllm-v0-early', 'vllm-v0-early'],
    ['vllm', 'nm-vllm 0.5.0', 'vllm-v0-early', 'vllm-v0-early'],
    ['nm-vllm', '0.5.1', null, 'vllm-v0-early'],
    ['vllm', '0.6 (late 2024)', 'vllm-v0', 'vllm-v0'],
    ['vllm', '0.6.3.post2.dev308', 'vllm-v0', 'vllm-v0'],
    ['vllm', '0.7.3', null, 'vllm-v0'],
    ['vllm', '0.8.0', null, 'vllm-v1'],
    ['vllm', '0.10.2 (rocm7.0.0)', 'vllm-v1', 'vllm-v1'],
    ['vllm', 'v0.11.2', null, 'vllm-v1'],
    ['vllm', 'vllm/vllm-openai:v0.9.1', null, 'vllm-v1'],
    ['vllm', 'vllm-0.9.1', null, 'vllm-v1'],
    ['vllm', 'rocm/vllm:rocm6.3.1_vllm_0.8.5', null, 'vllm-v1'],
    ['vllm', '0.12.0', 'vllm-v1', 'vllm-v1b'],
    ['vllm', '0.14.1', null, 'vllm-v1b'],
    ['vllm', '0.15.0', null, 'vllm-v1-late'],
    ['vllm', '2026-02 (0.15)', 'vllm-v1-late', 'vllm-v1-late'],
    ['vllm', '2026-02/03 (unspecified)', 'vllm-v1-late', 'vllm-v1-late'],
    ['vllm', '0.22.0', null, 'vllm-v1-late'],
    ['vllm', '1.0.0', null, 'vllm-v1-late'],
    ['vllm', null, 'vllm-v0', 'vllm-v0'],
    // The coarse column joins 0.8 to 0.14 under one name.
    ['vllm', null, 'vllm-v1', 'vllm-v1b'],
    ['trtllm', '2024', 'trtllm', 'trtllm-2024'],
    ['trtllm', 'NIM 1.0 (TRT-LLM 2024)', 'trtllm', 'trtllm-2024'],
    ['trtllm', '0.10.0', null, 'trtllm-2024'],
    ['trtllm', '0.16.0', null, 'trtllm-2024'],
    ['trtllm', '0.17.0', null, 'trtllm'],
    ['trtllm', '1.0.0rc3', 'trtllm', 'trtllm'],
    ['trtllm', '1.2', null, 'trtllm'],
    ['trtllm', '2025-06', null, 'trtllm'],
    ['trtllm', null, 'trtllm', 'trtllm'],
    ['nim', '1.0.0', null, 'trtllm-2024'],
    ['nim', '1.8', null, 'trtllm'],
    ['nim', 'NIM 1.0', null, 'trtllm-2024'],
    ['trtllm', 'NIM 1.3', null, 'trtllm'],
    ['sglang', '0.4.6.post1', 'sglang', 'sglang'],
  ])('%s %s (column %s) is %s', (engine, version, column, generation) => {
    expect(of(engine, version, column)).toEqual({ generation, isKnown: true });
  });

  test('vLLM that says nothing is the middle of its first version, and is known for not being known', () => {
    expect(of('vllm', null)).toEqual({ generation: 'vllm-v1b', isKnown: false });
    expect(of('vllm', 'nightly')).toEqual({ generation: 'vllm-v1b', isKnown: false });
    expect(of('vllm', '', '')).toEqual({ generation: 'vllm-v1b', isKnown: false });
  });

  test('an engine that nobody knows has none', () => {
    expect(of('lmdeploy', '0.6.4')).toBeNull();
    expect(of('constructor', null)).toBeNull();
  });

  test('every generation that the rule names has defaults in the catalog of engines', () => {
    const known = new Set(facts.engines.map(({ generation }) => generation));
    for (const version of ['2023', '0.5', '0.6', '0.8', '0.12', '0.15'])
      expect(known).toContain(of('vllm', version)?.generation);
    for (const version of ['2024', '1.0']) expect(known).toContain(of('trtllm', version)?.generation);
    expect(known).toContain(of('sglang', '0.4')?.generation);
  });

  test('a coarse column of an engine that the catalog does not have names no generation of its own', () => {
    // Resolving then skips the row; it does not fall back to another engine in silence.
    expect(of('vllm', null, 'vllm-v9')).toEqual({ generation: 'vllm-v9', isKnown: true });
  });
});
