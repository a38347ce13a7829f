import { createHash } from 'node:crypto';
import type { Facts } from '../../src-worker/engine/facts.ts';
import type { ModelSource } from '../../src-worker/engine/model/source.ts';
import type { SweepSpec } from '../../src-worker/protocol/requests.ts';

/** What the results of a sweep depend on beside its spec. A name stands for different things at different times: contents are told by digests. */
export type SweepVersions = Record<'configiq' | 'engine' | 'catalog' | 'calibration' | 'models' | 'profiles', string>;

/**
 * Results with equal versions and equal specs are equal. The catalog's version covers imports, corrections and files of a start;
 * `models` the config.json of every model that is asked for, `profiles` the calibration profiles, which both may be replaced under
 * their name.
 */
export function sweepVersions(spec: SweepSpec, models: ReadonlyMap<string, ModelSource>, facts: Facts): SweepVersions {
  const names = spec.axes.calibration ?? [spec.base.calibration];
  const profiles = names.map((name) => [name, facts.calibrations.find((profile) => profile.name === name) ?? null]);
  const configs = [...models].sort(([one], [other]) => (one < other ? -1 : 1)).map(([id, { config }]) => [id, config]);
  return {
    ...facts.versions,
    calibration: names.join(', '),
    models: digestOf(configs),
    profiles: digestOf(profiles),
  };
}

/** Keys by which two differ, in words: `catalog 2026-01-05+aa here, 2026-02-01+bb there`; empty = they are the same. */
export function versionDifferences(
  one: Readonly<Record<string, string>>,
  other: Readonly<Record<string, string>>,
): { key: string; one: string; other: string }[] {
  const keys = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  return keys
    .filter((key) => one[key] !== other[key])
    .map((key) => ({ key, one: one[key] ?? 'unknown', other: other[key] ?? 'unknown' }));
}

/** As many hex digits as the catalog's version has. */
const DIGITS = 8;

const digestOf = (value: unknown): string =>
  createHash('sha256').update(sortedJson(value)).digest('hex').slice(0, DIGITS);

/** JSON with the keys of every object in order, so that equal contents have equal texts. */
const sortedJson = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  );
