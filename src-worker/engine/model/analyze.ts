import { invalidInput, type ConfigIqError } from '../errors.ts';
import { readCheckpoint } from './checkpoint.ts';
import { readDecoder } from './decoder.ts';
import { GENERIC_FAMILY } from './families/generic.ts';
import { familyOf } from './families/registry.ts';
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
  'supported are decoders with multi-head, grouped-query or multi-query attention and dense or mixture-of-experts networks';
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

/** Refuses files that describe something else than a language model: pipelines, encoders, embedding models. */
function checkGenerates(
  fields: ConfigFields,
  modelType: string,
  architecture: string | null,
  family: Pick<DecoderFamily, 'architectures'> | null,
  endings: readonly string[],
): void {
  if (architecture === null || family?.architectures?.includes(architecture)) return;
  if (endings.some((ending) => architecture.endsWith(ending))) return;
  if (architecture.endsWith('ForConditionalGeneration')) throw refuseKind(fields, modelType, 'multimodal');
  const name = architecture.slice(0, LONGEST_NAME);
  const sentence = `${name} does not generate text (an encoder, embedding, reward or diffusion model), so it has no tokens per second to size; ${SUPPORTED}.`;
  throw unsupported(fields.modelId, modelType, sentence);
}

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
 * An unknown `model_type` with the standard decoder fields is computed from them, `isEstimated`, with every assumption
 * listed. Throws ConfigIqError of the family `invalid_input`: `config_invalid` (a field is missing or cannot be),
 * `model_unsupported` (a kind of model that is not read yet).
 */
export function analyzeModel(source: ModelSource): Model {
  const fields = new ConfigFields(source.id, source.config);
  const outerType = readModelType(fields);
  const [architecture = null] = fields.optionalTexts(['architectures'], 100) ?? [];
  const isRefused = unsupportedModelType(outerType) !== null;
  const multimodal = multimodalOf(outerType) ?? (isRefused ? null : unknownMultimodal(fields, outerType));
  const { text, modelType } = multimodal ? readText(fields, multimodal) : { text: fields, modelType: outerType };
  const known = familyOf(modelType);
  const reason = unsupportedModelType(modelType) ?? telltaleReason(text, known !== null, multimodal !== null);
  if (reason) throw refuseKind(fields, modelType, reason);
  if (multimodal) checkGenerates(fields, outerType, architecture, multimodal, MULTIMODAL_ENDINGS);
  else checkGenerates(fields, modelType, architecture, known, GENERATOR_ENDINGS);

  const decoder = readDecoder(text, known ?? GENERIC_FAMILY);
  const checkpoint = readCheckpoint(text, decoder.layers.length);
  const textFrame = { ...decoder, numLayers: decoder.layers.length, fields: text };
  const towers = multimodal?.towers.flatMap((read) => read(fields, textFrame)) ?? [];
  const model = { ...decoder, towers };
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
      known === null || multimodal?.isEstimated === true || towers.some(({ assumption }) => assumption !== undefined),
    assumptions: [
      ...decoder.assumptions,
      ...towers.flatMap(({ assumption }) => assumption ?? []),
      ...(multimodal?.assumptions?.(fields) ?? []),
      ...(checkpoint.problem === undefined ? [] : [checkpoint.problem]),
    ],
    totalParameters: total,
    activeParameters: activeParameters(model),
    checkpoint,
  };
}

/** Keys that a model around a decoder may write beside the decoder's object instead of in it. */
const OUTER_KEYS = ['tie_word_embeddings', 'vocab_size', 'quantization_config', 'compression_config'];

/** The text decoder inside a multimodal file: its fields and its own `model_type`. */
function readText(fields: ConfigFields, family: MultimodalFamily): { text: ConfigFields; modelType: string } {
  const { textModelType, textFields = (text) => text } = family;
  const otherwise = typeof textModelType === 'string' ? textModelType : textModelType(fields);
  const name = family.text.find((candidate) => fields.has(candidate));
  if (name === undefined) {
    if (!fields.has(...NAMES.numLayers)) throw fields.missing(family.text, 'the object with the fields of the decoder');
    return { text: textFields(fields), modelType: otherwise };
  }
  const inner = fields.inner(name, {}, OUTER_KEYS);
  const written = inner.optionalText(['model_type'])?.slice(0, LONGEST_NAME) ?? otherwise;
  // Some files write the name of the whole model into the decoder's object.
  const modelType = multimodalOf(written) ? otherwise : written;
  return { text: textFields(withTextDefaults(inner, modelType)), modelType };
}
