import type { AliasesFile, ModelsIndexFile } from '../../src-worker/protocol/catalog-files.ts';
import { reduceQuantization, type Depth } from './quantization.ts';
import { ConversionError, numberOrNull, readCsv, readJson, textOf, textOrNull } from './read.ts';

const ALIASES_NOTE =
  'Same architecture as the bundled config named, and the same config but for what models/alias-differences.json says.';

/**
 * Published with their quantization recipe in a file of its own (`hf_quant_config.json`, older exports of ModelOpt), which the
 * collected facts do not have. Without a mark they would pass for 16-bit checkpoints.
 */
const RECIPE_APART: ReadonlySet<string> = new Set([
  'nvidia/DeepSeek-V3.1-NVFP4',
  'nvidia/DeepSeek-V3.2-NVFP4',
  'nvidia/GLM-5-NVFP4',
  'nvidia/Llama-3.1-70B-Instruct-FP8',
  'nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-NVFP4',
  'nvidia/NVIDIA-Nemotron-3-Super-120B-A12B-NVFP4',
  'nvidia/NVIDIA-Nemotron-3-Ultra-550B-A55B-FP8',
  'nvidia/NVIDIA-Nemotron-3-Ultra-550B-A55B-NVFP4',
  'nvidia/NVIDIA-Nemotron-3.5-Lightning-30B-A3B-NVFP4',
  'nvidia/Qwen3-235B-A22B-NVFP4',
]);

/** Says that a recipe lies apart: a method without its formats. */
const withRecipeApart = (config: unknown, id: string): unknown =>
  RECIPE_APART.has(id) && isRecord(config) ? { ...config, quantization_config: { quant_method: 'modelopt' } } : config;

/** Largest bundled config; a reduction that leaves more has missed something. */
const MAX_CONFIG_BYTES = 12_000;

/** Keys that change neither shape, size nor context of a model: training, sampling, tokens, bookkeeping. */
const IRRELEVANT_KEYS = [
  /_token_(id|index)$/,
  /^(bos|eos|pad|sep|decoder_start)_token/,
  /dropout|_pdrop$|^layerdrop$|^drop_path/,
  /^initializer_|^init_|_init_scheme$|^init_std$/,
  /^summary_|^task_specific_params$|^transformers\.js_config$|^id2label$|^label2id$|^problem_type$/,
  /^time_step_(floor|max|min|limit|scale|init_scheme)$/,
  /^router_(aux_loss_coef|jitter_noise)$|^aux_loss_alpha$|^seq_aux$|^z_loss_weight$|^output_router_logits$/,
  /^use_cache$|^pretraining_tp$|^use_flash_attn$|_attn_implementation$|^attn_implementation$|^use_mamba_kernels$/,
  /^tokenizer_(class|name)$|_placeholder$|^ignore_index$|^image_grid_pinpoints$|^verbose$|^onnx_safe$/,
  /^rescale_prenorm_residual$|^bias_dropout_fusion$|^reorder_and_upcast_attn$|^slow_but_exact$/,
  /^for_llm_compressor$|^_attn_implementation_autoset$|^auto_map$|^transformers_version$|^_name_or_path$|^_from_model_config$/,
];

export interface ConvertedModels {
  /** By file name. */
  configs: Record<string, unknown>;
  index: ModelsIndexFile;
  aliases: AliasesFile;
  notes: string[];
}

export function convertModels(folder: string): ConvertedModels {
  const counts = new Map(readCsv(folder, 'models/parameters.csv').map((row) => [textOf(row, 'hf_id'), row]));
  const configs: Record<string, unknown> = {};
  const notes: string[] = [];
  const models = readCsv(folder, 'models/sources.csv').map((row) => {
    const id = textOf(row, 'hf_id');
    const file = textOf(row, 'file').replace(/^configs\//, '');
    configs[file] = withRecipeApart(reduceConfig(readJson(folder, `models/configs/${file}`), file, notes), id);
    const count = counts.get(id);
    return {
      id,
      file,
      kind: textOf(row, 'kind') as ModelsIndexFile['models'][number]['kind'],
      provenance: `${textOf(row, 'provenance')}${RECIPE_APART.has(id) ? '; the recipe in hf_quant_config.json is not among the facts' : ''}`,
      known_total_parameters: count ? numberOrNull(count, 'total_parameters') : null,
      known_total_basis: (count && (textOrNull(count, 'precision') as 'exact' | 'derived' | null)) ?? null,
      known_active_parameters: count ? numberOrNull(count, 'active_parameters_derived') : null,
      known_mtp_parameters: count ? numberOrNull(count, 'mtp_parameters') : null,
    };
  });
  models.sort((a, b) => (a.id < b.id ? -1 : 1));
  const aliases = readCsv(folder, 'models/aliases.csv').map((row) => [
    textOf(row, 'hf_id'),
    textOf(row, 'same_architecture_as'),
  ]);
  notes.unshift(
    `models: ${models.length} configs and ${aliases.length} aliases; keys of training, sampling and tokens left out.`,
  );
  return {
    configs,
    index: { schema_version: 1, models },
    aliases: { schema_version: 1, note: ALIASES_NOTE, aliases: Object.fromEntries(aliases) as Record<string, string> },
    notes,
  };
}

function reduceConfig(config: unknown, file: string, notes: string[]): unknown {
  if (!isRecord(config)) {
    throw new ConversionError(`models/configs/${file} is not a JSON object.`);
  }
  const before = JSON.stringify(config).length;
  const reduced = keep(config, depthOf(config));
  const after = JSON.stringify(reduced).length;
  if (after > MAX_CONFIG_BYTES) {
    throw new ConversionError(
      `models/configs/${file} is still ${after} bytes after reduction (limit ${MAX_CONFIG_BYTES}).`,
    );
  }
  if (before - after > 1500)
    notes.push(`models/configs/${file}: ${before} to ${after} bytes, module lists as patterns.`);
  return reduced;
}

function depthOf(config: Record<string, unknown>): Depth {
  const part = (key: string): Record<string, unknown> => (isRecord(config[key]) ? config[key] : {});
  const count = (...candidates: unknown[]): number | null =>
    candidates.find((value): value is number => typeof value === 'number') ?? null;
  const vision = part('vision_config');
  return {
    text: count(config['num_hidden_layers'], part('text_config')['num_hidden_layers']),
    vision: count(vision['num_hidden_layers'], vision['depth']),
  };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function keep(config: Record<string, unknown>, depth: Depth): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(config)) {
    if (IRRELEVANT_KEYS.some((pattern) => pattern.test(key))) continue;
    if (!isRecord(value)) kept[key] = value;
    else if (key === 'quantization_config' || key === 'compression_config')
      kept[key] = reduceQuantization(value, depth);
    else kept[key] = keep(value, depth);
  }
  return kept;
}
