import { analyzeModel } from '../../src-worker/engine/model/analyze.ts';
import { ConfigIqError, fileError } from '../../src-worker/engine/errors.ts';
import type { ModelSource } from '../../src-worker/engine/model/source.ts';
import { tooLarge } from '../hub/small-text.ts';
import { parseJsonText } from './json-text.ts';

/** Real configs have a few kilobytes; quantization lists reach some hundred. */
export const MAX_CONFIG_BYTES = 5_000_000;

/** The files of a checkpoint that describe it, as text. Outside input. */
export interface ConfigTexts {
  config: string;
  /** ModelOpt's hf_quant_config.json, which counts where the config has no quantization_config; null = none. */
  quantization: string | null;
}

/**
 * Checks a config that came from outside, down to its analysis, and gives the model. Throws file errors that name field,
 * value and cure, and `model_unsupported` for a kind of model that is not computed yet.
 */
export function checkedModel(texts: ConfigTexts, told: Omit<ModelSource, 'config'>): ModelSource {
  const model: ModelSource = { ...told, config: readConfig(texts, told.source) };
  try {
    analyzeModel(model);
  } catch (thrown) {
    // To the engine a config is a value like any other; here it is a file, and the exit code says so.
    if (!(thrown instanceof ConfigIqError) || thrown.code !== 'config_invalid') throw thrown;
    throw fileError(thrown.code, thrown.message, thrown.details, thrown);
  }
  return model;
}

/** The config as JSON, with ModelOpt's quantization in it. `what` names it in sentences. Throws file errors. */
export function readConfig({ config: text, quantization }: ConfigTexts, what: string): unknown {
  const config = parseConfig(text, what);
  if (quantization === null || !isObject(config) || (config['quantization_config'] ?? null) !== null) return config;
  const described = parseConfig(quantization, `The hf_quant_config.json beside ${what}`);
  return isObject(described) ? { ...config, quantization_config: modelOptConfig(described) } : config;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** ModelOpt's own file in the form that it writes into a config.json: `quantization` and its list of modules one level up. */
function modelOptConfig(file: Record<string, unknown>): Record<string, unknown> {
  const { quantization, ...rest } = file;
  const flat = isObject(quantization) ? { ...rest, ...quantization } : rest;
  const ignored = flat['exclude_modules'];
  return { quant_method: 'modelopt', ...(ignored === undefined ? {} : { ignore: ignored }), ...flat };
}

function parseConfig(text: string, what: string): unknown {
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_CONFIG_BYTES) throw tooLarge(what, bytes, MAX_CONFIG_BYTES);
  if (text.trim() === '') {
    throw fileError('file_empty', `${what} is empty: give the config.json of a model, which begins with "{".`);
  }
  // What cannot be text comes out of the decoder as U+FFFD; no JSON holds a NUL either.
  if (/[\0\uFFFD]/.test(text.slice(0, BINARY_SEEN_WITHIN))) {
    throw fileError('file_binary', `${what} is binary, not text in UTF-8: give the config.json, not the weights.`);
  }
  const config = parseJson(text, what);
  const place = placeOfProto(config, '');
  if (place !== null) {
    throw fileError(
      'config_invalid',
      `${what}: the field "${place}" cannot be: remove "${PROTO}", which no model has and which would change how the others are read.`,
      { field: place, value: null },
    );
  }
  return config;
}

const BINARY_SEEN_WITHIN = 4096;
const PROTO = '__proto__';

/** Python writes infinite numbers as a bare word (`"time_step_limit": [0.0, Infinity]` of state-space models). */
const INFINITY_OR_TEXT = /"(?:[^"\\]|\\.)*"|\bInfinity\b/gs;
/** JSON for a number beyond all bounds. */
const INFINITE_NUMBER = '1e999';

function parseJson(text: string, what: string): unknown {
  try {
    return parseJsonText(text, what);
  } catch (thrown) {
    const replaced = text.replace(INFINITY_OR_TEXT, (found) => (found === 'Infinity' ? INFINITE_NUMBER : found));
    if (replaced === text) throw thrown;
    try {
      return parseJsonText(replaced, what);
    } catch {
      // Its places would be those of a text that nobody has.
      throw thrown;
    }
  }
}

/** Path of the first field called `__proto__`, or null. JSON.parse makes it a field like any other; copies do not. */
function placeOfProto(value: unknown, path: string): string | null {
  if (typeof value !== 'object' || value === null) return null;
  for (const [name, inner] of Object.entries(value)) {
    const place = path === '' ? name : `${path}.${name}`;
    if (name === PROTO) return place.slice(0, 100);
    const found = placeOfProto(inner, place);
    if (found !== null) return found;
  }
  return null;
}
