import { constantOf, familyOf, generationOf } from '../calibration/lookup.ts';
import type { CalibrationProfile } from '../calibration/types.ts';
import type { PrecisionSupport } from '../hardware/precision.ts';
import type { Gpu } from '../hardware/types.ts';
import type { Precision } from '../model/types.ts';
import { MS_PER_S } from '../units.ts';

/** What the rates of a step depend on beside the calibration. */
export interface RatedHardware {
  gpu: Gpu;
  /** Share of the GPU an instance sells: 1, or less for a vGPU slice. */
  gpuShare: number;
  precision: Precision;
  support: Exclude<PrecisionSupport, { kind: 'unsupported' }>;
  /** Engine generation of the calibration. */
  generation: string;
}

/** Rates one GPU reaches; the peak is that of the data sheet. */
export interface Rates {
  weightBytesPerMs: number;
  kvBytesPerMs: number;
  expertBytesPerMs: number;
  gemmFlopPerMs: number;
  gemm16FlopPerMs: number;
  attentionFlopPerMs: number;
  decodeAttentionFlopPerMs: number;
  peakBytesPerMs: number;
  act16BytesPerMs: number;
}

/** A format without units of its own runs through the weight-only kernels of its width, and takes their factors. */
export function kernelFormat({ precision, support }: Pick<RatedHardware, 'precision' | 'support'>): Precision {
  if (support.kind === 'native') return precision;
  if (precision === 'fp8') return 'w8a16';
  return precision === 'mxfp4' ? 'int4' : precision;
}

/** Achieved rates: catalog peaks times calibrated shares, capped so that no prediction beats the data sheet. */
export function achievedRates(hardware: RatedHardware, calibration: CalibrationProfile): Rates {
  const { gpu, gpuShare, precision, support } = hardware;
  const format = kernelFormat(hardware);
  const overheads = generationOf(calibration, hardware.generation);
  const { factors } = familyOf(calibration, gpu);
  const ownBandwidth = calibration.gpuBandwidthFactors[gpu.id] ?? 1;

  const peakBytesPerMs = (gpu.memoryBandwidthBytesPerS * gpuShare) / MS_PER_S;
  const peak16FlopPerMs = (gpu.peaks.fp16FlopPerS * gpuShare) / MS_PER_S;
  const peakFlopPerMs = (support.peakFlopPerS * gpuShare) / MS_PER_S;

  const bandwidthShare =
    constantOf(calibration, 'bandwidthEfficiency') * factors.bandwidth * ownBandwidth * overheads.bandwidthFactor;
  const maxBandwidth = constantOf(calibration, 'maxBandwidthEfficiency');
  const formatShare = bandwidthShare * calibration.precisionBandwidthFactors[format];
  const computeShare = constantOf(calibration, 'computeEfficiency') * factors.compute * overheads.computeFactor;
  const maxCompute = constantOf(calibration, 'maxComputeEfficiency');
  const expert8 = precision === 'fp8' ? constantOf(calibration, 'expertReadFactorFp8') : 1;
  const expertShare = formatShare * constantOf(calibration, 'expertReadFactor') * expert8 * overheads.expertReadFactor;
  const kvShare = bandwidthShare * constantOf(calibration, 'kvReadEfficiency') * overheads.kvFactor;
  const maxExpert = constantOf(calibration, 'maxExpertBandwidthEfficiency');

  const decodeAttentionShare = Math.min(
    constantOf(calibration, 'decodeAttentionComputeEfficiency') * (overheads.decodeAttentionFactor ?? 1),
    maxCompute,
  );

  return {
    weightBytesPerMs: peakBytesPerMs * Math.min(formatShare, maxBandwidth),
    act16BytesPerMs: peakBytesPerMs * Math.min(bandwidthShare, maxBandwidth),
    kvBytesPerMs: peakBytesPerMs * Math.min(kvShare, maxBandwidth),
    expertBytesPerMs: peakBytesPerMs * Math.min(expertShare, maxExpert),
    gemmFlopPerMs: peakFlopPerMs * Math.min(computeShare * calibration.precisionComputeFactors[format], maxCompute),
    gemm16FlopPerMs: peak16FlopPerMs * Math.min(computeShare, maxCompute),
    attentionFlopPerMs: peak16FlopPerMs * Math.min(constantOf(calibration, 'attentionEfficiency'), maxCompute),
    decodeAttentionFlopPerMs: peak16FlopPerMs * decodeAttentionShare,
    peakBytesPerMs,
  };
}
