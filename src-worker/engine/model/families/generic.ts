import { fullWidthNorm, gqaAttention, perHeadNorm } from '../attention/gqa.ts';
import { ATTENTION_KINDS } from '../attention/kinds.ts';
import type { AttentionKindEntry } from '../attention/kind.ts';
import { byLayerType, layerTypes } from '../attention/layer-types.ts';
import { slidingWindow } from '../attention/window.ts';
import { denseFfn, denseFfnByLayer, ffnWeights, writtenWidths } from '../ffn/dense.ts';
import {
  afterDenseLayers,
  gatedSharedExpert,
  interleavedLayers,
  layerRange,
  listedLayers,
  moeFfn,
  sparseSteps,
  type SparseRule,
} from '../ffn/moe.ts';
import { NO_FFN } from '../ffn/none.ts';
import { LIMITS, type ConfigFields } from '../fields.ts';
import { NAMES, type AttentionReader, type FfnReader, type Frame } from '../frame.ts';
import { linear, type Weight } from '../weight.ts';
import type { DecoderFamily, NormKind } from './types.ts';

/** Switches by the names families give them; the first one present holds. */
const QKV_BIAS = ['qkv_bias', 'use_qkv_bias', 'add_qkv_bias', 'attention_bias', 'attn_bias', 'use_bias', 'bias'];
const OUT_BIAS = ['attention_out_bias', 'o_bias', 'attention_bias', 'attn_bias', 'use_bias', 'bias'];
const FFN_BIAS = ['mlp_bias', 'ffn_bias', 'use_bias', 'bias'];
const QK_NORM = ['use_qk_norm', 'qk_norm', 'qk_layernorm', 'use_qk_layernorm', 'normalize_qk_projections'];
const OUTPUT_GATE = ['attn_output_gate', 'use_output_gate', 'attention_output_gate'];
const HEAD_GATE = ['use_head_wise_attn_gate'];
const POST_NORMS = ['use_post_norm', 'sandwich_norm', 'use_sandwich_norm'];
const ROUTER_BIAS = ['use_routing_bias', 'use_moe_router_bias', 'moe_router_enable_expert_bias'];
const GATED = ['ffn_with_glu', 'use_glu', 'mlp_gated', 'gated_mlp'];
const SHARED_COUNT = ['n_shared_experts', 'num_shared_experts', 'num_shared_expert', 'moe_num_shared_experts'];
const SHARED_WIDTH = [
  'shared_expert_intermediate_size',
  'moe_shared_expert_intermediate_size',
  'share_expert_dim',
  'shared_intermediate_size',
];
const ACTIVATION = ['hidden_act', 'hidden_activation', 'activation_function', 'activation'];
const MTP = ['num_nextn_predict_layers', 'mtp_num_hidden_layers', 'num_mtp_modules'];

/** Activations of networks of two matrices in all families that use them. */
const WITHOUT_GATE: ReadonlySet<string> = new Set([
  'relu',
  'relu2',
  'gelu',
  'gelu_new',
  'gelu_fast',
  'quick_gelu',
  'xielu',
]);

const isOn = (fields: ConfigFields, names: readonly string[]): boolean =>
  names.some((name) => fields.has(name)) && fields.flag(names, false);

const hasHeads = (fields: ConfigFields): boolean => fields.has(...NAMES.numHeads);

const entries: readonly AttentionKindEntry[] = Object.values(ATTENTION_KINDS);

/** The kinds, plain attention aside, that the fields of a file betray. */
export function betrayedKinds(fields: ConfigFields): AttentionKindEntry[] {
  const betrayed = entries.filter(({ telltales }) => fields.says(...telltales));
  const included = new Set(betrayed.flatMap(({ includes = [] }) => includes));
  return betrayed.filter((entry) => !included.has(entry));
}

/** Every name of a kind of layer that some registered kind goes by. */
const KNOWN_LAYER_TYPES: readonly string[] = [...new Set(entries.flatMap((entry) => entry.layerTypes))];

const plainAttention = gqaAttention({
  qkvBias: (fields) => isOn(fields, QKV_BIAS),
  outBias: (fields) => isOn(fields, OUT_BIAS),
  qkNorm: (heads, fields) => {
    if (!isOn(fields, QK_NORM)) return 0;
    return fields.optionalText(['qk_norm_type']) === 'per_layer' ? fullWidthNorm(heads) : perHeadNorm(heads);
  },
  hasOutputGate: (fields) => isOn(fields, OUTPUT_GATE),
  extraWeights: ({ numHeads }, fields, { hiddenSize }) =>
    isOn(fields, HEAD_GATE)
      ? linear('attention', 'self_attn.g_proj', numHeads, hiddenSize, { splitUnits: numHeads })
      : [],
  // Only a file that has the switch can turn its window off.
  window: (fields, frame) =>
    slidingWindow(fields.has('use_sliding_window') ? { enabledBy: 'use_sliding_window' } : {})(fields, frame),
});

/** What an unknown file says of its attention, before anything is built from it. */
interface ChosenAttention {
  read: AttentionReader;
  /** The kinds in words; empty for plain attention. */
  kinds: AttentionKindEntry[];
}

