import type { Precision } from '../model/types.ts';
import type { Gpu } from './types.ts';

/** How a GPU computes with a weight format. */
export type PrecisionSupport =
  | {
      kind: 'native';
      /** Dense peak the matrix products run at. */
      peakFlopPerS: number;
      warning: null;
    }
  | {
      /** Weights are small in memory but are multiplied at the 16-bit rate. */
      kind: 'weight_only';
      peakFlopPerS: number;
      warning: string | null;
    }
  | { kind: 'unsupported'; sentence: string };

/**
 * Lowest NVIDIA compute capability the weight-only kernels start on, from vLLM's table of quantization methods against
 * hardware (docs.vllm.ai, "Supported Hardware" under Quantization): GPTQ from Volta, AWQ and W8A8 INT8 from Turing, the
 * Marlin kernels that stand in for FP8 and MXFP4 units from Ampere.
 */
const LOWEST_CAPABILITY: Record<Precision, number> = {
  fp16: 7.0,
  bf16: 8.0,
  int8: 7.5,
  w8a16: 7.0,
  int4: 7.0,
  fp8: 8.0,
  mxfp4: 8.0,
  nvfp4: 10.0,
};

/** INT8 tensor units pay only where their peak is well above the 16-bit one (FIDELITY.md section 2, "Peak F"). */
const INT8_WORTHWHILE_RATIO = 1.2;

/** `8.9` for NVIDIA; null for others. */
export function nvidiaCapability(gpu: Gpu): number | null {
  if (gpu.vendor !== 'nvidia' || gpu.computeCapability === null) return null;
  const value = Number.parseFloat(gpu.computeCapability);
  return Number.isFinite(value) ? value : null;
}

/** Lowest NVIDIA compute capability vLLM runs a weight format on. */
export const lowestCapability = (precision: Precision): number => LOWEST_CAPABILITY[precision];

const isAmdCdna3OrLater = (gpu: Gpu): boolean => /^gfx9[4-9]/.test(gpu.computeCapability ?? '');

/** Can vLLM start on this GPU at all? Returns the sentence when it cannot. */
export function engineRefusal(gpu: Gpu, minComputeCapability: number): { sentence: string; capability: number } | null {
  const capability = nvidiaCapability(gpu);
  if (capability !== null) {
    if (capability >= minComputeCapability) return null;
    const sentence = `vLLM needs compute capability ${minComputeCapability.toFixed(1)}; ${gpu.name} has ${capability.toFixed(1)}.`;
    return { sentence, capability };
  }
  if (gpu.vendor === 'amd') return null;
  return {
    sentence: `vLLM's CUDA and ROCm builds, which this engine models, do not run on ${gpu.name}.`,
    capability: 0,
  };
}

function native(peak: number | undefined, gpu: Gpu): PrecisionSupport {
  return { kind: 'native', peakFlopPerS: peak ?? gpu.peaks.fp16FlopPerS, warning: null };
}

const weightOnly = (gpu: Gpu, warning: string | null): PrecisionSupport => ({
  kind: 'weight_only',
  peakFlopPerS: gpu.peaks.fp16FlopPerS,
  warning,
});

/**
 * What a precision becomes on a GPU (NUMBERS.md, Precision): FP8 below sm89 and MXFP4 below sm100 shrink the weights but
 * compute at the 16-bit rate, NVFP4 needs its units, bf16 needs Ampere.
 */
export function precisionSupport(gpu: Gpu, precision: Precision): PrecisionSupport {
  const capability = nvidiaCapability(gpu);
  const lowest = LOWEST_CAPABILITY[precision];
  if (precision === 'bf16' && !gpu.supportsBf16) {
    return { kind: 'unsupported', sentence: `${gpu.name} has no bf16; use fp16.` };
  }
  if (precision === 'nvfp4' && gpu.peaks.fp4FlopPerS === undefined) {
    return { kind: 'unsupported', sentence: `${gpu.name} has no NVFP4 units (compute capability 10.0 and up).` };
  }
  if (precision === 'nvfp4' && gpu.vendor !== 'nvidia') {
    return { kind: 'unsupported', sentence: `NVFP4 is an NVIDIA format; ${gpu.name} does not run it.` };
  }
  if (capability !== null && capability < lowest) {
    const sentence = `vLLM runs ${precision} from compute capability ${lowest.toFixed(1)}; ${gpu.name} has ${capability.toFixed(1)}.`;
    return { kind: 'unsupported', sentence };
  }
  switch (precision) {
    case 'fp16':
    case 'bf16':
      return native(gpu.peaks.fp16FlopPerS, gpu);
    case 'fp8': {
      const hasUnits = gpu.peaks.fp8FlopPerS !== undefined && (gpu.vendor !== 'amd' || isAmdCdna3OrLater(gpu));
      if (hasUnits) return native(gpu.peaks.fp8FlopPerS, gpu);
      // The kernels that stand in for FP8 units are NVIDIA's (Marlin).
      if (gpu.vendor === 'amd') {
        const sentence = `vLLM runs FP8 on AMD from gfx94x (MI300) on; ${gpu.name} is ${gpu.computeCapability ?? 'older'}.`;
        return { kind: 'unsupported', sentence };
      }
      return weightOnly(gpu, `${gpu.name} has no FP8 units: weights shrink, prefill stays at the 16-bit rate.`);
    }
    case 'int8': {
      const peak = gpu.peaks.int8OpPerS ?? 0;
      const isWorthwhile = peak > INT8_WORTHWHILE_RATIO * gpu.peaks.fp16FlopPerS;
      return isWorthwhile ? native(peak, gpu) : native(gpu.peaks.fp16FlopPerS, gpu);
    }
    case 'nvfp4':
      return native(gpu.peaks.fp4FlopPerS, gpu);
    case 'mxfp4': {
      // MXFP4 weights meet 8-bit activations on parts with FP4 units, hence the FP8 peak (FIDELITY.md section 2).
      if (gpu.peaks.fp4FlopPerS !== undefined) return native(gpu.peaks.fp8FlopPerS, gpu);
      return weightOnly(gpu, `${gpu.name} has no MXFP4 units: weights shrink, prefill stays at the 16-bit rate.`);
    }
    case 'w8a16':
    case 'int4':
      return weightOnly(gpu, null);
  }
}
