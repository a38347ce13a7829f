import type { CalibrationProfile } from '../../../src-worker/engine/calibration/types.ts';
import { calibrationFileSchema } from '../../../src-worker/protocol/catalog-files.ts';
import { describeIssues } from '../../../src-worker/protocol/requests.ts';
import { calibrationFromFile } from '../../catalogs/convert.ts';
import type { StoredCalibration } from '../../store/store.ts';

/** A profile that was fitted here, or why this version cannot use it. */
export type OwnProfile = { kind: 'readable'; profile: CalibrationProfile } | { kind: 'unreadable'; reason: string };

const unreadable = (reason: string): OwnProfile => ({ kind: 'unreadable', reason });

/** Constants that later versions brought, with the value that leaves a profile made before them as it was. */
const LATER_CONSTANTS: Readonly<Record<string, number>> = {
  pcieLinkFactor: 1,
  stagedLinkFactor: 1,
  weightOnlyLayerUs: 0,
};

function withLaterConstants(profile: CalibrationProfile, bundled: CalibrationProfile): CalibrationProfile {
  const added = Object.entries(LATER_CONSTANTS).flatMap(([name, value]) => {
    const known = bundled.constants[name];
    return known && !Object.hasOwn(profile.constants, name) ? [[name, { ...known, value, range: null }] as const] : [];
  });
  return { ...profile, constants: { ...profile.constants, ...Object.fromEntries(added) } };
}

/** Reads a stored profile as outside input. It needs all that `bundled`, the profile of this version, has. */
export function readOwnProfile({ name, document }: StoredCalibration, bundled: CalibrationProfile): OwnProfile {
  const value = jsonOf(document);
  if (value === undefined) return unreadable('its JSON is cut off or damaged');
  const checked = calibrationFileSchema.safeParse(value, { reportInput: true });
  if (!checked.success) return unreadable(withoutStop(describeIssues(checked.error, `profile ${name}`)));
  const profile = withLaterConstants(calibrationFromFile(checked.data), bundled);
  const constant = Object.keys(bundled.constants).find((key) => !Object.hasOwn(profile.constants, key));
  if (constant !== undefined) return unreadable(`it has no constant ${constant}, which this version needs`);
  const generation = Object.keys(bundled.generations).find((key) => !Object.hasOwn(profile.generations, key));
  if (generation !== undefined)
    return unreadable(`it has no engine generation ${generation}, which this version needs`);
  return { kind: 'readable', profile };
}

/** What a person is told of one, with the ways out. */
export const unreadableSentence = (name: string, reason: string): string =>
  `Calibration profile "${name}" cannot be read (${reason}): replace it (configiq calibrate --name ${name} --replace), or remove it: configiq calibration remove ${name}.`;

const withoutStop = (sentence: string): string => sentence.replace(/\.$/, '');

/** undefined = it is no JSON. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined;
    throw thrown;
  }
}
