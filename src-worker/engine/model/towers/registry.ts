import type { ConfigFields } from '../fields.ts';
import { ARIA_FAMILIES } from './families/aria.ts';
import { AUDIO_FAMILIES } from './families/audio.ts';
import { BLIP_FAMILIES } from './families/blip.ts';
import { DEEPSEEK_VL_FAMILIES } from './families/deepseek-vl.ts';
import { ERNIE_FAMILIES } from './families/ernie.ts';
import { FUYU_FAMILIES } from './families/fuyu.ts';
import { GEMMA_FAMILIES } from './families/gemma.ts';
import { GLM_4V, GLM_FAMILIES } from './families/glm.ts';
import { IDEFICS_FAMILIES } from './families/idefics.ts';
import { INTERNVL_FAMILIES } from './families/internvl.ts';
import { KIMI_FAMILIES } from './families/kimi.ts';
import { LLAMA_FAMILIES } from './families/llama.ts';
import { LLAVA_FAMILIES } from './families/llava.ts';
import { MINICPM_FAMILIES } from './families/minicpm.ts';
import { MINIMAX_FAMILIES } from './families/minimax.ts';
import { MOLMO_FAMILIES } from './families/molmo.ts';
import { NEMOTRON_VL_FAMILIES } from './families/nemotron-vl.ts';
import { OCR_FAMILIES } from './families/ocr.ts';
import { OVIS_FAMILIES } from './families/ovis.ts';
import { PAINTING_FAMILIES } from './families/painting.ts';
import { PHI_FAMILIES } from './families/phi.ts';
import { QWEN_VL_FAMILIES } from './families/qwen-vl.ts';
import { QWEN_VL } from './families/qwen1-vl.ts';
import { SIGLIP_BASED_FAMILIES } from './families/siglip-based.ts';
import { STEP_FAMILIES } from './families/step.ts';
import type { MultimodalFamily } from './types.ts';

const FAMILIES: ReadonlyMap<string, MultimodalFamily> = new Map(
  [
    ARIA_FAMILIES,
    AUDIO_FAMILIES,
    BLIP_FAMILIES,
    DEEPSEEK_VL_FAMILIES,
    ERNIE_FAMILIES,
    FUYU_FAMILIES,
    GEMMA_FAMILIES,
    GLM_FAMILIES,
    IDEFICS_FAMILIES,
    INTERNVL_FAMILIES,
    KIMI_FAMILIES,
    LLAMA_FAMILIES,
    LLAVA_FAMILIES,
    MINICPM_FAMILIES,
    MINIMAX_FAMILIES,
    MOLMO_FAMILIES,
    NEMOTRON_VL_FAMILIES,
    OCR_FAMILIES,
    OVIS_FAMILIES,
    PAINTING_FAMILIES,
    PHI_FAMILIES,
    QWEN_VL_FAMILIES,
    SIGLIP_BASED_FAMILIES,
    STEP_FAMILIES,
  ].flatMap((table) => Object.entries(table)),
);

/** How a model of this outer `model_type` holds its text decoder, or null when it is none around one. */
export const multimodalOf = (modelType: string): MultimodalFamily | null => FAMILIES.get(modelType) ?? null;

/** Decoders that see where their file describes a picture part, by `model_type`: its object and how such a file is read. */
const SEEING_DECODERS: Readonly<Record<string, { part: string; family: MultimodalFamily }>> = {
  chatglm: { part: 'vision_config', family: GLM_4V },
  qwen: { part: 'visual', family: QWEN_VL },
};

/** How a file of a decoder is read that has the object of a picture part; null for a plain decoder. */
export function seeingDecoderOf(modelType: string, fields: ConfigFields): MultimodalFamily | null {
  const seeing = Object.hasOwn(SEEING_DECODERS, modelType) ? SEEING_DECODERS[modelType] : undefined;
  return seeing && fields.has(seeing.part) ? seeing.family : null;
}

/** Every outer model_type that is read, in alphabetical order. */
export const multimodalTypes = (): string[] => [...FAMILIES.keys()].sort();
