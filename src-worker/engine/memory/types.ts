import type { Precision } from '../model/types.ts';

/** The command line of one version range: what differs between versions, and what each refuses. */
export interface EngineCommands {
  /** Words that start a server, before the model: `vllm serve`. */
  serve: string;
  /** Words that start the benchmark of a server; null where the version has no such command. */
  benchmark: string | null;
  /** null where a server is one replica. */
  dataParallelFlag: string | null;
  prefixCaching: { isDefault: boolean; onFlag: string; offFlag: string | null };
  /** False: a step has to hold the longest request whole. */
  hasChunkedPrefill: boolean;
  /** Value of --quantization by the precision it makes of a 16-bit checkpoint while loading. */
  quantizedWhileLoading: Partial<Record<Precision, string>>;
  /** `quant_method` of the checkpoints it loads, as config.json names them. */
  checkpointMethods: string[];
  /** Classes it refuses to run in float16. */
  bfloat16Architectures: string[];
}

/** How an engine divides the memory of a GPU. */
export type MemoryRule =
  | {
      /** vLLM: a share of the GPU holds weights, the activation peak of a profiling run, and the KV cache. */
      kind: 'share_of_total';
      /** Activation peak per profiled token and hidden unit; null = as the calibration profile has it. */
      activationBytesPerTokenHidden: number | null;
    }
  | {
      /** TensorRT-LLM: a share of what weights and a reserve leave is KV cache. */
      kind: 'share_of_free';
      /** Activations, CUDA context, communication buffers. */
      reserveBytes: number;
    }
  | {
      /** SGLang: a share of what the driver leaves holds weights and the KV cache; activations live in the rest. */
      kind: 'static_share';
      /** Share by the GPUs of a group, largest group first; below all of them `gpuMemoryUtilization` holds. */
      shareFromGpus: readonly { gpus: number; share: number }[];
    };

/** Prompts are computed in steps of their own, which keep decodes waiting. */
export interface SeparatePrefill {
  /** Longest context (max_model_len) it holds for; above it prompts are cut up and share steps. null = any. */
  upToContextTokens: number | null;
  /** A step has to hold the longest prompt: prompts are never cut up. */
  hasWholePrompts: boolean;
  /** Token budget of a step above `upToContextTokens`; null where there is no above. */
  maxNumBatchedTokensAbove: number | null;
}

/** Defaults of one version range of a serving engine (catalogs/engines). */
export interface EngineDefaults {
  /** `vllm`, `trtllm` or `sglang`. */
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
  /** Share of memory the engine takes, of what its memory rule says. */
  gpuMemoryUtilization: number;
  memoryRule: MemoryRule;
  /** null = prompts share steps with decodes (chunked prefill). */
  separatePrefill: SeparatePrefill | null;
  kvBlockTokens: number;
  /** Makers whose GPUs it has builds for. */
  vendors: readonly string[];
  /** Lowest NVIDIA compute capability the engine starts on. */
  minComputeCapability: number;
  /** True where CUDA graphs count inside gpu_memory_utilization; before, they were captured beside it. */
  hasCudaGraphsInBudget: boolean;
  /** True where windowed layers keep their window only; before, they were given the cache of the whole context. */
  hasHybridKvCache: boolean;
  /**
   * Lowest NVIDIA compute capability each weight format runs on, as weight-only where the GPU lacks its units; absent = the
   * engine does not run the format.
   */
  lowestCapability: Readonly<Partial<Record<Precision, number>>>;
  /** The same of ways to store a format, by `quant_method`. */
  lowestCapabilityOfMethod: Readonly<Record<string, number>>;
  /** Kinds of attention (and of what stands in its place) without kernels in the engine. */
  unsupportedLayers: readonly string[];
  /** Kinds of attention whose kernels need newer NVIDIA GPUs. */
  lowestCapabilityOfLayer: Readonly<Record<string, number>>;
  /** Lowest NVIDIA compute capability with an attention kernel that reads an FP8 KV cache. */
  lowestCapabilityOfFp8Cache: number;
  /** Formats whose checkpoints bring an FP8 KV cache along, which is used unless told otherwise. */
  fp8CacheWith: readonly Precision[];
  /** null = no launch command is known. */
  command: EngineCommands | null;
  source: string;
}
