import { lstatSync, readdirSync, statSync, type Dirent, type Stats } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { ConfigIqError } from '../../src-worker/engine/errors.ts';
import { readSmallText } from './small-text.ts';

/** A model in the local Hugging Face cache that has a config. */
export interface CachedModel {
  id: string;
  /** Folder of one commit: `models--{owner}--{name}/snapshots/{commit}`. */
  folder: string;
  /** Commit. */
  revision: string;
  /** ISO time at which its config was written. */
  addedAt: string;
}

/** A model that is in the cache and cannot be used. */
export interface BrokenModel {
  id: string;
  /** What is wrong and what helps, as a sentence. */
  problem: string;
}

const CONFIG = 'config.json';
const REPOSITORY = /^models--(.+)$/;
const COMMIT = /^[0-9a-f]{40}$/;
const LONGEST_SHOWN = 60;

/**
 * Every model of the cache, by id; what is broken is told beside them. Layout: huggingface_hub's own description of its
 * cache (`refs/{branch}` holds a commit, `snapshots/{commit}` links or files, `.no_exist/{commit}` what the hub is known
 * to lack). Repositories without any config (weights in GGUF, adapters) are in neither list. Never throws.
 */
export function scanCache(cacheFolder: string): { models: CachedModel[]; broken: BrokenModel[] } {
  const models: CachedModel[] = [];
  const broken: BrokenModel[] = [];
  for (const folder of folders(cacheFolder)) {
    const id = idOf(folder);
    if (id === null) continue;
    const found = openRepository(join(cacheFolder, folder), id);
    if (found === null) continue;
    if ('problem' in found) broken.push(found);
    else models.push(found);
  }
  return { models, broken };
}

/** The model of this id, letter case aside; null where the cache has none with a config. Never throws. */
export function findCached(cacheFolder: string, id: string): CachedModel | BrokenModel | null {
  const wanted = id.trim().toLowerCase();
  // A look at one folder tells for nearly every name that it is not there.
  const folder = folders(cacheFolder).find((name) => idOf(name)?.toLowerCase() === wanted);
  return folder === undefined ? null : openRepository(join(cacheFolder, folder), idOf(folder) ?? wanted);
}

/** The id and commit of a snapshot folder of any cache, or null for a folder elsewhere. */
export function snapshotOf(folder: string): { id: string; revision: string } | null {
  const path = resolve(folder);
  const revision = basename(path);
  const id = idOf(basename(dirname(dirname(path))));
  return id !== null && COMMIT.test(revision) && basename(dirname(path)) === 'snapshots' ? { id, revision } : null;
}

/** `models--owner--name`, or `models--name` of old repositories; null for data sets, locks and everything else. */
function idOf(folder: string): string | null {
  const name = REPOSITORY.exec(folder)?.[1];
  return name === undefined ? null : name.replace('--', '/');
}

/** What a question to the file system answers, or `otherwise` where the system refuses: gone, forbidden, no folder. */
function ask<Value>(question: () => Value, otherwise: Value): Value {
  try {
    return question();
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown) return otherwise;
    throw thrown;
  }
}

const entries = (folder: string): Dirent[] => ask(() => readdirSync(folder, { withFileTypes: true }), []);

const folders = (folder: string): string[] =>
  entries(folder)
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    .map(({ name }) => name)
    .sort();

function openRepository(repository: string, id: string): CachedModel | BrokenModel | null {
  const refs = readRefs(join(repository, 'refs'), '');
  const main = refs.find(({ name }) => name === 'main');
  const snapshots = folders(join(repository, 'snapshots'))
    .filter((name) => COMMIT.test(name))
    .map((name) => ({ name, writtenMs: statOf(join(repository, 'snapshots', name))?.mtimeMs ?? 0 }))
    .sort((one, other) => other.writtenMs - one.writtenMs)
    .map(({ name }) => name);
  // The main branch first, then other branches, then what was left behind by earlier ones, newest first.
  const named = [...(main ? [main] : []), ...refs]
    .map(({ commit }) => commit)
    .filter((commit) => snapshots.includes(commit));
  const candidates = [...new Set([...named, ...snapshots])];
  let problem: string | null = null;
  for (const commit of candidates) {
    const folder = join(repository, 'snapshots', commit);
    const config = join(folder, CONFIG);
    const written = statOf(config);
    if (written?.isFile()) return { id, folder, revision: commit, addedAt: written.mtime.toISOString() };
    if (ask(() => lstatSync(config), null)) problem ??= `${config} leads to nothing that can be read`;
  }
  if (problem === null && candidates.length === 0) {
    const [ref] = refs;
    if (ref)
      problem = COMMIT.test(ref.commit)
        ? `${ref.path} names commit ${ref.commit}, of which nothing is there`
        : `${ref.path} holds ${JSON.stringify(ref.commit.slice(0, LONGEST_SHOWN))}, which is no commit`;
  }
  return problem === null
    ? null
    : { id, problem: `${problem}: load it again with Hugging Face's tools, or use configiq model pull ${id}.` };
}

const statOf = (path: string): Stats | null => ask(() => statSync(path), null);

interface Ref {
  /** Branch or tag: `main`, `refs/pr/1`. */
  name: string;
  path: string;
  /** What the file holds; a commit, if all is well. */
  commit: string;
}

const MAX_REF_BYTES = 1000;
const DEEPEST_REF = 4;

function readRefs(folder: string, prefix: string, depth = 0): Ref[] {
  if (depth > DEEPEST_REF) return [];
  return entries(folder).flatMap((entry) => {
    const path = join(folder, entry.name);
    const name = `${prefix}${entry.name}`;
    if (entry.isDirectory()) return readRefs(path, `${name}/`, depth + 1);
    return [{ name, path, commit: refText(path) }];
  });
}

/** A ref that cannot be read names nothing. */
function refText(path: string): string {
  try {
    return readSmallText(path, MAX_REF_BYTES).trim();
  } catch (thrown) {
    if (thrown instanceof ConfigIqError) return '';
    throw thrown;
  }
}
