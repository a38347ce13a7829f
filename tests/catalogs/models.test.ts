import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bundledCatalogsFolder } from '../../src-main/catalogs/load.ts';
import { listBundledModelIds, loadAliases, readBundledModel } from '../../src-main/catalogs/models.ts';
import { breakFile, copyOfCatalogs, errorOf } from './folder.ts';

const folder = bundledCatalogsFolder();
const ids = listBundledModelIds(folder);

/** One step of the way into a config, so that tests read like paths. */
const at = (value: unknown, ...keys: string[]): unknown =>
  keys.reduce<unknown>((inner, key) => (inner as Record<string, unknown>)[key], value);

describe('bundled models', () => {
  test('216 configs at least, each listed once, each with its file and its provenance', () => {
    expect(ids.length).toBeGreaterThanOrEqual(216);
    expect(new Set(ids).size).toBe(ids.length);
    expect(readdirSync(join(folder, 'models/configs'))).toHaveLength(ids.length);
    for (const id of ids) {
      const model = readBundledModel(folder, id);
      expect(model?.source.length, id).toBeGreaterThan(10);
      expect(Array.isArray(at(model?.config, 'architectures')), id).toBe(true);
    }
  });

  test('no config is larger than 12 kB', () => {
    for (const name of readdirSync(join(folder, 'models/configs'))) {
      expect(statSync(join(folder, 'models/configs', name)).size, name).toBeLessThan(12_000);
    }
  });

  test('an architecture keeps what its size follows from', () => {
    expect(readBundledModel(folder, 'meta-llama/Llama-2-7b-hf')?.config).toMatchObject({
      model_type: 'llama',
      hidden_size: 4096,
      num_hidden_layers: 32,
      num_attention_heads: 32,
      intermediate_size: 11008,
      vocab_size: 32000,
      max_position_embeddings: 4096,
    });
  });

  test('a pre-quantized config keeps its format: method, bits and group', () => {
    const awq = readBundledModel(folder, 'Qwen/Qwen2.5-7B-Instruct-AWQ')?.config;
    expect(at(awq, 'quantization_config')).toMatchObject({ quant_method: 'awq', bits: 4, group_size: 128 });
  });

  test('lists of modules by layer and expert are patterns: 2.3 MB of MiniMax-M3 become a few', () => {
    const config = readBundledModel(folder, 'nvidia/MiniMax-M3-NVFP4')?.config;
    const layers = Object.keys(at(config, 'quantization_config', 'quantized_layers') as object);
    expect(layers.length).toBeLessThan(20);
    expect(layers).toContain('language_model.model.layers.*.self_attn.q_proj');
    const experts = layers.find((name) => name.includes('experts') && name.includes('w1')) ?? '';
    const pattern = new RegExp(experts.replace(/^re:/, ''));
    expect(pattern.test('language_model.model.layers.3.block_sparse_moe.experts.127.w1')).toBe(true);
    expect(pattern.test('language_model.model.layers.2.block_sparse_moe.experts.127.w1')).toBe(false);
  });

  test('every alias leads to a bundled model and is none itself', () => {
    const aliases = loadAliases(folder);
    expect(aliases.size).toBeGreaterThanOrEqual(68);
    expect(aliases.get('NousResearch/Llama-2-7b-chat-hf')).toEqual({ of: 'meta-llama/Llama-2-7b-hf', differences: {} });
    for (const { of } of aliases.values()) expect(ids).toContain(of);
  });

  test('an id that is not bundled is null, also when it looks like a path', () => {
    expect(readBundledModel(folder, 'nobody/nothing')).toBeNull();
    expect(readBundledModel(folder, '../../../package')).toBeNull();
    expect(readBundledModel(folder, '')).toBeNull();
  });

  test('an alias to nowhere is refused with file and field', () => {
    const copy = copyOfCatalogs();
    breakFile(copy, 'models/aliases.json', '"meta-llama/Llama-2-7b-hf"', '"meta-llama/Llama-2-7b"');
    const error = errorOf(() => loadAliases(copy));
    expect(error.family).toBe('file');
    expect(error.message).toContain('models/aliases.json');
    expect(error.message).toContain('aliases.NousResearch/Llama-2-7b-chat-hf');
  });

  test('a config that is gone or broken says which file', () => {
    const copy = copyOfCatalogs();
    const error = errorOf(() => readBundledModel(copy, 'meta-llama/Llama-2-7b-hf'));
    expect(error.family).toBe('file');
    expect(error.message).toContain('models/configs/meta-llama__Llama-2-7b-hf.json');
  });

  test('a file name that leaves the folder is refused', () => {
    const copy = copyOfCatalogs();
    breakFile(copy, 'models/index.json', '"meta-llama__Llama-2-7b-hf.json"', '"../../gpus.json"');
    expect(errorOf(() => listBundledModelIds(copy)).message).toMatch(/models\[meta-llama\/Llama-2-7b-hf\]\.file/);
  });
});
