import { describe, expect, test } from 'vitest';
import { bestOf } from '../../../src-renderer/format/best-of.ts';
import { metric, metricOfColumn } from '../../../src-worker/protocol/metrics.ts';
import { gpuFamily, GPU_FAMILIES, gpuLabel } from '../../../src-renderer/format/names.ts';
import { memoryParts, stepParts, phaseLimit } from '../../../src-renderer/format/parts.ts';
import { SWEEP_COLUMNS } from '../../../src-worker/protocol/sweep-columns.ts';
import { ROWS } from '../fixtures/documents.ts';

describe('best of', () => {
  test('one card per criterion, each with its winner', () => {
    expect(bestOf(ROWS).map(({ criterion, figure, detail }) => [criterion, figure, detail])).toEqual([
      ['Cheapest', '$1.86/h', '1 × g6e.xlarge, L40S FP8'],
      ['Fastest first token', '31 ms TTFT P95', '1 × p5.4xlarge, $6.88/h'],
      ['Fastest stream', '167 tokens/s', '1 × p5.4xlarge, $6.88/h'],
      ['Most headroom, cost ≤ 2×', '4.0× the load', '1 × g7e.2xlarge, $2.80/h'],
    ]);
  });

  test('a tie with the cheapest says so, and nothing wins where nothing passes', () => {
    expect(
      bestOf(ROWS.slice(0, 1))
        .slice(1)
        .map((card) => card.detail),
    ).toEqual(Array(3).fill('same as cheapest'));
    expect(bestOf([])).toEqual([]);
  });
});

describe('registry of metrics', () => {
  test('every column it names is one of a sweep', () => {
    const columns = SWEEP_COLUMNS.map((column) => column.name as string);
    const ids = ['ttft_p95', 'tpot_p50', 'e2e_p99', 'usd_per_hour', 'usd_per_1m_output_tokens', 'capacity_share'];
    for (const id of ids) {
      expect(columns).toContain(metric(id).column);
      expect(metricOfColumn(metric(id).column!)?.id).toBe(id);
    }
  });

  test('speed is the other face of time per token', () => {
    expect(metric('speed_per_user').value(ROWS[1]!)).toBe(100);
    expect(metric('speed_per_user').value({ ...ROWS[1]!, tpot_ms: { ...ROWS[1]!.tpot_ms, p50: null } })).toBeNull();
  });

  test('asking for what is not registered is a mistake that shows', () => {
    expect(() => metric('ttft_p42')).toThrow('ttft_p42');
  });
});

describe('names of GPUs', () => {
  test.each([
    ['nvidia-l40s', 'L40S', 'Ada'],
    ['nvidia-a100-80gb-pcie', 'A100 80GB PCIe', 'Ampere, HBM'],
    ['nvidia-a10g', 'A10G', 'Ampere, GDDR'],
    ['nvidia-a10', 'A10', 'Ampere, GDDR'],
    ['nvidia-rtx-pro-6000-blackwell', 'RTX PRO 6000', 'Blackwell'],
    ['nvidia-rtx-6000-ada', 'RTX 6000 Ada', 'Ada'],
    ['nvidia-rtx-a6000', 'RTX A6000', 'Ampere, GDDR'],
    ['nvidia-h100-nvl', 'H100 NVL', 'Hopper'],
    ['nvidia-gh200-96gb', 'GH200 96GB', 'Hopper'],
    ['nvidia-h20-141gb', 'H20 141GB', 'Hopper'],
    ['nvidia-gb200', 'GB200', 'Blackwell'],
    ['nvidia-b300', 'B300', 'Blackwell'],
    ['nvidia-rtx-5090', 'RTX 5090', 'Blackwell'],
    ['nvidia-rtx-4090d', 'RTX 4090D', 'Ada'],
    ['amd-mi300x', 'MI300X', 'AMD Instinct'],
    ['nvidia-t4', 'T4', 'Others'],
    ['google-tpu-v5e', 'TPU v5e', 'Others'],
    ['intel-gaudi3', 'Gaudi 3', 'Others'],
  ])('%s reads %s and belongs to %s', (id, label, family) => {
    expect(gpuLabel(id)).toBe(label);
    expect(GPU_FAMILIES[gpuFamily(id)]?.label).toBe(family);
  });
});

describe('parts of a whole', () => {
  test('the parts of a step add up to the step, the small ones on one line', () => {
    const parts = stepParts(ROWS[0]!.step_time_ms.decode);
    expect(parts.reduce((sum, part) => sum + part.value, 0)).toBeCloseTo(15.82, 10);
    expect(parts.map((part) => part.label)).toEqual([
      'Attention and dense weights',
      'Read KV cache',
      'Launch and scheduling',
      'Everything else',
    ]);
  });

  test('a part nobody named yet is shown under its own name', () => {
    expect(stepParts({ state_update: 1, total: 1 })[0]?.label).toBe('state update');
    // Projections read weights or compute with them: the color says which of the two a phase waits for.
    const step = { projections: 9, kv_read: 1, total: 10 };
    expect(stepParts(step).map(({ color }) => color)).toEqual(['--part-memory', '--chart-seq-3']);
    expect(stepParts(step, 'compute')[0]?.color).toBe('--part-compute');
  });

  test('a phase is limited by what its planned step stands under on the roofline', () => {
    const point = { batch: 1, tokens: 1, tflops_per_s: 1 };
    const roofline = {
      ...{ precision: 'fp16', peak_tflops_per_s: 1, reached_tflops_per_s: 1 },
      ...{ peak_bandwidth_tb_per_s: 1, reached_bandwidth_tb_per_s: 1, ridge_flop_per_byte: 200 },
      points: [
        { ...point, phase: 'prefill' as const, flop_per_byte: 900, is_planned: true },
        { ...point, phase: 'decode' as const, flop_per_byte: 900, is_planned: false },
        { ...point, phase: 'decode' as const, flop_per_byte: 40, is_planned: true },
      ],
    };
    expect([phaseLimit(roofline, 'prefill'), phaseLimit(roofline, 'decode')]).toEqual(['compute', 'memory']);
    expect(phaseLimit(null, 'prefill')).toBe('memory');
  });

  test('memory adds up to the GPU', () => {
    const { memory } = ROWS[0]!;
    expect(memoryParts(memory).reduce((sum, part) => sum + part.value, 0)).toBeCloseTo(memory.total_gib, 10);
  });
});