/** How a kind is read: the plain one with the switches above, the others by their usual names. */
const readerOf = (entry: AttentionKindEntry): AttentionReader =>
  entry === ATTENTION_KINDS.gqa ? plainAttention : entry.read;

/**
 * Layers of several kinds as `layer_types` names them. Where several kinds go by one name, the one the fields betray is meant;
 * a betrayed kind that has no name in the list stands for attention.
 */
function listedAttention(fields: ConfigFields, types: readonly string[]): ChosenAttention {
  const betrayed = betrayedKinds(fields);
  const named = [...new Set(types)];
  const [unnamed] = betrayed.filter(
    (entry) => !entry.isRecurrence && !entry.layerTypes.some((name) => named.includes(name)),
  );
  const chosen = named.flatMap((name): [string, AttentionKindEntry][] => {
    const candidates = entries.filter((entry) => entry.layerTypes.includes(name));
    const plain = candidates.find((entry) => entry === ATTENTION_KINDS.gqa);
    const meant = candidates.find((entry) => betrayed.includes(entry)) ?? plain ?? candidates[0];
    if (meant === undefined) return [];
    return [[name, meant === ATTENTION_KINDS.gqa && unnamed ? unnamed : meant]];
  });
  const readers = Object.fromEntries(chosen.map(([name, entry]) => [name, readerOf(entry)]));
  const kinds = [...new Set(chosen.map(([, entry]) => entry))].filter((entry) => entry !== ATTENTION_KINDS.gqa);
  return { read: byLayerType(readers, () => () => named[0] ?? ''), kinds };
}

/** True for a kind that families put between layers of attention: which layers have it must be said. */
const isMixedIn = (entry: AttentionKindEntry, fields: ConfigFields): boolean =>
  entry.layerTypes.length > 0 && hasHeads(fields);

function chosenAttention(fields: ConfigFields, numLayers: number): ChosenAttention {
  const types = layerTypes(fields, numLayers);
  if (types) return listedAttention(fields, types);
  const [kind = ATTENTION_KINDS.gqa] = betrayedKinds(fields);
  return { read: readerOf(kind), kinds: kind === ATTENTION_KINDS.gqa ? [] : [kind] };
}

/**
 * Why an unknown file cannot be estimated although each of its kinds is known: several at once, or one that is mixed with
 * attention, and no list says which layer has which. Null when nothing speaks against it.
 */
export function ambiguousKinds(fields: ConfigFields): string | null {
  if (fields.has('layer_types', 'layers_block_type')) return null;
  const betrayed = betrayedKinds(fields);
  const isUnclear = betrayed.length > 1 || betrayed.some((entry) => isMixedIn(entry, fields));
  return isUnclear ? betrayed.map(({ words }) => words).join(' and ') : null;
}

const hasExperts = (fields: ConfigFields): boolean =>
  !fields.holdsList(NAMES.numExperts) && (fields.optionalCount(NAMES.numExperts, LIMITS.experts, 0) ?? 0) > 1;

function isGated(fields: ConfigFields): boolean {
  if (fields.has(...GATED)) return fields.flag(GATED, true);
  return !WITHOUT_GATE.has(fields.optionalText(ACTIVATION) ?? 'silu');
}

/** Which rule for expert layers a file's fields belong to. */
function sparseRuleOf(fields: ConfigFields): { rule: SparseRule; words: string } {
  if (fields.has('moe_layers_enum')) {
    return { rule: listedLayers('moe_layers_enum', afterDenseLayers), words: 'moe_layers_enum names' };
  }
  if (fields.has('decoder_sparse_step', 'mlp_only_layers')) {
    return { rule: sparseSteps, words: 'decoder_sparse_step and mlp_only_layers name' };
  }
  if (fields.has('interleave_moe_layer_step')) {
    return { rule: interleavedLayers, words: 'interleave_moe_layer_step names' };
  }
  if (fields.has('moe_layer_start_index'))
    return { rule: layerRange, words: 'moe_layer_start_index and its like name' };
  const words = 'mlp_layer_types, first_k_dense_replace or moe_layer_freq name';
  return { rule: afterDenseLayers, words };
}

function sharedExperts(fields: ConfigFields, frame: Frame, expertWidth: number): Weight[] {
  const { hiddenSize } = frame;
  const number = fields.optionalCount(SHARED_COUNT, LIMITS.experts, 0);
  const ownWidth = fields.optionalCount(SHARED_WIDTH, LIMITS.width, 0) ?? 0;
  const isQwens = fields.has('shared_expert_intermediate_size') && number === null;
  if (isQwens) return gatedSharedExpert(fields, frame);
  const width = ownWidth > 0 ? ownWidth * Math.max(1, number ?? 1) : (number ?? 0) * expertWidth;
  return width === 0 ? [] : ffnWeights('sharedExperts', 'mlp.shared_experts', { hiddenSize, width });
}

const hasRouterBias = (fields: ConfigFields): boolean =>
  fields.has(...ROUTER_BIAS)
    ? fields.flag(ROUTER_BIAS, false)
    : fields.optionalText(['topk_method']) === 'noaux_tc' || fields.optionalText(['scoring_func']) === 'sigmoid';

