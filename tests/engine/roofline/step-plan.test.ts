import { describe, expect, test } from 'vitest';
import { compileStepPlan } from '../../../src-worker/engine/roofline/step-plan.ts';
import { calibrationOf, gpuOf, modelOf, stepPlanOf } from '../world.ts';

const attentionOf = (model: string, tensorParallel: number) =>
  stepPlanOf(model, 'nvidia-h200', { tensorParallel, precision: 'fp8', generation: 'vllm-v1-late' }).attention;

const groupOf = (model: string, tensorParallel: number, windowTokens: number | null) => {
  const found = attentionOf(model, tensorParallel).find((group) => group.windowTokens === windowTokens);
  if (!found) throw new Error(`${model} has no layers that attend to ${windowTokens}`);
  return found;
};

describe('the compute roof of attention in decode steps', () => {
  const flopPerMs = (model: string, generation: string, flop: number): number =>
    flop / stepPlanOf(model, 'nvidia-h200', { generation }).attention[0]!.computeMsPerContextToken;

  test('grouped queries leave matrix units idle, by as much as the engine does; latent attention fills them', () => {
    const { constants, generations } = calibrationOf();
    const peak = gpuOf('nvidia-h200').peaks.fp16FlopPerS / 1000;
    const share = constants['decodeAttentionComputeEfficiency']!.value;
    for (const generation of ['vllm-v0', 'vllm-v1-late']) {
      // Four FLOP for each of 32 heads of 128 in 32 layers.
      const reached = flopPerMs('meta-llama/Llama-3.1-8B-Instruct', generation, 4 * 32 * 128 * 32);
      const factor = generations[generation]!.decodeAttentionFactor ?? 1;
      expect(reached / (peak * share * factor)).toBeCloseTo(1, 9);
    }
    // 128 heads x (2 x 512 + 64) x 2 FLOP in 61 layers.
    const latent = flopPerMs('deepseek-ai/DeepSeek-V3', 'vllm-v1-late', 2 * 128 * 1088 * 61);
    expect(latent / (peak * constants['attentionEfficiency']!.value)).toBeCloseTo(1, 9);
  });
});

describe('attention that every GPU of a group does in full', () => {
  test('the heads of latent attention are divided, its cache is read whole by every GPU', () => {
    const one = groupOf('deepseek-ai/DeepSeek-V3', 1, null);
    const eight = groupOf('deepseek-ai/DeepSeek-V3', 8, null);
    // 128 heads fill tiles of 64 rows of queries; the 16 of an eighth meet 576 elements of cache with 1,088 of arithmetic.
    const rows = (16 * 1088) / 576;
    expect(eight.computeMsPerContextToken).toBeCloseTo((one.computeMsPerContextToken / 8) * (64 / rows), 15);
    expect(eight.promptMsPerPair).toBeCloseTo(one.promptMsPerPair / 8, 15);
    expect(eight.readMsPerContextToken).toBe(one.readMsPerContextToken);
  });

  test('an indexer is not divided, what it chooses is', () => {
    const [scores, scoresOfEight] = [1, 8].map((gpus) => groupOf('deepseek-ai/DeepSeek-V3.2', gpus, null));
    expect(scoresOfEight).toEqual(scores);
    const [chosen, chosenOfEight] = [1, 8].map((gpus) => groupOf('deepseek-ai/DeepSeek-V3.2', gpus, 2048));
    const rows = (16 * 1088) / 576;
    expect(chosenOfEight!.computeMsPerContextToken).toBeCloseTo(
      (chosen!.computeMsPerContextToken / 8) * (64 / rows),
      15,
    );
  });

  test('a decode reads the 2,048 chosen vectors and all keys of the indexer', () => {
    const latent = groupOf('deepseek-ai/DeepSeek-V3.2', 8, 2048).readMsPerContextToken;
    const keys = groupOf('deepseek-ai/DeepSeek-V3.2', 8, null).readMsPerContextToken;
    expect(latent / keys).toBeCloseTo((576 * 2) / 132, 12);
  });
});

describe('the time per sequence', () => {
  test('of an offline batch has no part for serving clients, neither by token nor by request; absent means that it has', () => {
    const calibration = calibrationOf();
    const { sequenceUs, streamUs, requestMs } = calibration.generations['vllm-v0']!;
    const gpu = gpuOf('nvidia-h100-80gb');
    const plan = (streams: { streamsTokens?: boolean }) =>
      compileStepPlan({
        model: modelOf('Qwen/Qwen2.5-0.5B'),
        gpu,
        gpuShare: 1,
        precision: 'fp16',
        support: { kind: 'native', peakFlopPerS: gpu.peaks.fp16FlopPerS, warning: null },
        kvBytesPerElement: 2,
        tensorParallel: 1,
        fabric: null,
        calibration,
        generation: 'vllm-v0',
        ...streams,
      });
    expect(plan({ streamsTokens: false }).sequenceMs).toBeCloseTo(sequenceUs / 1000, 12);
    expect(plan({ streamsTokens: true }).sequenceMs).toBeCloseTo((sequenceUs + streamUs) / 1000, 12);
    expect(plan({})).toEqual(plan({ streamsTokens: true }));
    expect(plan({ streamsTokens: false }).requestMs).toBe(0);
    expect(plan({ streamsTokens: true }).requestMs).toBe(requestMs);
  });
});

