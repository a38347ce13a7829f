import { engineLabel } from '../memory/engine-name.ts';
import type { EngineDefaults } from '../memory/types.ts';
import type { CheckpointFormat, Precision } from '../model/types.ts';
import { BF16_CAPABILITY, FP4_CAPABILITY, FP8_GFX_GENERATION } from './capabilities.ts';
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
  | { kind: 'unsupported'; sentence: string; margin: PrecisionMargin | null };

/** By how much a GPU falls short of what a format needs. */
export interface PrecisionMargin {
  metric: 'compute_capability' | 'gfx_version';
  value: number;
  limit: number;
  unit: '';
}

/** INT8 tensor units pay only where their peak is well above the 16-bit one (FIDELITY.md section 2, "Peak F"). */
const INT8_WORTHWHILE_RATIO = 1.2;

/** `8.9` for NVIDIA; null for others. */
export function nvidiaCapability(gpu: Gpu): number | null {
  if (gpu.vendor !== 'nvidia' || gpu.computeCapability === null) return null;
  const value = Number.parseFloat(gpu.computeCapability);
  return Number.isFinite(value) ? value : null;
}

/** What an engine version says of formats and GPUs, as far as it is asked here. */
type FormatTable = Pick<EngineDefaults, 'engine' | 'lowestCapability' | 'lowestCapabilityOfMethod'>;

/** Lowest NVIDIA compute capability that something runs on, and what it is. */
export interface FormatNeed {
  /** Who needs it: `vLLM`. */
  engine: string;
  /** null = it runs on no GPU with this engine. */
  capability: number | null;
  /** `fp8`, or `awq` of a checkpoint. */
  name: string;
}

/**
 * What an engine version needs for a weight format: as the format asks, or the way the checkpoint stores it where that asks
 * for more (AWQ needs Turing where GPTQ runs on Volta).
 */
export function formatNeed(engine: FormatTable, precision: Precision, checkpoint: CheckpointFormat): FormatNeed {
  const label = engineLabel(engine.engine);
  const lowest = engine.lowestCapability[precision] ?? null;
  const format = { engine: label, capability: lowest, name: precision };
  if (lowest === null) return format;
  if (checkpoint.method === null || checkpoint.precision !== precision) return format;
  const name = checkpoint.method.replace(/_marlin$/, '');
  const capability = engine.lowestCapabilityOfMethod[name] ?? 0;
  return capability > lowest ? { engine: label, capability, name: `${name} checkpoints` } : format;
}

/** What a maker's GPUs run. */
const BUILDS: Readonly<Record<string, string>> = { nvidia: 'CUDA', amd: 'ROCm' };

const isAmdCdna3OrLater = (gpu: Gpu): boolean => gfxGeneration(gpu) >= FP8_GFX_GENERATION;

/** Can the engine start on this GPU at all? Returns the sentence when it cannot. */
export function engineRefusal(
  gpu: Gpu,
  { engine, vendors, minComputeCapability }: Pick<EngineDefaults, 'engine' | 'vendors' | 'minComputeCapability'>,
): { sentence: string; capability: number } | null {
  const label = engineLabel(engine);
  const capability = nvidiaCapability(gpu);
  if (capability !== null) {
    if (capability >= minComputeCapability) return null;
    const sentence = `${label} needs compute capability ${minComputeCapability.toFixed(1)}; ${gpu.name} has ${capability.toFixed(1)}.`;
    return { sentence, capability };
  }
  if (vendors.includes(gpu.vendor)) return null;
  const builds = vendors.map((vendor) => BUILDS[vendor] ?? vendor).join(' and ');
  const [which, verb] = vendors.length > 1 ? ['builds', 'do'] : ['build', 'does'];
  return {
    sentence: `${label}'s ${builds} ${which}, which this engine models, ${verb} not run on ${gpu.name}.`,
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

/** `gfx942` -> 94: the generation, whatever the stepping. */
const gfxGeneration = (gpu: Gpu): number => Number(/^gfx(\d\d)/.exec(gpu.computeCapability ?? '')?.[1] ?? 0);

function unsupported(gpu: Gpu, limit: number, sentence: string): PrecisionSupport {
  const margin = { metric: 'compute_capability', value: nvidiaCapability(gpu) ?? 0, limit, unit: '' } as const;
  return { kind: 'unsupported', sentence, margin };
}

/**
 * What a precision becomes on a GPU (NUMBERS.md, Precision): FP8 below sm89 and MXFP4 below sm100 shrink the weights but
 * compute at the 16-bit rate, NVFP4 needs its units, bf16 needs Ampere. `need` is what the engine asks for (`formatNeed`);
 * left out, only the GPU is asked.
 */
export function precisionSupport(gpu: Gpu, precision: Precision, need?: FormatNeed): PrecisionSupport {
  const capability = nvidiaCapability(gpu);
  const has = capability === null ? 'it has none' : `it has ${capability.toFixed(1)}`;
  if (precision === 'bf16' && !gpu.supportsBf16) {
    const sentence = `${gpu.name} has no bf16 (compute capability ${BF16_CAPABILITY.toFixed(1)} and up, ${has}); use fp16.`;
    return unsupported(gpu, BF16_CAPABILITY, sentence);
  }
  if (precision === 'nvfp4' && gpu.vendor !== 'nvidia') {
    const sentence = `NVFP4 is an NVIDIA format (compute capability ${FP4_CAPABILITY.toFixed(1)} and up); ${gpu.name} does not run it.`;
    return unsupported(gpu, FP4_CAPABILITY, sentence);
  }
  if (precision === 'nvfp4' && gpu.peaks.fp4FlopPerS === undefined) {
    const sentence = `${gpu.name} has no NVFP4 units (compute capability ${FP4_CAPABILITY.toFixed(1)} and up, ${has}).`;
    return unsupported(gpu, FP4_CAPABILITY, sentence);
  }
  if (need?.capability === null) {
    return { kind: 'unsupported', sentence: `${need.engine} does not run ${need.name}.`, margin: null };
  }
  if (need && capability !== null && capability < need.capability) {
    const sentence = `${need.engine} runs ${need.name} from compute capability ${need.capability.toFixed(1)}; ${gpu.name} has ${capability.toFixed(1)}.`;
    return unsupported(gpu, need.capability, sentence);
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
        const sentence = `${need?.engine ?? 'vLLM'} runs FP8 on AMD from gfx94x (MI300) on; ${gpu.name} is ${gpu.computeCapability ?? 'older'}.`;
        const value = gfxGeneration(gpu);
        const margin = { metric: 'gfx_version', value, limit: FP8_GFX_GENERATION, unit: '' } as const;
        return { kind: 'unsupported', sentence, margin };
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
