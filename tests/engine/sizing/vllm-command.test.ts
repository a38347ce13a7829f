import { describe, expect, test } from 'vitest';
import { commandText, vllmCommand, type CommandQuestion } from '../../../src-worker/engine/sizing/vllm-command.ts';
import type { EngineDefaults } from '../../../src-worker/engine/memory/types.ts';
import { facts, gpuOf, modelOf } from '../world.ts';

function engine(version: string): EngineDefaults {
  const found = facts.engines.find((entry) => entry.version === version);
  if (!found) throw new Error(`no engine ${version}`);
  return found;
}

const question: CommandQuestion = {
  modelId: 'meta-llama/Llama-3.1-70B-Instruct',
  architecture: 'LlamaForCausalLM',
  checkpoint: { precision: 'fp16', method: null },
  precision: 'fp16',
  kvCacheDtype: 'auto',
  gpu: gpuOf('nvidia-h100-80gb'),
  tensorParallel: 4,
  pipelineParallel: 1,
  dataParallel: 1,
  limits: {
    maxNumBatchedTokens: 8192,
    maxNumSeqs: 1024,
    gpuMemoryUtilization: 0.92,
    kvBlockTokens: 16,
    hasCudaGraphsInBudget: true,
    hasHybridKvCache: true,
    hasSeparatePrefill: false,
    profiledTokens: 8192,
    memoryRule: { kind: 'share_of_total', activationBytesPerTokenHidden: null },
  },
  servedTokens: 1280,
  hasPrefixCache: false,
  engine: engine('0.22'),
};

function text(changes: Partial<CommandQuestion> = {}): string {
  const command = vllmCommand({ ...question, ...changes });
  if (command.kind === 'refused') throw new Error(command.sentence);
  return commandText(command);
}

function refusal(changes: Partial<CommandQuestion>): string {
  const command = vllmCommand({ ...question, ...changes });
  if (command.kind === 'command') throw new Error(`not refused: ${commandText(command)}`);
  return command.sentence;
}

const awq = { precision: 'int4', method: 'awq' } as const;

test('every figure of the plan stands in the command', () => {
  expect(text()).toBe(
    'vllm serve meta-llama/Llama-3.1-70B-Instruct --tensor-parallel-size 4 --max-model-len 1280 --max-num-seqs 1024 ' +
      '--max-num-batched-tokens 8192 --gpu-memory-utilization 0.92 --dtype float16 --no-enable-prefix-caching',
  );
});

test('pipeline stages and replicas of an instance are flags where there are several', () => {
  expect(text({ pipelineParallel: 2, dataParallel: 3 })).toContain(
    '--tensor-parallel-size 4 --pipeline-parallel-size 2 --data-parallel-size 3 --max-model-len',
  );
});

test('fp8 is made while loading a 16-bit file, never asked of a quantized one; fp8 KV cache and prefix caching are flags', () => {
  expect(text({ precision: 'fp8', kvCacheDtype: 'fp8', hasPrefixCache: true })).toMatch(
    /--quantization fp8 --kv-cache-dtype fp8$/,
  );
  expect(text({ checkpoint: awq, precision: 'int4' })).not.toMatch(/--quantization|--dtype/);
});

test('an id a shell would read as more than a word is quoted', () => {
  const command = text({ modelId: "$(touch x); echo 'y" });
  expect(command.startsWith(`vllm serve '$(touch x); echo '\\''y' --tensor-parallel-size`)).toBe(true);
});

describe('what would not come up is refused', () => {
  test('a precision the 16-bit checkpoint does not hold and vLLM does not make: says which checkpoint is needed', () => {
    expect(refusal({ precision: 'int4' })).toMatch(/Llama-3\.1-70B-Instruct holds fp16: int4 needs .*AWQ, GPTQ/);
    expect(refusal({ precision: 'int8' })).toMatch(/compressed-tensors checkpoint with 8-bit weights and activations/);
    for (const precision of ['w8a16', 'nvfp4', 'mxfp4'] as const) {
      expect(refusal({ precision })).toContain('quantization "checkpoint"');
    }
  });

  test('a quantized checkpoint in another precision', () => {
    expect(refusal({ checkpoint: awq, precision: 'fp8' })).toMatch(
      /holds int4: fp8 needs an FP8 checkpoint, or the 16-bit/,
    );
    expect(refusal({ checkpoint: awq, precision: 'fp16' })).toContain('fp16 needs the 16-bit checkpoint');
  });

  test('a format the version dropped, or did not know yet', () => {
    const hqq = { precision: 'int4', method: 'hqq' } as const;
    expect(refusal({ checkpoint: hqq, precision: 'int4' })).toMatch(/^vLLM 0\.22 does not load hqq checkpoints/);
    expect(text({ checkpoint: hqq, precision: 'int4', engine: engine('0.11') })).toContain('vllm serve');
    const mxfp4 = { precision: 'mxfp4', method: 'mxfp4' } as const;
    expect(refusal({ checkpoint: mxfp4, precision: 'mxfp4', engine: engine('0.7') })).toContain('does not load mxfp4');
  });

  test('a checkpoint whose format cannot be told', () => {
    const unknown = { precision: 'fp16', method: 'vptq', problem: 'It does not tell its format.' } as const;
    expect(refusal({ checkpoint: unknown })).toBe('It does not tell its format.');
  });

  test('Gemma 2 in float16 on a GPU without bf16; with it, bfloat16 takes its place', () => {
    const gemma = { modelId: 'google/gemma-2-9b', architecture: 'Gemma2ForCausalLM' };
    expect(text(gemma)).toContain('--dtype bfloat16');
    expect(refusal({ ...gemma, gpu: gpuOf('nvidia-t4') })).toMatch(/refuses to run Gemma2ForCausalLM in float16/);
  });
});

