import { invalidInput, type ConfigIqError } from '../errors.ts';
import { readCheckpoint } from './checkpoint.ts';
import { readDecoder } from './decoder.ts';
import { familyOfClass, isDecoderBody, modelTypeOfClass } from './families/architectures.ts';
import { ambiguousKinds, betrayedKinds, GENERIC_FAMILY } from './families/generic.ts';
import { familyOf, isPlainFamily } from './families/registry.ts';
import type { DecoderFamily } from './families/types.ts';
import { reasonWords, telltaleReason, unsupportedModelType, type UnsupportedReason } from './families/unsupported.ts';
import { ConfigFields } from './fields.ts';
import { NAMES } from './frame.ts';
import { activeParameters, totalParameters } from './parameters.ts';
import { unknownMultimodal } from './towers/generic.ts';
import { multimodalOf } from './towers/registry.ts';
import { withTextDefaults } from './towers/text-defaults.ts';
import type { MultimodalFamily } from './towers/types.ts';
import type { Model, ModelSource } from './types.ts';

const SUPPORTED =
  'supported are decoders with multi-head, grouped-query, multi-query or latent attention and dense or mixture-of-experts networks';
const LONGEST_NAME = 60;

/** Endings of `architectures` entries that generate text, and of those that do so around a decoder. */
const GENERATOR_ENDINGS = ['ForCausalLM', 'LMHeadModel'];
const MULTIMODAL_ENDINGS = [...GENERATOR_ENDINGS, 'ForConditionalGeneration'];

/** Far above any model; below 2^53 with room, so that sums of parameters stay exact. */
const MOST_PARAMETERS = 1e15;

function unsupported(modelId: string, modelType: string | null, sentence: string): ConfigIqError {
  return invalidInput('model_unsupported', sentence, { model: modelId, model_type: modelType });
}

function refuseKind(fields: ConfigFields, modelType: string, reason: UnsupportedReason): ConfigIqError {
  const sentence = `${modelType} uses ${reasonWords(reason)}, which is not supported yet; ${SUPPORTED}.`;
  return unsupported(fields.modelId, modelType, sentence);
}

/**
 * Refuses files that describe something else than a decoder: pipelines, encoders, classifiers, reward models. False for the
 * body of a decoder without a head, which embeds texts.
 */
function readsText(
  fields: ConfigFields,
  modelType: string,
  architecture: string | null,
  family: Pick<DecoderFamily, 'architectures'> | null,
  endings: readonly string[],
): boolean {
  if (architecture === null || family?.architectures?.includes(architecture)) return true;
  if (endings.some((ending) => architecture.endsWith(ending))) return true;
  if (isDecoderBody(architecture, modelType)) return false;
  if (modelTypeOfClass(architecture) !== null) return true;
  if (architecture.endsWith('ForConditionalGeneration')) throw refuseKind(fields, modelType, 'multimodal');
  const name = architecture.slice(0, LONGEST_NAME);
  const sentence = `${name} does not generate text (an encoder, embedding, reward, speech-recognition or diffusion model), so it has no tokens per second to size; ${SUPPORTED}.`;
  throw unsupported(fields.modelId, modelType, sentence);
}

/** How a file is read: by its model_type, else by the class it names, else by its fields alone. */
interface ChosenFamily {
  family: DecoderFamily;
  isKnown: boolean;
  /** What was taken for granted by the choice. */
  assumptions: string[];
}

/** The class that a file of an unknown model_type names, unless its fields betray a kind which that class does not have. */
function classThatFits(fields: ConfigFields, architecture: string | null): ReturnType<typeof familyOfClass> {
  const named = familyOfClass(architecture);
  return named && isPlainFamily(named.family) && betrayedKinds(fields).length > 0 ? null : named;
}

function chooseFamily(fields: ConfigFields, modelType: string, isAround: boolean): ChosenFamily {
  const [architecture = null] = fields.optionalTexts(['architectures'], 100) ?? [];
  const known = familyOf(modelType);
  const reason = unsupportedModelType(modelType);
  if (reason) throw refuseKind(fields, modelType, reason);
  const byClass = known ? null : classThatFits(fields, architecture);
  const readsOwnFields = known !== null || (byClass !== null && !isPlainFamily(byClass.family));
  const telltale = telltaleReason(fields, readsOwnFields, isAround);
  if (telltale) throw refuseKind(fields, modelType, telltale);
  if (known) return { family: known, isKnown: true, assumptions: [] };
  if (byClass) {
    const assumption = `model_type "${modelType}" is not known: the file is read as the class ${byClass.name} that architectures names.`;
    return { family: byClass.family, isKnown: false, assumptions: [assumption] };
  }
  const ambiguous = ambiguousKinds(fields);
  if (ambiguous !== null) {
    const sentence = `${modelType} uses ${ambiguous}, but config.json does not say in which layers (layer_types), so it cannot be estimated; ${SUPPORTED}.`;
    throw unsupported(fields.modelId, modelType, sentence);
  }
  return { family: GENERIC_FAMILY, isKnown: false, assumptions: [] };
}

const EMBEDS =
  'The file names the body of a decoder without an output head: it turns texts into vectors and generates none.';

