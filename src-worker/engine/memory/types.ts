import type { Precision } from '../model/types.ts';

/** Defaults of one version range of a serving engine (catalogs/engines). */
export interface EngineDefaults {
  /** `vllm`. */
  engine: string;
  /** Newest version these defaults hold for, for example `0.22`. */
  version: string;
  /** Key of the overheads in a calibration profile, for example `vllm-v1-late`. */
  generation: string;
  /** Used on GPUs with at least `largeGpuMemoryBytes`, other than those named in `smallGpuIds`. */
  large: { maxNumBatchedTokens: number; maxNumSeqs: number };
  small: { maxNumBatchedTokens: number; maxNumSeqs: number };
  largeGpuMemoryBytes: number;
  /** GPUs that take the small defaults whatever their memory (A100). */
  smallGpuIds: string[];
  gpuMemoryUtilization: number;
  kvBlockTokens: number;
  /** Lowest NVIDIA compute capability the engine starts on. */
  minComputeCapability: number;
  /** True where CUDA graphs count inside gpu_memory_utilization; before, they were captured beside it. */
  hasCudaGraphsInBudget: boolean;
  /** True where windowed layers keep their window only; before, they were given the cache of the whole context. */
  hasHybridKvCache: boolean;
  /** Lowest NVIDIA compute capability each weight format runs on, as weight-only where the GPU lacks its units. */
  lowestCapability: Readonly<Record<Precision, number>>;
  /** The same of ways to store a format, by `quant_method`. */
  lowestCapabilityOfMethod: Readonly<Record<string, number>>;
  /** Kinds of attention (and of what stands in its place) without kernels in the engine. */
  unsupportedLayers: readonly string[];
  /** Kinds of attention whose kernels need newer NVIDIA GPUs. */
  lowestCapabilityOfLayer: Readonly<Record<string, number>>;
  source: string;
}
