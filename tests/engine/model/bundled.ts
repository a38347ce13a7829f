import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { analyzeModel } from '../../../src-worker/engine/model/analyze.ts';
import type { Model, ModelSource } from '../../../src-worker/engine/model/types.ts';

const configsFolder = join(import.meta.dirname, '../../../catalogs/models/configs');

export const bundledFiles = (): string[] =>
  existsSync(configsFolder) ? readdirSync(configsFolder).filter((name) => name.endsWith('.json')) : [];

export const sourceOf = (id: string, config: unknown): ModelSource => ({
  id,
  config,
  origin: 'file',
  source: 'a test',
  revision: null,
  safetensors: null,
  addedAt: null,
});

export const idOfFile = (file: string): string => file.replace(/\.json$/, '').replace('__', '/');

export function bundledSource(id: string): ModelSource {
  const file = join(configsFolder, `${id.replace('/', '__')}.json`);
  const config: unknown = JSON.parse(readFileSync(file, 'utf8'));
  return { ...sourceOf(id, config), origin: 'bundled' };
}

export const bundledModel = (id: string): Model => analyzeModel(bundledSource(id));

/** Llama-2-7B, the smallest file the reader accepts, with fields replaced or added. */
export const llamaConfig = (changes: Record<string, unknown> = {}): Record<string, unknown> => ({
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_size: 4096,
  intermediate_size: 11008,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  num_key_value_heads: 32,
  vocab_size: 32000,
  max_position_embeddings: 4096,
  tie_word_embeddings: false,
  ...changes,
});

export const analyze = (config: unknown): Model => analyzeModel(sourceOf('test/model', config));

export const llama = (changes: Record<string, unknown> = {}): Model => analyze(llamaConfig(changes));

export const mixtral = (changes: Record<string, unknown> = {}): Model =>
  llama({
    architectures: ['MixtralForCausalLM'],
    model_type: 'mixtral',
    intermediate_size: 14336,
    num_key_value_heads: 8,
    num_local_experts: 8,
    num_experts_per_tok: 2,
    ...changes,
  });