function readModelType(fields: ConfigFields): string {
  if (fields.has('_class_name')) {
    const name = (fields.optionalText(['_class_name']) ?? '').slice(0, LONGEST_NAME);
    throw unsupported(fields.modelId, null, `${name} is a diffusion pipeline, not a language model; ${SUPPORTED}.`);
  }
  const modelType = fields.optionalText(['model_type']);
  if (modelType === null) throw fields.missing(['model_type'], 'for example "llama"; it decides how the file is read');
  return modelType.slice(0, LONGEST_NAME);
}

/**
 * Reads a Hugging Face `config.json` into a list of layers with exact parameter counts (COUNTING rules of the Transformers
 * modelling code: tied matrices once, logical counts for quantized files, no multi-token-prediction blocks).
 *
 * An unknown `model_type` is read as the class that `architectures` names, else computed from its fields, `isEstimated` with
 * every assumption listed. The body of a known decoder without a head is counted; it does not generate text. Throws ConfigIqError of the family `invalid_input`: `config_invalid` (a field is missing or cannot be),
 * `model_unsupported` (a kind of model that is not read yet).
 */
export function analyzeModel(source: ModelSource): Model {
  const fields = new ConfigFields(source.id, source.config);
  const outerType = readModelType(fields);
  const [architecture = null] = fields.optionalTexts(['architectures'], 100) ?? [];
  const isRefused = unsupportedModelType(outerType) !== null;
  const multimodal = multimodalOf(outerType) ?? (isRefused ? null : unknownMultimodal(fields, outerType));
  const { text, modelType } = multimodal ? readText(fields, multimodal) : { text: fields, modelType: outerType };
  const { family, isKnown, assumptions } = chooseFamily(text, modelType, multimodal !== null);
  const generatesText = multimodal
    ? readsText(fields, outerType, architecture, multimodal, MULTIMODAL_ENDINGS)
    : readsText(fields, modelType, architecture, isKnown ? family : null, GENERATOR_ENDINGS);

  const decoder = readDecoder(text, family, generatesText);
  const textFrame = { ...decoder, numLayers: decoder.layers.length, fields: text };
  const towers = multimodal?.towers.flatMap((read) => read(fields, textFrame)) ?? [];
  const model = { ...decoder, towers };
  const { checkpoint, assumptions: ofCheckpoint } = readCheckpoint(fields, text, model);
  const total = totalParameters(model);
  if (total > MOST_PARAMETERS) {
    const sentence = `config.json of ${source.id}: its sizes multiply to ${total.toPrecision(3)} parameters: check hidden_size, num_hidden_layers and intermediate_size (at most ${MOST_PARAMETERS.toPrecision(1)} in all).`;
    throw invalidInput('config_invalid', sentence, { model: source.id, field: 'num_hidden_layers', value: total });
  }
  return {
    id: source.id,
    architecture: architecture ?? outerType,
    ...model,
    isEstimated:
      !isKnown ||
      (family.isEstimated?.(text) ?? false) ||
      multimodal?.isEstimated === true ||
      towers.some(({ assumption }) => assumption !== undefined),
    generatesText,
    assumptions: [
      ...assumptions,
      ...decoder.assumptions,
      ...towers.flatMap(({ assumption }) => assumption ?? []),
      ...(multimodal?.assumptions?.(fields) ?? []),
      ...(generatesText ? [] : [EMBEDS]),
      ...ofCheckpoint,
    ],
    totalParameters: total,
    activeParameters: activeParameters(model),
    checkpoint,
  };
}

/** `analyzeModel` for questions about tokens per second: refuses models that generate none (`model_unsupported`). */
export function analyzeGenerator(source: ModelSource): Model {
  const model = analyzeModel(source);
  if (model.generatesText) return model;
  const sentence = `${source.id} turns texts into vectors and generates none, so it has no tokens per second to size; "model show" counts it.`;
  throw unsupported(source.id, null, sentence);
}

/** Keys that a model around a decoder may write beside the decoder's object instead of in it. */
const OUTER_KEYS = ['tie_word_embeddings', 'vocab_size', 'quantization_config', 'compression_config'];

/** The text decoder inside a multimodal file: its fields and its own `model_type`. */
function readText(fields: ConfigFields, family: MultimodalFamily): { text: ConfigFields; modelType: string } {
  const { textModelType, textDefaults = {}, textFields = (text) => text } = family;
  const otherwise = typeof textModelType === 'string' ? textModelType : textModelType(fields);
  const name = family.text.find((candidate) => fields.has(candidate));
  if (name === undefined) {
    if (!fields.has(...NAMES.numLayers)) throw fields.missing(family.text, 'the object with the fields of the decoder');
    return { text: textFields(fields.withDefaults(textDefaults)), modelType: otherwise };
  }
  const inner = fields.inner(name, textDefaults, OUTER_KEYS);
  const written = inner.optionalText(['model_type'])?.slice(0, LONGEST_NAME) ?? otherwise;
  // Some files write the name of the whole model into the decoder's object.
  const modelType = multimodalOf(written) ? otherwise : written;
  return { text: textFields(withTextDefaults(inner, modelType)), modelType };
}
