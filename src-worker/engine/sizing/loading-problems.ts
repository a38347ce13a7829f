import { BF16_CAPABILITY } from '../hardware/capabilities.ts';
import type { Gpu } from '../hardware/types.ts';
import { engineName } from '../memory/engine-name.ts';
import type { EngineDefaults } from '../memory/types.ts';
import type { Scheme } from '../model/quantization/stored.ts';
import type { CheckpointFormat, WeightClass } from '../model/types.ts';

/* What keeps an engine from loading a model although it would fit. */

type Engine = Pick<EngineDefaults, 'engine' | 'version' | 'command'>;

interface DtypeQuestion {
  /** First entry of `architectures`. */
  architecture: string;
  gpu: Pick<Gpu, 'name' | 'supportsBf16'>;
  engine: Engine;
}

/** True for classes that the engine refuses to run in float16. */
export const needsBfloat16 = ({ architecture, engine }: Pick<DtypeQuestion, 'architecture' | 'engine'>): boolean =>
  engine.command?.bfloat16Architectures.includes(architecture) ?? false;

/** Why a class that needs bfloat16 does not start on this GPU, whatever its weights are stored as; null where it does. */
export function float16Problem({ architecture, gpu, engine }: DtypeQuestion): string | null {
  if (gpu.supportsBf16 || !needsBfloat16({ architecture, engine })) return null;
  return `${engineName(engine)} refuses to run ${architecture} in float16, and ${gpu.name} has no bf16: take a GPU of compute capability ${BF16_CAPABILITY.toFixed(1)} or more.`;
}

interface SplitQuestion {
  modelId: string;
  checkpoint: CheckpointFormat;
  tensorParallel: number;
  engine: Pick<Engine, 'engine' | 'version'>;
}

interface SplitProblem {
  sentence: string;
  /** The most GPUs below that it can be split over. */
  fewer: number;
}

/** Classes whose inputs a group of GPUs splits by the width of the FFN. */
const SPLIT_CLASSES: ReadonlySet<WeightClass> = new Set<WeightClass>(['denseFfn', 'sharedExperts', 'experts']);

/** How many inputs share a scale where no GPU may hold a part of that: whole numbers in groups, and FP8 in blocks. */
function wholeGroup({ precision, groupRows, groupColumns }: Scheme, weightClass: WeightClass): number {
  const isBlock = precision === 'fp8' && (groupRows ?? 0) > 1;
  // Kernels for experts in whole numbers stand in for one another; FP8 blocks have one.
  const isGroup = (precision === 'int4' || precision === 'w8a16') && weightClass !== 'experts';
  return isBlock || isGroup ? (groupColumns ?? 1) : 1;
}

/**
 * Why a quantized checkpoint cannot be split over so many GPUs: what one of them holds must be whole groups or blocks of
 * weights that share a scale. vLLM checks it while it builds the layers and stops (model_executor/layers/quantization: awq.py,
 * fp8.py, utils/marlin_utils.py).
 */
export function splitProblem({ modelId, checkpoint, tensorParallel, engine }: SplitQuestion): SplitProblem | null {
  for (const schemes of new Set(checkpoint.stored?.layers ?? [])) {
    for (const [{ name, weightClass, columns, splitsInputs }, scheme] of schemes) {
      if (!splitsInputs || !SPLIT_CLASSES.has(weightClass)) continue;
      const group = wholeGroup(scheme, weightClass);
      const isWhole = (gpus: number): boolean => (columns / gpus) % group === 0;
      if (isWhole(tensorParallel)) continue;
      let fewer = tensorParallel - 1;
      while (fewer > 1 && (tensorParallel % fewer > 0 || !isWhole(fewer))) fewer -= 1;
      const sentence = `${engineName(engine)} does not split ${modelId} over ${tensorParallel} GPUs: of the ${columns} inputs of ${name} each would hold ${columns / tensorParallel}, no multiple of the ${group} that share a scale. Ask for --tp ${fewer}.`;
      return { sentence, fewer };
    }
  }
  return null;
}
