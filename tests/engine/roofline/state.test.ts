import { describe, expect, test } from 'vitest';
import { decodeWork, promptWork } from '../../../src-worker/engine/roofline/step-work.ts';
import { compileStepPlan } from '../../../src-worker/engine/roofline/step-plan.ts';
import { stepBreakdown, stepTimeMs } from '../../../src-worker/engine/roofline/step-time.ts';
import { kvLayout } from '../../../src-worker/engine/model/kv.ts';
import { precisionSupport } from '../../../src-worker/engine/hardware/precision.ts';
import { fabricFor } from '../../../src-worker/engine/communication/fabric.ts';
import { analyze } from '../model/bundled.ts';
import { calibrationOf, gpuOf, modelOf, stepPlanOf } from '../world.ts';
import { decodes, prompt } from './made-plans.ts';

const H100 = 'nvidia-h100-80gb';
describe('step time of models with a constant state', () => {
  const mamba = stepPlanOf('tiiuae/falcon-mamba-7b-instruct', H100);

  test('a decode of a pure state model does not depend on the context, a prompt takes time in proportion to its tokens', () => {
    const at = (context: number) => stepBreakdown(mamba, decodes(16, context)).totalMs;
    expect(at(100)).toBe(at(1_000_000));
    const recurrence = (tokens: number) => stepBreakdown(mamba, prompt(tokens)).partsMs.prompt_attention;
    expect(recurrence(100)).toBeGreaterThan(0);
    expect(recurrence(2000)).toBeCloseTo(20 * recurrence(100), 9);
  });

  test('every sequence reads and writes its state once a step, no faster than the memory is', () => {
    const part = (sequences: number) => stepBreakdown(mamba, decodes(sequences, 500)).partsMs.kv_read;
    expect(part(64)).toBeCloseTo(64 * part(1), 9);
    // 64 layers of 8192 channels, 16 states of 4 bytes and 3 inputs of 2 bytes, read and written.
    const bytes = 2 * 64 * 8192 * (16 * 4 + 3 * 2);
    const peakBytesPerMs = gpuOf(H100).memoryBandwidthBytesPerS / 1000;
    expect(part(1)).toBeGreaterThan(bytes / peakBytesPerMs);
    expect(part(1)).toBeLessThan((2 * bytes) / peakBytesPerMs);
  });

  test('more sequences never take less time, and a longer context of a hybrid never does', () => {
    for (const id of ['Qwen/Qwen3-Next-80B-A3B-Instruct', 'nvidia/Nemotron-H-56B-Base-8K', 'ai21labs/Jamba-v0.1']) {
      const plan = stepPlanOf(id, H100, { tensorParallel: 4 });
      let last = 0;
      for (const sequences of [1, 2, 8, 32, 128, 512]) {
        const { totalMs, partsMs } = stepBreakdown(plan, decodes(sequences, 1000));
        expect(totalMs).toBeGreaterThan(last);
        expect(Number.isFinite(totalMs)).toBe(true);
        expect(totalMs).toBeGreaterThan(plan.weightReadFloorMs);
        expect(partsMs.kv_read).toBeGreaterThan(0);
        last = totalMs;
      }
      const at = (context: number) => stepTimeMs(plan, 16, 16 * context, 0, 0, 0);
      expect(at(8000)).toBeGreaterThan(at(1000));
      // Three quarters of the layers and more keep no cache: ten times the context is far from ten times the time.
      expect(at(10_000)).toBeLessThan(2 * at(1000));
    }
  });

  test('a state in 32 bit costs no less than one in 16 bit', () => {
    const model = (dtype: string) =>
      analyze({
        model_type: 'mamba2',
        hidden_size: 4096,
        num_hidden_layers: 64,
        vocab_size: 32_768,
        mamba_ssm_cache_dtype: dtype,
      });
    const [single, half] = ['float32', 'bfloat16'].map(
      (dtype) => stepBreakdown(stepPlanOf('', H100, { model: model(dtype) }), decodes(64, 1000)).partsMs.kv_read,
    );
    expect(single).toBeGreaterThan(1.9 * (half ?? 0));
    expect(single).toBeLessThan(2 * (half ?? 0));
  });

  test('layers of one sub-layer are reduced and launched once, those of two twice, those of attention beside Mamba-2 three times', () => {
    const latency = (config: Record<string, unknown>) => {
      const base = { hidden_size: 4096, intermediate_size: 8192, num_attention_heads: 32, vocab_size: 32_000 };
      const model = analyze({ num_key_value_heads: 8, ...base, ...config });
      return stepPlanOf('', H100, { model, tensorParallel: 2 });
    };
    const llama = latency({ model_type: 'llama', num_hidden_layers: 12 });
    const nemotron = latency({ model_type: 'nemotron_h', hybrid_override_pattern: 'M-M*-M' });
    const falcon = latency({ model_type: 'falcon_h1', num_hidden_layers: 8 });
    const each = llama.communicationLatencyMs / 24;
    expect(nemotron.communicationLatencyMs).toBeCloseTo(6 * each, 9);
    expect(falcon.communicationLatencyMs).toBeCloseTo(24 * each, 9);
    expect(falcon.launchMs).toBe(llama.launchMs);
    expect(nemotron.launchMs).toBeLessThan(llama.launchMs);
  });

  test('the work of a decode counts the state, that of a prompt the recurrence', () => {
    const model = modelOf('tiiuae/falcon-mamba-7b-instruct');
    const gpu = gpuOf(H100);
    const support = precisionSupport(gpu, 'fp16');
    if (support.kind === 'unsupported') throw new Error(support.sentence);
    const subject = {
      model,
      gpu,
      gpuShare: 1,
      precision: 'fp16' as const,
      support,
      kvBytesPerElement: 2 as const,
      tensorParallel: 1,
      fabric: fabricFor(gpu, 1, null),
      calibration: calibrationOf(),
      generation: 'vllm-v1-late',
    };
    const plan = compileStepPlan(subject);
    const one = decodeWork(subject, plan, 1, 1000);
    const two = decodeWork(subject, plan, 2, 1000);
    expect(two.bytes - one.bytes).toBe(2 * kvLayout(model, 2, 1).stateBytes);
    expect(decodeWork(subject, plan, 1, 2_000_000)).toEqual(one);
    const perToken = promptWork(subject, plan, 101, 50).flop - promptWork(subject, plan, 100, 50).flop;
    const weights =
      2 * model.layers.length * (4096 * 16_384 + 8192 * (4 + 1 + 288 + 1 + 16 + 1) + 256 * 8192 + 8192 * 4096);
    expect(perToken).toBeCloseTo(weights + 64 * 7 * 8192 * 16, -3);
  });
});