describe('by version', () => {
  test('an engine whose commands are not known gives none, and says so', () => {
    const trtllm = facts.engines.find((entry) => entry.engine === 'trtllm');
    expect(trtllm && refusal({ engine: trtllm })).toBe(
      'No launch command of TensorRT-LLM 1.2 is known: start it by hand with the limits shown.',
    );
  });

  test('every version from 0.3 on has a table, with a source of its own', () => {
    for (const { version, command } of facts.engines.filter((entry) => entry.engine === 'vllm')) {
      if (version === '0.2') {
        expect(command).toBeNull();
        continue;
      }
      if (!command) throw new Error(`vLLM ${version} has no commands`);
      expect(command.serve, version).toMatch(/^(vllm serve|python -m vllm\.)/);
      expect(command.checkpointMethods, version).toEqual(expect.arrayContaining(['awq', 'gptq', 'fp8']));
    }
  });

  test('prefix caching: off by default before 0.8, on from then on; only what differs is said', () => {
    expect(text({ hasPrefixCache: true, engine: engine('0.7') })).toContain('--enable-prefix-caching');
    expect(text({ hasPrefixCache: false, engine: engine('0.7') })).not.toContain('prefix-caching');
    expect(text({ hasPrefixCache: true, engine: engine('0.11') })).not.toContain('prefix-caching');
    expect(text({ hasPrefixCache: false, engine: engine('0.11') })).toContain('--no-enable-prefix-caching');
  });

  test('without chunked prefill a step holds the longest request', () => {
    const long = { servedTokens: 20_000 };
    expect(text({ ...long, engine: engine('0.5') })).toMatch(
      /^python -m vllm\.entrypoints\.openai\.api_server --model meta-llama.* --max-num-batched-tokens 20000 /,
    );
    expect(text(long)).toContain('--max-num-batched-tokens 8192');
  });
});

describe('what a GPU without bf16 is told', () => {
  const t4 = { gpu: gpuOf('nvidia-t4'), tensorParallel: 1 };

  test('float16, since most checkpoints name bfloat16 and vLLM would take that', () => {
    expect(text({ ...t4, precision: 'fp8' })).toContain(' --dtype float16 --quantization fp8');
    expect(text({ ...t4, precision: 'int4', checkpoint: awq })).toContain(' --dtype float16');
  });

  test('elsewhere what is quantized keeps the type it names', () => {
    expect(text({ precision: 'fp8' })).not.toContain('--dtype');
    expect(text({ precision: 'int4', checkpoint: awq })).not.toContain('--dtype');
  });
});

describe('groups of weights that share a scale stay whole', () => {
  const of = (id: string, tensorParallel: number): Partial<CommandQuestion> => {
    const { checkpoint, architecture } = modelOf(id);
    return { modelId: id, architecture, checkpoint, precision: checkpoint.precision, tensorParallel };
  };

  test.each([
    // 13,824 inputs in groups of 128: 108 groups, which four GPUs share and eight do not.
    [
      'Qwen/Qwen2.5-14B-Instruct-GPTQ-Int4',
      8,
      4,
      /of the 13824 inputs of mlp\.down_proj each would hold 1728, .* the 128/,
    ],
    // Experts of 768 in blocks of 128: 6 blocks.
    ['Qwen/Qwen3-30B-A3B-FP8', 4, 2, /each would hold 192, no multiple of the 128/],
  ])('%s over %i GPUs is refused, %i are named', (id, gpus, fewer, words) => {
    expect(refusal(of(id, gpus))).toMatch(words);
    expect(refusal(of(id, gpus))).toContain(`Ask for --tp ${fewer}.`);
    expect(text(of(id, fewer))).toContain(`--tensor-parallel-size ${fewer} `);
  });

  test('what has no groups, or whole ones, is not', () => {
    expect(text(of('Qwen/Qwen2.5-32B-Instruct-AWQ', 8))).toContain('--tensor-parallel-size 8');
    expect(text({ ...of('meta-llama/Llama-3.1-70B-Instruct', 8), precision: 'fp8' })).toContain('--quantization fp8');
    expect(text(of('deepseek-ai/DeepSeek-V3', 8))).toContain('--tensor-parallel-size 8');
    expect(text(of('meta-llama/Llama-3.1-405B-Instruct-FP8', 8))).toContain('--tensor-parallel-size 8');
  });

  test('experts in whole numbers have kernels for parts of a group: 2,048 inputs in groups of 128 on 32 GPUs', () => {
    const kimi = of('moonshotai/Kimi-K2.5', 32);
    const checkpoint = kimi.checkpoint ?? expect.fail('no checkpoint');
    const stored = checkpoint.stored ?? expect.fail('no stored layers');
    const layers = stored.layers.map((schemes) => {
      const experts = [...schemes].filter(([{ weightClass }]) => weightClass === 'experts');
      return new Map(experts.map(([product, scheme]) => [product, { ...scheme, groupColumns: 128 }]));
    });
    const products = layers.flatMap((schemes) => [...schemes.keys()]);
    expect(products.some(({ columns, splitsInputs }) => splitsInputs && (columns / 32) % 128 > 0)).toBe(true);
    expect(text({ ...kimi, checkpoint: { ...checkpoint, stored: { ...stored, layers } } })).toContain(
      '--tensor-parallel-size 32',
    );
  });
});
