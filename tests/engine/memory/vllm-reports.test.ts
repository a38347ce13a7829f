import { describe, expect, test } from 'vitest';
import { expertPaddingBytes } from '../../../src-worker/engine/memory/expert-padding.ts';
import { engineLimits, fitMemory, type MemoryFit } from '../../../src-worker/engine/memory/fit.ts';
import type { EngineDefaults } from '../../../src-worker/engine/memory/types.ts';
import type { Precision } from '../../../src-worker/engine/model/types.ts';
import { weightBytes } from '../../../src-worker/engine/model/weights.ts';
import { gibFromBytes } from '../../../src-worker/engine/units.ts';
import { calibrationOf, facts, gpuOf, modelOf } from '../world.ts';

/** What vLLM wrote at its start, and with which limits it was started. */
interface Report {
  model: string;
  gpu: string;
  tensorParallel: number;
  precision: Precision;
  /** Newest version of the range whose defaults apply. */
  version: string;
  gpuMemoryUtilization: number;
  maxNumBatchedTokens: number;
  maxNumSeqs: number;
  maxModelLen: number;
  /** KV cache as reported, in whichever unit. */
  kvGib?: number;
  kvTokens?: number;
}

/** CONTRACT: KV cache within 3 % of what vLLM reports. */
const TOLERANCE = 0.03;

/**
 * llm-d-planner's table of start-up logs on an H100 of 79.18 GiB with max-model-len 16,000: vLLM V1 before 0.12, whose API
 * server takes 8,192 batched tokens and 1,024 sequences on such a GPU. Utilization 0.9; that of gpt-oss-120b is 0.95, as its
 * parts add up to (64.38 + 7.38 + 0.13 + 3.33 = 75.22 = 0.95 · 79.18).
 */
const h100 = (model: string, precision: Precision, kvGib: number, more: Partial<Report> = {}): Report => ({
  model,
  gpu: 'nvidia-h100-80gb',
  tensorParallel: 1,
  precision,
  version: '0.11',
  gpuMemoryUtilization: 0.9,
  maxNumBatchedTokens: 8192,
  maxNumSeqs: 1024,
  maxModelLen: 16_000,
  kvGib,
  ...more,
});

/** Logs of vLLM 0.15.1 on a T4 (14.58 GiB) at 0.7 with max-model-len 1,024; its defaults there are 2,048 and 256. */
const t4 = (kvTokens: number, maxNumBatchedTokens: number, maxNumSeqs: number): Report => ({
  model: 'TinyLlama/TinyLlama-1.1B-Chat-v1.0',
  gpu: 'nvidia-t4',
  tensorParallel: 1,
  precision: 'fp16',
  version: '0.21',
  gpuMemoryUtilization: 0.7,
  maxNumBatchedTokens,
  maxNumSeqs,
  maxModelLen: 1024,
  kvTokens,
});

const REPORTS: Report[] = [
  h100('openai/gpt-oss-20b', 'mxfp4', 50.28),
  h100('openai/gpt-oss-120b', 'mxfp4', 3.33, { gpuMemoryUtilization: 0.95 }),
  h100('meta-llama/Llama-3.3-70B-Instruct', 'fp8', 32.0, { tensorParallel: 2 }),
  h100('meta-llama/Llama-3.1-8B-Instruct', 'bf16', 51.38),
  h100('Qwen/Qwen3-0.6B', 'bf16', 64.45),
  h100('Qwen/Qwen3-32B', 'bf16', 4.45),
  h100('Qwen/Qwen3-32B', 'bf16', 34.49, { tensorParallel: 2 }),
  t4(372_064, 2048, 256),
  t4(379_184, 1024, 128),
];

function engineOf(version: string): EngineDefaults {
  const engine = facts.engines.find((entry) => entry.version === version);
  if (!engine) throw new Error(`no defaults of vLLM ${version}`);
  return engine;
}

function fitOf(report: Report): MemoryFit {
  const { gpuMemoryUtilization, maxNumBatchedTokens, maxNumSeqs, maxModelLen } = report;
  const gpu = gpuOf(report.gpu);
  return fitMemory({
    model: modelOf(report.model),
    gpu,
    gpuShare: 1,
    precision: report.precision,
    kvBytesPerElement: 2,
    tensorParallel: report.tensorParallel,
    limits: engineLimits(engineOf(report.version), gpu, { gpuMemoryUtilization, maxNumBatchedTokens, maxNumSeqs }),
    calibration: calibrationOf(),
    servedTokens: maxModelLen,
    contextTokens: maxModelLen,
  });
}

function compared(report: Report): { line: string; isOff: boolean } {
  const fit = fitOf(report);
  const [reported, predicted] =
    report.kvTokens === undefined
      ? [report.kvGib ?? 0, gibFromBytes(fit.kvCacheBytes)]
      : [report.kvTokens, fit.kvCacheTokens];
  const error = predicted / reported - 1;
  const parts = [fit.weightsBytes, fit.activationBytes, fit.overheadBytes].map((bytes) =>
    gibFromBytes(bytes).toFixed(2),
  );
  const line = [
    `${report.model} TP ${report.tensorParallel} ${report.precision}`.padEnd(48),
    `${report.maxNumBatchedTokens}/${report.maxNumSeqs} at ${report.gpuMemoryUtilization}`.padEnd(18),
    `reported ${reported}`.padEnd(18),
    `predicted ${predicted.toFixed(2)}`.padEnd(22),
    `${(error * 100).toFixed(2)} %`.padStart(8),
    ` weights ${parts[0]}, activations ${parts[1]}, other ${parts[2]} GiB`,
  ].join(' ');
  return { line, isOff: !(Math.abs(error) <= TOLERANCE) };
}

