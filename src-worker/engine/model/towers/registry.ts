import { ARIA_FAMILIES } from './families/aria.ts';
import { AUDIO_FAMILIES } from './families/audio.ts';
import { DEEPSEEK_VL_FAMILIES } from './families/deepseek-vl.ts';
import { ERNIE_FAMILIES } from './families/ernie.ts';
import { GEMMA_FAMILIES } from './families/gemma.ts';
import { GLM_FAMILIES } from './families/glm.ts';
import { IDEFICS_FAMILIES } from './families/idefics.ts';
import { INTERNVL_FAMILIES } from './families/internvl.ts';
import { KIMI_FAMILIES } from './families/kimi.ts';
import { LLAMA_FAMILIES } from './families/llama.ts';
import { LLAVA_FAMILIES } from './families/llava.ts';
import { MINICPM_FAMILIES } from './families/minicpm.ts';
import { MINIMAX_FAMILIES } from './families/minimax.ts';
import { OVIS_FAMILIES } from './families/ovis.ts';
import { PHI_FAMILIES } from './families/phi.ts';
import { QWEN_VL_FAMILIES } from './families/qwen-vl.ts';
import { SIGLIP_BASED_FAMILIES } from './families/siglip-based.ts';
import { STEP_FAMILIES } from './families/step.ts';
import type { MultimodalFamily } from './types.ts';

const FAMILIES: ReadonlyMap<string, MultimodalFamily> = new Map(
  [
    ARIA_FAMILIES,
    AUDIO_FAMILIES,
    DEEPSEEK_VL_FAMILIES,
    ERNIE_FAMILIES,
    GEMMA_FAMILIES,
    GLM_FAMILIES,
    IDEFICS_FAMILIES,
    INTERNVL_FAMILIES,
    KIMI_FAMILIES,
    LLAMA_FAMILIES,
    LLAVA_FAMILIES,
    MINICPM_FAMILIES,
    MINIMAX_FAMILIES,
    OVIS_FAMILIES,
    PHI_FAMILIES,
    QWEN_VL_FAMILIES,
    SIGLIP_BASED_FAMILIES,
    STEP_FAMILIES,
  ].flatMap((table) => Object.entries(table)),
);

/** How a model of this outer `model_type` holds its text decoder, or null when it is none around one. */
export const multimodalOf = (modelType: string): MultimodalFamily | null => FAMILIES.get(modelType) ?? null;

/** Every outer model_type that is read, in alphabetical order. */
export const multimodalTypes = (): string[] => [...FAMILIES.keys()].sort();
