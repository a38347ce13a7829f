import { invalidInput } from '../../../src-worker/engine/errors.ts';
import { versionDifferences } from '../sweep-versions.ts';
import type { ShardBatch, ShardFile, ShardHeaderText } from './shard-file.ts';

/** The shards of one sweep, all of them. */
export interface ShardSet {
  header: ShardHeaderText;
  /** Of all files, in the order of the sweep. */
  batches: (ShardBatch & { path: string })[];
}

/**
 * Holds files against each other. Throws `shard_of_other_sweep` (another spec, other versions, another number of shards),
 * `shard_twice`, `shards_missing`, `shard_unfinished`.
 */
export function shardSet(files: readonly ShardFile[]): ShardSet {
  const [first] = files;
  if (!first) throw invalidInput('shards_missing', 'There is nothing to merge: give the shard files.', {});
  for (const file of files) refuseOtherSweep(first, file);
  refuseTwice(files);
  refuseMissing(files, first.header.shard.of);
  files.forEach(refuseUnfinished);
  const batches = files
    .flatMap(({ path, batches: own }) => own.map((batch) => ({ ...batch, path })))
    .sort((one, other) => one.seq - other.seq);
  const gap = batches.findIndex(({ seq }, place) => seq !== place);
  if (gap >= 0 || batches.length !== first.header.units) {
    const place = gap >= 0 ? gap : batches.length;
    throw invalidInput(
      'shards_missing',
      `The shards do not fit together: batch ${place} of ${first.header.units} is missing or double. Compute them anew with one version.`,
      { batch: place },
    );
  }
  return { header: first.header, batches };
}

function refuseOtherSweep(first: ShardFile, file: ShardFile): void {
  const [one, other] = [first.header, file.header];
  const [version] = versionDifferences(one.versions, other.versions);
  const found =
    difference('', one.spec, other.spec) ??
    (version && { path: version.key, one: version.one, other: version.other }) ??
    difference('shards', one.shard.of, other.shard.of) ??
    difference('points', [one.points, one.units], [other.points, other.units]);
  if (!found) return;
  throw invalidInput(
    'shard_of_other_sweep',
    `${file.path} is of another sweep than ${first.path}: ${found.path} is ${found.other} in it, and ${found.one} there. Merge shards of one sweep, computed by one version.`,
    { path: file.path, differs: found.path },
  );
}

interface Difference {
  path: string;
  one: string;
  other: string;
}

/** The first place where two JSON values differ; null where they are equal. What is absent is undefined. */
function difference(path: string, one: unknown, other: unknown): Difference | null {
  if (isObject(one) && isObject(other)) {
    for (const key of new Set([...Object.keys(one), ...Object.keys(other)])) {
      const found = difference(path === '' ? key : `${path}.${key}`, one[key], other[key]);
      if (found) return found;
    }
    return null;
  }
  return JSON.stringify(one) === JSON.stringify(other) ? null : { path, one: shown(one), other: shown(other) };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A value in a sentence. */
const MOST_SHOWN = 60;
function shown(value: unknown): string {
  const text = value === undefined ? 'not given' : JSON.stringify(value);
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
}

function refuseTwice(files: readonly ShardFile[]): void {
  const known = new Map<number, ShardFile>();
  for (const file of files) {
    const { index, of } = file.header.shard;
    const earlier = known.get(index);
    if (earlier) {
      throw invalidInput(
        'shard_twice',
        `Shard ${index} of ${of} is given twice: ${earlier.path} and ${file.path}. Leave one of them out.`,
        { shard: index },
      );
    }
    known.set(index, file);
  }
}

/** Missing shards that are named one by one. */
const MOST_NAMED = 12;

function refuseMissing(files: readonly ShardFile[], of: number): void {
  const given = new Set(files.map(({ header }) => header.shard.index));
  const missing = Array.from({ length: of }, (_, place) => place + 1).filter((index) => !given.has(index));
  if (missing.length === 0) return;
  const named = missing.slice(0, MOST_NAMED).join(', ');
  const more = missing.length > MOST_NAMED ? ` and ${missing.length - MOST_NAMED} more` : '';
  const isOne = missing.length === 1;
  const [word, verb] = isOne ? ['Shard', 'is'] : ['Shards', 'are'];
  const cure = isOne
    ? `compute it with --shard ${missing[0]}/${of}`
    : `compute each by its number (--shard ${missing[0]}/${of} is the first)`;
  throw invalidInput(
    'shards_missing',
    `${word} ${named}${more} of ${of} ${verb} missing: ${cure}, and merge all ${of}.`,
    { missing: missing.slice(0, MOST_NAMED).map(String) },
  );
}

function refuseUnfinished({ path, header, batches }: ShardFile): void {
  const points = batches.reduce((sum, batch) => sum + batch.points, 0);
  if (batches.length === header.shard_units && points === header.shard_points) return;
  throw invalidInput(
    'shard_unfinished',
    `${path} has ${points} of the ${header.shard_points} points of its shard: go on with its run (configiq sweep resume) and export it again.`,
    { path },
  );
}
