import { describe, expect, it } from 'vitest';
import { ConfigIqError } from '../../../src-worker/engine/errors.ts';
import { kvBytesPerToken } from '../../../src-worker/engine/model/kv.ts';
import { eachWeight } from '../../../src-worker/engine/model/parameters.ts';
import type { Model } from '../../../src-worker/engine/model/types.ts';
import { analyze, bundledFiles, bundledSource, idOfFile, llamaConfig } from './bundled.ts';
import { CLASS_DEFAULTS } from './class-defaults.ts';
import { ENUMERATED, HUB } from './towers/configs.ts';
import { FURTHER_ENUMERATED, FURTHER_HUB, OVIS2_1B } from './towers/further-configs.ts';

type Config = Record<string, unknown>;

const modelTypes = (config: Config): string => {
  const texts = ['text_config', 'llm_config', 'language_config'].map((name) => config[name] as Config | undefined);
  return [config, ...texts].map((object) => String(object?.model_type)).join(' ');
};

/** One file of every kind: bundled ones by their model types, those of the tests of vision and audio parts, short ones. */
function oneOfEachKind(): Map<string, Config> {
  const bundled = bundledFiles().map((file) => bundledSource(idOfFile(file)).config as Config);
  const tables = [HUB, ENUMERATED, FURTHER_HUB, FURTHER_ENUMERATED].flatMap((table) => Object.values(table));
  const short = Object.entries(CLASS_DEFAULTS).map(([model_type, [, , , fields]]) => ({ model_type, ...fields }));
  const all = [...short, ...bundled, ...tables.map(([, config]) => config), OVIS2_1B];
  return new Map(all.map((config) => [modelTypes(config), config]));
}

const isObject = (value: unknown): value is Config =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Where the fields of a file lie, those of objects in it too; lists as a whole. */
const pathsOf = (object: Config, path: readonly string[] = []): string[][] =>
  Object.entries(object).flatMap(([name, value]) => [
    [...path, name],
    ...(isObject(value) ? pathsOf(value, [...path, name]) : []),
  ]);

/** What stands at a path instead; `undefined` = the field is gone. */
const VALUES: unknown[] = [undefined, null, -1, 0, 1, 1.5, 1e-9, 1e12, 1e300, NaN, 'x', true, [], [null], {}];

/** Every kind of model meets every value, each of its fields a fifth of them: what is wrong is wrong in many kinds. */
const SHARE = 5;

function corrupted(config: Config, path: readonly string[], value: unknown): Config {
  const [name = '', ...rest] = path;
  if (rest.length === 0) return { ...config, [name]: value };
  return { ...config, [name]: corrupted(config[name] as Config, rest, value) };
}

const isSize = (value: number): boolean => Number.isSafeInteger(value) && value >= 1;

/** What is wrong with a model; null for a sound one. */
function flaw(model: Model): string | null {
  let flawed: string | null = null;
  eachWeight(model, ({ name, rows, columns, count, splitUnits }) => {
    if (![rows, columns, count, splitUnits].every(isSize)) flawed = `${name}: ${count} of ${rows} x ${columns}`;
  });
  const { totalParameters, activeParameters, mtpParameters, maxContextTokens } = model;
  if (![totalParameters, activeParameters, maxContextTokens, mtpParameters + 1].every(isSize)) {
    flawed = `total ${totalParameters}, active ${activeParameters}, MTP ${mtpParameters}, context ${maxContextTokens}`;
  }
  if (activeParameters > totalParameters) flawed = `active ${activeParameters} of ${totalParameters}`;
  const bytes = kvBytesPerToken(model, 2, 1);
  return Number.isFinite(bytes) && bytes >= 0 ? flawed : `cache of ${bytes} bytes a token`;
}

/** What is wrong with how a file is answered; null where it is read, or refused with what to mend. */
function complaint(config: Config): string | null {
  try {
    return flaw(analyze(config));
  } catch (error) {
    if (!(error instanceof ConfigIqError)) return String(error);
    const { code, details, message } = error;
    if (!message.endsWith('.')) return message;
    if (code === 'model_unsupported') return null;
    const namesField = typeof details.field === 'string' && details.field !== '' && 'value' in details;
    return code === 'config_invalid' && namesField ? null : `${code} ${message}`;
  }
}

describe('a file with one field gone, null or absurd', () => {
  const kinds = oneOfEachKind();

  it('is looked at for every kind of model', () => {
    expect(kinds.size).toBeGreaterThan(150);
  });

  it.each([...kinds])('is a sound model or is refused with field, value and cure: %s', (_, config) => {
    const complaints = pathsOf(config).flatMap((path, place) =>
      VALUES.filter((_value, index) => (place + index) % SHARE === 0).flatMap((value) => {
        const found = complaint(corrupted(config, path, value));
        return found === null ? [] : [`${path.join('.')} = ${String(value)}: ${found}`];
      }),
    );
    expect(complaints).toEqual([]);
  });
});

describe('sizes that are in range and cannot be', () => {
  const field = (config: Config): unknown => {
    try {
      return analyze(config).totalParameters;
    } catch (error) {
      return (error as ConfigIqError).details.field;
    }
  };
  const nemotron = bundledSource('nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16').config as Config;
  const llava = bundledSource('llava-hf/llava-1.5-7b-hf').config as Config;

  it.each<[string, Config, string]>([
    [
      'a factor that leaves nothing of the context',
      llamaConfig({ rope_scaling: { type: 'linear', factor: 1e-9 } }),
      'rope_scaling.factor',
    ],
    ['a pattern without layers', { ...nemotron, hybrid_override_pattern: '' }, 'hybrid_override_pattern'],
    ['a picture part of which no layer is projected', { ...llava, vision_feature_layer: [] }, 'vision_feature_layer'],
    [
      'a network of an encoder without width',
      { ...(bundledSource('Qwen/Qwen2-VL-7B-Instruct').config as Config), vision_config: { mlp_ratio: 1e-9 } },
      'vision_config.mlp_ratio',
    ],
    [
      'a recurrence without width',
      { ...(bundledSource('ai21labs/Jamba-v0.1').config as Config), mamba_expand: 1e-9 },
      'mamba_expand',
    ],
  ])('%s is refused with its field', (_, config, expected) => {
    expect(field(config)).toBe(expected);
  });

  it('the field is named as the file writes it', () => {
    const { num_attention_heads, ...rest } = llamaConfig();
    expect(num_attention_heads).toBe(32);
    expect(field({ ...rest, n_head: 7, num_key_value_heads: null })).toBe('n_head');
  });

  it('what no reader foresaw is refused by the matrix that cannot be', () => {
    const ultravox = { model_type: 'ultravox', text_config: llamaConfig(), audio_config: {}, hidden_size: 1 };
    expect(field(ultravox)).toBe('multi_modal_projector.linear_2');
  });
});