describe('a profile whose shares are above one', () => {
  test('never beats the data sheets: matrix units, memory, links', () => {
    const calibration = structuredClone(calibrationOf());
    for (const [name, constant] of Object.entries(calibration.constants))
      if (/^(?!max).*Efficiency$/.test(name)) constant.value = 5;
    const gpu = gpuOf('nvidia-h200');
    const plan = stepPlanOf('meta-llama/Llama-3.1-70B-Instruct', gpu.id, { tensorParallel: 4, calibration });
    const [group] = plan.attention;
    // Four FLOP for each of 64 / 4 heads of 128 in 80 layers, and 2 x 2 bytes for each of 8 / 4.
    const flop = 4 * 16 * 128 * 80;
    const bytes = 4 * 2 * 128 * 80;
    expect(flop / group!.promptMsPerPair).toBeLessThan(gpu.peaks.fp16FlopPerS / 1000);
    expect(flop / group!.computeMsPerContextToken).toBeLessThan(gpu.peaks.fp16FlopPerS / 1000);
    expect(bytes / group!.readMsPerContextToken).toBeLessThan(gpu.memoryBandwidthBytesPerS / 1000);
    // Two all-reduces a layer of 8,192 values: 2 x 3 / 4 of them over each link.
    const sent = 160 * 8192 * 2 * 1.5;
    expect(sent / plan.communicationMsPerToken).toBeLessThan(gpu.linkBandwidthPerDirectionBytesPerS! / 1000);
  });
});

describe('messages over PCIe', () => {
  /** ms per token and latency of the all-reduces of an 8B model over four GPUs, for a calibration with one constant changed. */
  const messagesOf = (gpu: string, changed: Record<string, number> = {}) => {
    const calibration = structuredClone(calibrationOf());
    for (const [name, value] of Object.entries(changed)) calibration.constants[name]!.value = value;
    return stepPlanOf('meta-llama/Llama-3.1-8B-Instruct', gpu, { tensorParallel: 4, calibration });
  };
  const share = (gpu: string, changed: Record<string, number>): number => {
    // A ring of four moves 1.5 times the message, two messages a layer and one of the embedding, 2 bytes an element.
    const gbAtOnce = (1.5 * (2 * 32 + 1) * 4096 * 2) / 1e9;
    const peakGbPerMs = (gpuOf(gpu).pcieBandwidthPerDirectionBytesPerS ?? 32e9) / 1e9 / 1000;
    return gbAtOnce / peakGbPerMs / messagesOf(gpu, changed).communicationMsPerToken;
  };
  const [linkEfficiency, pcieLinkFactor, stagedLinkFactor] = [0.9, 0.7, 0.3];
  const changed = { linkEfficiency, pcieLinkFactor, stagedLinkFactor };

  test('reach less of the link where the host stands between the GPUs, and least where its memory does', () => {
    expect(share('nvidia-l40s', changed)).toBeCloseTo(linkEfficiency * pcieLinkFactor, 1);
    const staged = share('nvidia-rtx-4090', changed) / share('nvidia-l40s', changed);
    expect(staged).toBeCloseTo(stagedLinkFactor, 6);
  });

  test('no factor of PCIe touches NVLink', () => {
    const plan = messagesOf('nvidia-h100-80gb', changed);
    expect(messagesOf('nvidia-h100-80gb', { linkEfficiency }).communicationMsPerToken).toBe(
      plan.communicationMsPerToken,
    );
  });
});

describe('layers of weight-only formats', () => {
  test('are launched later by a constant, whatever their width; formats with units of their own are not', () => {
    const model = 'meta-llama/Llama-3.1-8B-Instruct';
    const calibration = structuredClone(calibrationOf());
    const before = calibration.constants['weightOnlyLayerUs']!.value;
    const launches = (precision: 'int4' | 'w8a16' | 'fp8' | 'bf16', us: number): number => {
      calibration.constants['weightOnlyLayerUs']!.value = us;
      return stepPlanOf(model, 'nvidia-h100-80gb', { precision, calibration }).launchMs;
    };
    const layers = 32;
    for (const precision of ['int4', 'w8a16'] as const)
      expect(launches(precision, before + 20) - launches(precision, before)).toBeCloseTo((20 * layers) / 1000, 9);
    for (const precision of ['fp8', 'bf16'] as const)
      expect(launches(precision, before + 20)).toBe(launches(precision, before));
  });
});
