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
import { activeParameters, eachWeight, totalParameters } from './parameters.ts';
import { unreadParts } from './towers/described.ts';
import { unknownMultimodal } from './towers/generic.ts';
import { multimodalOf, seeingDecoderOf } from './towers/registry.ts';
import { withTextDefaults } from './towers/text-defaults.ts';
import type { MultimodalFamily } from './towers/types.ts';
import type { FactsOf } from './source.ts';
import type { Model, ModelSource } from './types.ts';

const SUPPORTED =
  'supported are decoders that generate text, with attention or a recurrence of any known kind, alone or behind a vision or audio part';
const LONGEST_NAME = 60;

/** Endings of `architectures` entries that generate text, and of those that do so around a decoder. */
const GENERATOR_ENDINGS = ['ForCausalLM', 'LMHeadModel'];
const MULTIMODAL_ENDINGS = [...GENERATOR_ENDINGS, 'ForConditionalGeneration'];

/**
 * Classes around a decoder that do something else than writing text. All others of a file whose decoder was found do: their
 * names follow no rule (`Ovis`, `NVLM_D`, `SkyworkChatModel`).
 */
const OTHER_TASKS = /(Classification|Retrieval|Embeddings?|Rank(ing|er)|Reward|Scor(ing|er)|Encoder|(?<!Chat)Model)$/;

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
  if (endings === MULTIMODAL_ENDINGS && !OTHER_TASKS.test(architecture)) return true;
  if (architecture.endsWith('ForConditionalGeneration')) throw refuseKind(fields, modelType, 'multimodal');
  const name = architecture.slice(0, LONGEST_NAME);
  const sentence = `${name} does not generate text (an encoder, embedding, reward, speech-recognition or diffusion model), so it has no tokens per second to size; ${SUPPORTED}.`;
  throw unsupported(fields.modelId, modelType, sentence);
}

