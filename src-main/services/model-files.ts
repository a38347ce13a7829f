import { statSync, type Stats } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileError } from '../../src-worker/engine/errors.ts';
import { snapshotOf } from '../hub/cache.ts';
import { readSmallText } from '../hub/small-text.ts';
import { MAX_CONFIG_BYTES, type ConfigTexts } from './model-config.ts';
import { idFromFileName, isModelId } from './model-ids.ts';

const CONFIG = 'config.json';
const QUANTIZATION = 'hf_quant_config.json';

/** The config that a path stands for. */
export interface ConfigFile {
  path: string;
  /** What it would be called, from the folder of a snapshot or the name; not checked. */
  id: string;
  /** Commit, for a file in a Hugging Face cache. */
  revision: string | null;
  /** ISO time at which it was written. */
  writtenAt: string;
}

export const isWrittenAsPath = (name: string): boolean =>
  /\.json$/i.test(name) || /^(\.{0,2}[/\\]|\.{1,2}$|[A-Za-z]:[/\\])/.test(name) || /[/\\]$/.test(name);

/** The file that is meant by the path of a config or of the folder that holds one; null when there is nothing there. */
export function findConfigFile(path: string): ConfigFile | null {
  const full = resolve(path);
  const found = statOf(full);
  if (!found) return null;
  if (!found.isDirectory()) return configFile(full, found, idFromFileName(full));
  const inside = join(full, CONFIG);
  const config = statOf(inside);
  if (!config) return null;
  const folder = basename(full);
  return configFile(inside, config, isModelId(folder) ? folder : idFromFileName(inside));
}

function configFile(path: string, found: Stats, id: string): ConfigFile {
  const snapshot = snapshotOf(dirname(path));
  return { path, id: snapshot?.id ?? id, revision: snapshot?.revision ?? null, writtenAt: found.mtime.toISOString() };
}

/** Refuses a path at which `findConfigFile` found nothing. */
export function missingConfig(path: string): Error {
  const full = resolve(path);
  if (statOf(full)?.isDirectory()) {
    const sentence = `${full} is a folder without a config.json: give the path of a model's config.json, or of the folder that holds it.`;
    return fileError('model_folder_empty', sentence, { path: full });
  }
  return fileError('file_missing', `There is no file ${full}: check the path.`, { path });
}

/** The text of a config and of ModelOpt's file beside it. Throws file errors. */
export function readConfigTexts(path: string): ConfigTexts {
  const beside = join(dirname(path), QUANTIZATION);
  return {
    config: readSmallText(path, MAX_CONFIG_BYTES),
    quantization: basename(path) === CONFIG && statOf(beside) ? readSmallText(beside, MAX_CONFIG_BYTES) : null,
  };
}

/** What is there; null below a file as well. */
function statOf(path: string): Stats | null {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? null;
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOTDIR') return null;
    throw fileError('file_unreadable', `${path} cannot be read: check the path and its permissions.`, { path }, thrown);
  }
}