const ffn: FfnReader = (fields, frame) => {
  const bias = (own: ConfigFields): boolean => isOn(own, FFN_BIAS);
  const gated = isGated(fields);
  // Recurrent layers of some families are all there is of a layer; they state no inner width.
  if (!fields.has(...NAMES.ffnWidth) && !hasExperts(fields) && !hasHeads(fields)) return () => NO_FFN;
  const dense = fields.holdsList(NAMES.ffnWidth)
    ? denseFfnByLayer(writtenWidths, { bias, isGated: gated })
    : denseFfn({ bias, isGated: gated });
  if (!hasExperts(fields)) return dense(fields, frame);
  const { rule } = sparseRuleOf(fields);
  return moeFfn({ sparse: rule, isGated: gated, routerBias: hasRouterBias, shared: sharedExperts, dense })(
    fields,
    frame,
  );
};

const normKind = (fields: ConfigFields): NormKind => {
  const isLayerNorm = fields.has('layer_norm_eps', 'layer_norm_epsilon') && !fields.has('rms_norm_eps', 'norm_eps');
  return isLayerNorm ? 'weight_and_bias' : 'weight';
};

const normCount = (fields: ConfigFields): number => (isOn(fields, POST_NORMS) ? 4 : 2);

/** The first of `names` that the file has, for sentences. */
const present = (fields: ConfigFields, names: readonly string[]): string | null =>
  names.find((name) => fields.has(name)) ?? null;

const asSaid = (field: string | null, otherwise: string): string => (field === null ? otherwise : `as ${field} says`);

function attentionSentences(fields: ConfigFields, kinds: readonly AttentionKindEntry[]): string[] {
  const sentences = kinds.map(
    ({ words }) => `The fields betray ${words}; what they do not say of it is assumed as usual.`,
  );
  if (kinds.length > 0 && !fields.has('layer_types', 'layers_block_type')) return sentences;
  // A kind of attention of its own (MLA) leaves no grouped-query layers to speak of.
  if (!hasHeads(fields) || kinds.some(({ isRecurrence }) => !isRecurrence)) return sentences;
  const biases = `biases ${asSaid(present(fields, QKV_BIAS), 'none')}`;
  const norms = `norms on queries and keys ${asSaid(present(fields, QK_NORM), 'none')}`;
  const kind = kinds.length > 0 ? 'The layers of attention are assumed to be' : 'Attention is assumed to be';
  sentences.push(`${kind} grouped-query with four projections; ${biases}; ${norms}.`);
  if (fields.has('sliding_window', 'attention_chunk_size')) {
    sentences.push(
      'The window is assumed to hold for the layers layer_types or a pattern names, else for every layer.',
    );
  }
  return sentences;
}

function ffnSentences(fields: ConfigFields): string[] {
  const shape = isGated(fields) ? 'gated (three matrices)' : 'plain (two matrices)';
  const activation = present(fields, [...GATED, ...ACTIVATION]);
  const why = activation === null ? '' : `, from ${activation}`;
  const sentences = [
    `The feed-forward networks are assumed to be ${shape}${why}; biases ${asSaid(present(fields, FFN_BIAS), 'none')}.`,
  ];
  if (!hasExperts(fields)) return sentences;
  const { words } = sparseRuleOf(fields);
  sentences.push(`Expert layers are assumed to be those ${words}, else all.`);
  const shared = present(fields, [...SHARED_WIDTH, ...SHARED_COUNT]);
  sentences.push(shared === null ? 'No shared experts are assumed.' : `Shared experts are assumed as ${shared} says.`);
  return sentences;
}

function assumptions(fields: ConfigFields): string[] {
  const modelType = fields.optionalText(['model_type']) ?? 'unknown';
  const numLayers = fields.optionalCount(NAMES.numLayers, LIMITS.layers) ?? 0;
  const norms = normKind(fields) === 'weight' ? 'RMSNorms' : 'LayerNorms with biases';
  const list = [
    `model_type "${modelType}" is not known: its size follows from the fields of config.json alone.`,
    ...attentionSentences(fields, chosenAttention(fields, numLayers).kinds),
    ...ffnSentences(fields),
    `${normCount(fields) === 4 ? 'Four' : 'Two'} ${norms} per layer and one before the head are assumed.`,
  ];
  if (!fields.has(...NAMES.tied)) list.push('The output head is assumed to have its own weights.');
  if (fields.has(...MTP)) list.push('Blocks for multi-token prediction are not counted.');
  return list;
}

/** A decoder whose model_type is unknown: its parts are chosen by the fields that betray them, Llama's layout holds the rest. */
export const GENERIC_FAMILY: DecoderFamily = {
  attention: (fields, frame) => chosenAttention(fields, frame.numLayers).read(fields, frame),
  ffn,
  norms: {
    kind: normKind,
    perLayer: (fields) => {
      const count = normCount(fields);
      return () => count;
    },
  },
  isHeadTied: false,
  layerTypes: KNOWN_LAYER_TYPES,
  assumptions,
};
