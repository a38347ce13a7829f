import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject, onTestFinished } from 'vitest';
import type { ErrorInfo } from '../../src-worker/engine/errors.ts';
import type { Result } from '../../src-worker/protocol/result.ts';
import { createAppService, type AppService, type AppServiceOptions } from '../../src-main/services/app-service.ts';

export const WORKER = inject('workerPath');

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'configiq-services-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** The service as a host starts it, with real threads and a real database; closed when the test ends. */
export function startService(folder: string, options: Partial<AppServiceOptions> = {}): AppService {
  let ticks = 0;
  const now = () => new Date(Date.UTC(2026, 0, 5, 9, 0, ticks++));
  const service = createAppService({
    host: 'cli',
    dataFolder: folder,
    workerPath: WORKER,
    workers: 2,
    // A cache of this machine is no part of a test.
    environment: { HF_HOME: join(folder, 'huggingface') },
    now,
    ...options,
  });
  onTestFinished(() => service.close());
  return service;
}

export function valueOf<Value>(result: Result<Value>): Value {
  if (!result.ok) expect.fail(`${result.error.code}: ${result.error.message}`);
  return result.value;
}

export function errorOf(result: Result<unknown>): ErrorInfo {
  if (result.ok) expect.fail('answered, although a failure was expected');
  return result.error;
}

/** A small config of our own, so that no test depends on the bundled ones. */
export const tinyLlama = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_size: 2048,
  intermediate_size: 5632,
  num_hidden_layers: 22,
  num_attention_heads: 32,
  num_key_value_heads: 4,
  vocab_size: 32_000,
  max_position_embeddings: 2048,
  tie_word_embeddings: false,
  torch_dtype: 'bfloat16',
};

/** Its parameters, added up by hand: embedding and head, per layer q and o, k and v, three FFN matrices, two norms, and the last norm. */
export const TINY_LLAMA_PARAMETERS =
  2 * 32_000 * 2048 + 22 * (2 * 2048 * 2048 + 2 * 2048 * 256 + 3 * 2048 * 5632 + 2 * 2048) + 2048;