test('KV cache is within 3 % of what vLLM reports', () => {
  const rows = REPORTS.map(compared);
  const off = rows.filter(({ isOff }) => isOff).map(({ line }) => line);
  expect(off, `\n${rows.map(({ line, isOff }) => `${isOff ? '>' : ' '} ${line}`).join('\n')}\n`).toEqual([]);
});

/*
 * Not in the table: Mistral-Small-3.2-24B at 0.95 (reported: weights 44.76, activations 2.12, KV 28.20 GiB). 2.12 GiB are no
 * activation peak of 1,024 sequences with 131,072 words, and which limits it ran with is not known.
 */
test('Mistral Small, whose limits are not known: the weights are as reported', () => {
  const model = modelOf('mistralai/Mistral-Small-3.1-24B-Instruct-2503');
  expect(Math.abs(gibFromBytes(weightBytes(model, 'bf16')) / 44.76 - 1)).toBeLessThan(0.005);
});

describe('MXFP4 experts as the kernels hold them', () => {
  /** GPUs that split every expert. */
  const gpus = (gpusOfGroup: number) => ({ groups: 1, gpusOfGroup });
  const held = (gpu: string, tensorParallel = 1): number => {
    const model = modelOf('openai/gpt-oss-120b');
    return gibFromBytes(
      weightBytes(model, 'mxfp4') + expertPaddingBytes(model, 'mxfp4', gpuOf(gpu), gpus(tensorParallel)),
    );
  };

  // Logged: 64.38 GiB with the Triton kernels of Hopper (vLLM issue 33155), 65.97 GiB with Marlin (issue 23278).
  test.each([
    ['nvidia-h100-80gb', 64.38],
    ['nvidia-a100-80gb', 65.97],
  ])('gpt-oss-120b on %s: %f GiB as logged', (gpu, gib) => {
    expect(Math.abs(held(gpu) / gib - 1)).toBeLessThan(0.002);
  });

  test('by hand: an expert of three 2880 x 2880 matrices', () => {
    const model = modelOf('openai/gpt-oss-120b');
    const each = (gpu: string): number => expertPaddingBytes(model, 'mxfp4', gpuOf(gpu), gpus(1)) / (36 * 128);
    // Hopper: inputs of each matrix to 3072, half a byte each.
    expect(each('nvidia-h100-80gb')).toBe((3 * 2880 * (3072 - 2880)) / 2);
    // Marlin: hidden size to 3072, width to 2944, values and scales (17 bytes for 32 weights).
    expect(each('nvidia-a100-80gb')).toBe((3 * (3072 * 2944 - 2880 * 2880) * 17) / 32);
    // Blackwell: both to 3072.
    expect(each('nvidia-b200')).toBe((3 * (3072 * 3072 - 2880 * 2880) * 17) / 32);
  });

  test('other formats are held as they are stored', () => {
    const model = modelOf('Qwen/Qwen3-30B-A3B');
    for (const precision of ['fp16', 'fp8', 'int4', 'nvfp4'] as const) {
      expect(expertPaddingBytes(model, precision, gpuOf('nvidia-h100-80gb'), gpus(1))).toBe(0);
    }
  });
});

describe('pipelines', () => {
  const at = (pipelineParallel: number, model = 'meta-llama/Llama-3.1-8B-Instruct') => {
    const gpu = gpuOf('nvidia-h100-80gb');
    return fitMemory({
      model: modelOf(model),
      gpu,
      gpuShare: 1,
      precision: 'fp16',
      kvBytesPerElement: 2,
      tensorParallel: 1,
      pipelineParallel,
      limits: engineLimits(engineOf('0.22'), gpu),
      calibration: calibrationOf(),
      servedTokens: 16,
      contextTokens: 16,
    });
  };

  test('the last stage of Llama-3.1-8B is the tightest: the head and the logits stand there', () => {
    const [one, two] = [at(1), at(2)];
    expect([one.stage, two.stage]).toEqual([0, 1]);
    expect(two.activationBytes).toBe(one.activationBytes);
    // 16 of the 32 layers: half of the 128 KiB a token.
    expect(two.kvBytesPerToken).toBe(64 * 1024);
    // Half the layers (13 GiB / 2), the head and the final norm.
    expect(gibFromBytes(two.weightsBytes)).toBeCloseTo(6.5 + 0.98, 1);
  });

  test('law: a further stage never takes cache away, and two hold less than GPUs without each other’s weights would', () => {
    const tokens = [1, 2, 4, 8].map((stages) => at(stages).kvCacheTokens);
    expect(tokens).toEqual([...tokens].sort((a, b) => a - b));
    // Without weights on any GPU: 2 x budget / bytes of a token.
    expect(tokens[1]).toBeLessThan((2 * at(1).budgetBytes) / (128 * 1024));
  });

  test('Llama-2-70b in 16 bit fits on two H100 in two stages, not on one', () => {
    expect([1, 2].map((stages) => at(stages, 'meta-llama/Llama-2-70b-hf').fits)).toEqual([false, true]);
  });
});
