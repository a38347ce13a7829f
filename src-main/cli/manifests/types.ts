import type { SweepSpec } from '../../../src-worker/protocol/requests.ts';

/** What a manifest is made of. */
export interface ManifestQuestion {
  /** The sweep that is shared, without a shard. */
  spec: SweepSpec;
  shards: number;
  /** For names of jobs; empty = the program's own. */
  name: string;
  /** Container image with `configiq` on its PATH; null where the engine takes none. */
  image: string | null;
}

/** The name that a shard's file has everywhere; `index` may be an expression of a shell. */
export const shardFileName = (index: string, of: number): string => `shard-${index}-of-${of}.cqshard`;

/** A job's name that every engine takes: a DNS label (RFC 1123), as Kubernetes asks. Suffixes have room in its 63 letters. */
export function jobName(name: string): string {
  const label = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replaceAll(/^-+|-+$/g, '');
  return label === '' ? 'configiq-sweep' : label;
}

/** What every manifest says of where it comes from, and of what it cannot bring along. */
export const headLines = ({ spec, shards }: ManifestQuestion, engine: string, start: string): string[] => [
  `A sweep of ConfigIQ in ${shards} shards, for ${engine}.`,
  `Start: ${start}`,
  `Then: configiq sweep merge ${mergeGlob(shards)} --export rows.csv`,
  'Models, catalogs and calibration profiles of your own are not in here: shards are computed with those of the machines.',
  ...(spec.base.calibration === 'default'
    ? []
    : [`Every machine needs the calibration profile ${JSON.stringify(spec.base.calibration)}.`]),
];

const mergeGlob = (shards: number): string => shardFileName('*', shards);

/** The spec as it is handed on: the whole sweep. */
export function specText(spec: SweepSpec): string {
  const { shard, ...whole } = spec;
  if (shard) throw new Error('a manifest of one shard');
  return JSON.stringify(whole, null, 2);
}

/**
 * Lines that write a text to a file, for a shell. The text is JSON in lines that begin with a brace or a space, so that none
 * of them can be the end word, and the quoted end word keeps the shell from reading it.
 */
export const hereDocument = (target: string, text: string): string[] => [
  `cat > ${target} <<'CONFIGIQ_SPEC'`,
  ...text.split('\n'),
  'CONFIGIQ_SPEC',
];