/** A field speaks of a kind, and the file does not say enough of it to be estimated. */
function refuseTelltale(fields: ConfigFields, modelType: string, reason: UnsupportedReason): ConfigIqError {
  const sentence = `${modelType} uses ${reasonWords(reason)}, and its config.json does not describe them in a way that is known, so it cannot be estimated; ${SUPPORTED}.`;
  return unsupported(fields.modelId, modelType, sentence);
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
  const telltale = telltaleReason(fields, readsOwnFields, isAround, betrayedKinds(fields).length > 0);
  if (telltale) throw refuseTelltale(fields, modelType, telltale);
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

const isSize = (value: number): boolean => Number.isSafeInteger(value) && value >= 1;

/** Refuses a file whose sizes, each in range, leave a matrix with no rows or a part of one: fewer features than heads, say. */
function checkSizes(modelId: string, model: Pick<Model, 'outside' | 'layers' | 'towers'>): void {
  eachWeight(model, ({ name, rows, columns, count, splitUnits }) => {
    if ([rows, columns, count, splitUnits].every(isSize)) return;
    const shape = `${count} of ${rows} x ${columns}`;
    const sentence = `config.json of ${modelId}: the sizes it gives make ${name} a matrix that cannot be (${shape}): check widths and heads of that part, each must leave at least 1.`;
    throw invalidInput('config_invalid', sentence, { model: modelId, field: name, value: shape });
  });
}

/** Numbers, lists and objects that decide neither shape nor size: training, sampling, positions, tokens, bookkeeping. */
const NO_SIZES = [
  /_token_(id|index)$|^(bos|eos|pad|sep|cls)_|token_ids?$/,
  /dropout|_pdrop$|_drop$|_eps(ilon)?$|^eps$|^initializer_|^init_|_init$|_std$|^seed$/,
  /^rope_|rotary|^partial_|_theta$|scaling$|_scale$|_multiplier$|softcap|^logits?_|_cap(ping)?$|_alpha$|_beta$|temperature/,
  /_loss|_coef$|_weight$|^aux_|^router_|^output_|^id2label$|^label2id$|^auto_map$|^architectures$|^task_|^pruned_heads$/,
  /^transformers_version$|^torch_dtype$|^dtype$|^problem_type$|^quantization_config$|^compression_config$|^pretraining_tp$/,
  /^num_return_sequences$|^num_beams|^num_labels$|^(max|min)_length$|^top_[kp]$|^length_penalty$|^repetition_penalty$/,
  /^chunk_size_feed_forward$|^use_cache$|^n_group$|^topk_group$|^norm_topk_prob$|^moe_capacity/,
];

/** Names what an estimate left unread: there may be more to the model than was counted. */
function unreadSentence(text: ConfigFields): string[] {
  const unread = text.unasked().filter((name) => !NO_SIZES.some((pattern) => pattern.test(name)));
  if (unread.length === 0) return [];
  const shown = unread.slice(0, MOST_NAMED).join(', ');
  const more = unread.length > MOST_NAMED ? ` and ${unread.length - MOST_NAMED} more` : '';
  return [`Not read, and not counted if they stand for parts of the model: ${shown}${more}.`];
}

/** Fields named in one sentence. */
const MOST_NAMED = 12;

const EMBEDS =
  'The file names the body of a decoder without an output head: it turns texts into vectors and generates none.';

/** Files that lie beside a config.json or stand for one elsewhere, by a field that only they have. */
const OTHER_FILES: readonly (readonly [field: string, words: string])[] = [
  ['peft_type', 'the file of an adapter (adapter_config.json): give the config.json of its base model'],
  ['tokenizer_class', 'the file of a tokenizer (tokenizer_config.json): give the config.json beside it'],
  ['do_sample', 'a generation_config.json: give the config.json beside it'],
  ['temperature', 'a generation_config.json: give the config.json beside it'],
  [
    'ssm_cfg',
    'the original format of Mamba: give the config.json of the version for Transformers (its name ends in -hf)',
  ],
  [
    'n_layers',
    'the original format of Llama or Mistral (params.json): give the config.json of the version for Transformers',
  ],
];

/** A file without model_type that is recognized as another one is told so: adding model_type would make nonsense of it. */
function refuseOtherFile(fields: ConfigFields): void {
  const found = OTHER_FILES.find(([field]) => fields.has(field));
  if (!found) return;
  const [field, words] = found;
  const sentence = `config.json of ${fields.modelId}: its field ${field} says that it is ${words}.`;
  throw invalidInput('config_invalid', sentence, { model: fields.modelId, field, value: null });
}

function readModelType(fields: ConfigFields): string {
  if (fields.has('_class_name')) {
    const name = (fields.optionalText(['_class_name']) ?? '').slice(0, LONGEST_NAME);
    throw unsupported(fields.modelId, null, `${name} is a diffusion pipeline, not a language model; ${SUPPORTED}.`);
  }
  const modelType = fields.optionalText(['model_type']);
  if (modelType === null) refuseOtherFile(fields);
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
  const multimodal = isRefused ? null : multimodalFor(fields, outerType);
  const { text, modelType } = multimodal ? readText(fields, multimodal) : { text: fields, modelType: outerType };
  const { family, isKnown, assumptions } = chooseFamily(text, modelType, multimodal !== null);
  const generatesText = multimodal
    ? readsText(fields, outerType, architecture, multimodal, MULTIMODAL_ENDINGS)
    : readsText(fields, modelType, architecture, isKnown ? family : null, GENERATOR_ENDINGS);

  const decoder = readDecoder(text, family, generatesText);
  const textFrame = { ...decoder, numLayers: decoder.layers.length, fields: text };
  const towers = multimodal?.towers.flatMap((read) => read(fields, textFrame)) ?? [];
  const model = { ...decoder, towers };
  const unread = unreadParts(fields, multimodal?.leavesOut);
  checkSizes(source.id, model);
  const { checkpoint, assumptions: ofCheckpoint } = readCheckpoint(fields, text, model);
  const total = totalParameters(model);
  if (total > MOST_PARAMETERS) {
    const sentence = `config.json of ${source.id}: its sizes multiply to ${total.toPrecision(3)} parameters: check hidden_size, num_hidden_layers and intermediate_size (at most ${MOST_PARAMETERS.toPrecision(1)} in all).`;
    throw invalidInput('config_invalid', sentence, { model: source.id, field: 'num_hidden_layers', value: total });
  }
  return {
    id: source.id,
    ...(source.factsOf && { factsOf: source.factsOf }),
    architecture: architecture ?? outerType,
    ...(needsRemoteCode(fields, architecture) && { needsRemoteCode: true }),
    ...model,
    isEstimated:
      !isKnown ||
      decoder.isEstimated ||
      (family.isEstimated?.(text) ?? false) ||
      multimodal?.isEstimated === true ||
      towers.some(({ assumption }) => assumption !== undefined) ||
      unread.length > 0,
    generatesText,
    assumptions: [
      ...(source.factsOf ? [sameArchitectureSentence(source.id, source.factsOf)] : []),
      ...assumptions,
      ...decoder.assumptions,
      ...(multimodal?.assumptions?.(fields) ?? []),
      ...towers.flatMap(({ assumption }) => assumption ?? []),
      ...unread.map(notCounted),
      ...(isKnown ? [] : unreadSentence(text)),
      ...(generatesText ? [] : [EMBEDS]),
      ...ofCheckpoint,
    ],
    totalParameters: total,
    activeParameters: activeParameters(model),
    checkpoint,
  };
}

/** Code of the repository for a class that neither vLLM's registry nor Transformers is known to have. */
const needsRemoteCode = (fields: ConfigFields, architecture: string | null): boolean =>
  fields.has('auto_map') && (architecture === null || modelTypeOfClass(architecture) === null);

/** Whose facts stand for a model that is not bundled itself. */
export function sameArchitectureSentence(id: string, { id: base, differs }: FactsOf): string {
  const facts = `Facts of ${base}, whose architecture is the same`;
  if (differs.length === 0) return `${facts} as that of ${id}.`;
  return `${facts}; ${differs.join(' and ')} ${differs.length === 1 ? 'is that' : 'are those'} of ${id}.`;
}

/** `analyzeModel` for questions about tokens per second: refuses models that generate none (`model_unsupported`). */
export function analyzeGenerator(source: ModelSource): Model {
  const model = analyzeModel(source);
  if (model.generatesText) return model;
  throw unsupported(source.id, null, embedsSentence(source.id));
}

/** Why a model that embeds texts is counted but not sized. */
export const embedsSentence = (id: string): string =>
  `${id} turns texts into vectors and generates none: it is counted, but has no tokens per second to size.`;
/** How a file with parts beside its decoder is read; null for a decoder alone. */
const multimodalFor = (fields: ConfigFields, outerType: string): MultimodalFamily | null =>
  multimodalOf(outerType) ??
  seeingDecoderOf(outerType, fields) ??
  unknownMultimodal(fields, outerType, familyOf(outerType) !== null);

const notCounted = (name: string): string =>
  `config.json describes a part by ${name.slice(0, LONGEST_NAME)} that is not read: it is not counted.`;

/** Keys that a model around a decoder may write beside the decoder's object instead of in it. */
const OUTER_KEYS = ['tie_word_embeddings', 'vocab_size', 'quantization_config', 'compression_config'];

/** The text decoder inside a multimodal file: its fields and its own `model_type`. */
function readText(fields: ConfigFields, family: MultimodalFamily): { text: ConfigFields; modelType: string } {
  const { textModelType, textDefaults = {}, textFields = (text) => text } = family;
  const otherwise = typeof textModelType === 'string' ? textModelType : textModelType(fields);
  const name = family.text.find((candidate) => fields.has(candidate));
  if (name === undefined) {
    const text = textFields(fields);
    if (text.has(...NAMES.numLayers)) return { text: text.withDefaults(textDefaults), modelType: otherwise };
    const [object] = family.text;
    throw object === undefined
      ? fields.missing(NAMES.numLayers, 'the number of decoder layers')
      : fields.missing(family.text, 'the object with the fields of the decoder');
  }
  const inner = fields.inner(name, textDefaults, OUTER_KEYS);
  const written = inner.optionalText(['model_type'])?.slice(0, LONGEST_NAME) ?? otherwise;
  // Some files write the name of the whole model into the decoder's object.
  const modelType = multimodalOf(written) ? otherwise : written;
  return { text: textFields(withTextDefaults(inner, modelType)), modelType };
}
