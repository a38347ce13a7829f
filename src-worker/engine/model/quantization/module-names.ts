import type { Weight } from '../weight.ts';

/** Paths to the number of a decoder layer, as published checkpoints have them. */
export const LAYER_PATHS = [
  'model.layers.',
  'language_model.model.layers.',
  'model.language_model.layers.',
  'language_model.layers.',
  'layers.',
  'model.decoder.layers.',
  'backbone.layers.',
  'transformer.h.',
  'transformer.blocks.',
  'transformer.encoder.layers.',
  'gpt_neox.layers.',
  'model.text_model.layers.',
  'model.model.layers.',
  'h.',
] as const;

/** Modules that hold all decoder layers and nothing else that is converted. */
export const DECODER_ROOTS = [
  'model',
  'model.layers',
  'layers',
  'language_model',
  'language_model.model',
  'language_model.model.layers',
  'model.language_model',
  'model.language_model.layers',
  'transformer.h',
] as const;

/** Paths to modules beside the layers. */
const OUTER_PATHS = ['', 'model.', 'language_model.', 'language_model.model.', 'model.language_model.'] as const;

const PATHS: ReadonlySet<string> = new Set(LAYER_PATHS);
const LAYER_NUMBER = /^(\D*?)(\d{1,6})(?:\.(.*))?$/s;

/** The layer and the module inside it that a full name means; null for names of other parts (towers) or of no layer. */
export function decoderModule(name: string): { layer: number; module: string } | null {
  const found = LAYER_NUMBER.exec(name);
  const [, path, layer, module = ''] = found ?? [];
  if (path === undefined || layer === undefined || !PATHS.has(path)) return null;
  return { layer: Number(layer), module };
}

/** Last components that checkpoints use for the same matrix, some of them fused with its neighbours. */
const MATRIX_NAMES: Readonly<Record<string, readonly string[]>> = {
  q_proj: ['qkv_proj', 'query_key_value', 'c_attn', 'Wqkv', 'W_pack'],
  k_proj: ['qkv_proj', 'query_key_value', 'c_attn', 'Wqkv', 'W_pack'],
  v_proj: ['qkv_proj', 'query_key_value', 'c_attn', 'Wqkv', 'W_pack'],
  o_proj: ['out_proj', 'dense', 'c_proj'],
  gate_proj: ['w1', 'gate_up_proj'],
  up_proj: ['w3', 'gate_up_proj', 'fc1', 'c_fc', 'dense_h_to_4h'],
  down_proj: ['w2', 'fc2', 'c_proj', 'dense_4h_to_h'],
};

/** Modules that checkpoints name differently for the same place in a layer. */
const MODULE_NAMES: readonly (readonly string[])[] = [
  ['mlp', 'feed_forward', 'block_sparse_moe', 'ffn'],
  ['self_attn', 'attention', 'attn', 'self_attention'],
];

/** Every name of `parts` with its first component also under its other names. */
function withOtherModules(name: string): string[] {
  const [first = '', ...rest] = name.split('.');
  const names = MODULE_NAMES.find((group) => group.includes(first)) ?? [first];
  return [first, ...names.filter((other) => other !== first)].map((module) => [module, ...rest].join('.'));
}

/**
 * The names a weight of a layer may go by in a list, its own first: experts by the number of the first one (lists treat
 * all experts of a layer alike) and, where a checkpoint stores them together, without one.
 */
export function layerNames({ name }: Pick<Weight, 'name'>): string[] {
  const parts = name.split('.');
  const last = parts.at(-1) ?? '';
  const matrices = [last, ...(MATRIX_NAMES[last] ?? [])].map((matrix) => [...parts.slice(0, -1), matrix].join('.'));
  return matrices.flatMap(withOtherModules).flatMap((path) => {
    if (!path.includes('*')) return [path];
    return [path.replaceAll('*', '0'), path.replaceAll('.*', '')];
  });
}

/** The names of a weight beside the layers or in a tower, whose layers are treated alike. */
export function outerNames({ name }: Pick<Weight, 'name'>): string[] {
  const own = name.replaceAll('*', '0');
  return OUTER_PATHS.map((path) => `${path}${own}`);
}
