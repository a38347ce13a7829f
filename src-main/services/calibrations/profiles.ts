import { z } from 'zod';
import { NOVELTIES, UNCERTAIN_METRICS, type CalibrationProfile } from '../../../src-worker/engine/calibration/types.ts';
import { invalidInput } from '../../../src-worker/engine/errors.ts';
import type { Facts } from '../../../src-worker/engine/facts.ts';
import type { CalibrationEntry } from '../../../src-worker/protocol/calibration-api.ts';
import type { CalibrationDocument } from '../../../src-worker/protocol/calibration.ts';
import { calibrationFileSchema } from '../../../src-worker/protocol/catalog-files.ts';
import type { LeftOutPrediction } from '../../../src-worker/protocol/left-out.ts';
import { DEFAULT_CALIBRATION } from '../../../src-worker/protocol/names.ts';
import { fittedRowsOf } from '../../../src-worker/answers/calibration/row-hash.ts';
import { leftOutOf } from '../../catalogs/left-out.ts';
import { didYouMean } from '../../../src-worker/protocol/suggest.ts';
import type { Store, StoredCalibration } from '../../store/store.ts';
import { checkRequest } from '../check-request.ts';
import { jsonOf } from './own-profile.ts';
import { readableNote } from '../notes.ts';
import { profileName } from './requests.ts';

/** Name of the note that holds the bundled profile in use. */
const IN_USE_NOTE = 'calibration/bundled';

interface ProfileParts {
  catalogsFolder: string;
  store: Store;
  facts: () => Facts;
  /** Takes in what was written to the database. */
  changed: () => void;
  now: () => Date;
  report: (problem: string) => void;
}

/** Which profiles there are, those that were fitted here and those that ship with the program, and which is in use. */
export class Profiles {
  readonly #parts: ProfileParts;

  constructor(parts: ProfileParts) {
    this.#parts = parts;
  }

  /** Name of the one that was put in use, readable or not. */
  chosen(): string {
    return this.#stored().find(({ isInUse }) => isInUse)?.name ?? this.#bundledInUse();
  }

  /** Name of the one that questions which name none are answered with: the bundled one where the chosen one is damaged. */
  inUse(): string {
    const chosen = this.chosen();
    if (this.#isReadable(chosen)) return chosen;
    const inPlace = this.#bundledInUse();
    this.#parts.report(
      `Calibration profile "${chosen}" is in use and cannot be read: ${inPlace} answers in its place. configiq calibration use ${inPlace} makes that so.`,
    );
    return inPlace;
  }

  #isReadable(name: string): boolean {
    return this.#parts.facts().calibrations.some((profile) => profile.name === name);
  }

  /** An update of the program may have taken a bundled profile away. */
  #bundledInUse(): string {
    const chosen = readableNote(this.#parts.store, IN_USE_NOTE, this.#parts.report);
    return chosen !== null && this.#isBundled(chosen) ? chosen : DEFAULT_CALIBRATION;
  }

  #isBundled(name: string): boolean {
    const isOwn = this.#stored().some((profile) => profile.name === name);
    return !isOwn && this.#parts.facts().calibrations.some((profile) => profile.name === name);
  }

  list(): CalibrationEntry[] {
    const used = this.inUse();
    const createdAt = new Map(this.#stored().map((profile) => [profile.name, profile.createdAt]));
    return this.#parts.facts().calibrations.map((profile) => this.#entryOf(profile, used, createdAt));
  }

  #entryOf(profile: CalibrationProfile, used: string, createdAt: ReadonlyMap<string, string>): CalibrationEntry {
    const { name, description, coverage } = profile;
    const rows = coverage ? Object.values(coverage.gpus).reduce((sum, count) => sum + count, 0) : null;
    const own = fittedRowsOf(profile).own.length;
    return {
      name,
      description,
      isOwn: createdAt.has(name),
      createdAt: createdAt.get(name) ?? null,
      isInUse: name === used,
      measurements: rows,
      ownMeasurements: rows === null ? null : own,
      baseMeasurements: rows === null ? null : rows - own,
    };
  }

  /** Predictions of the fits that had not seen a row; null where they were not kept. */
  leftOutOf(name: string): LeftOutPrediction[] | null {
    const own = this.#stored().find((profile) => profile.name === name);
    if (own) return leftOutSchema.safeParse(jsonOf(own.leftOut)).data ?? null;
    return leftOutOf(this.#parts.catalogsFolder, name);
  }

  /** Refuses a name that is taken: that of a bundled profile always, that of one's own unless it is to be replaced. */
  refuseTakenName(name: string, replace: boolean): void {
    if (this.#isBundled(name)) {
      throw invalidInput(
        'calibration_bundled',
        `"${name}" is a profile that ships with the program: choose another name.`,
        { name },
      );
    }
    const taken = this.#stored().find((profile) => profile.name === name);
    if (taken && !replace) throw takenName(taken);
  }

  keep(document: CalibrationDocument, { use, replace }: { use: boolean; replace: boolean }): void {
    const { store, changed, now } = this.#parts;
    const { name } = document;
    // Another program may have made one of that name during the fits.
    this.refuseTakenName(name, replace);
    const before = this.#stored().find((profile) => profile.name === name);
    store.saveCalibration({
      name,
      document: JSON.stringify(calibrationFileSchema.parse({ schema_version: 1, ...document.profile })),
      leftOut: JSON.stringify(document.left_out),
      createdAt: now().toISOString(),
      isInUse: before?.isInUse ?? false,
    });
    // Only what was taken in can be put in use.
    changed();
    if (use) this.use(name);
  }

  /** One of one's own or a bundled one; null = the one that questions fall back on. */
  use(name: string | null): void {
    const { store, changed } = this.#parts;
    const chosen = checkRequest(profileName, name ?? DEFAULT_CALIBRATION, 'Profile name');
    if (this.#isBundled(chosen)) {
      this.#noteBundled(chosen);
      store.useCalibration(null);
    } else {
      store.useCalibration(this.#readable(chosen));
      this.#noteBundled(DEFAULT_CALIBRATION);
    }
    changed();
  }

  /** Bundled profiles are no rows of the database: which of them is in use when none of one's own is. */
  #noteBundled(name: string): void {
    this.#parts.store.writeNote(IN_USE_NOTE, name, this.#parts.now().toISOString());
  }

  #readable(name: string): string {
    const own = this.#own(name);
    if (this.#isReadable(own.name)) return own.name;
    throw invalidInput(
      'calibration_unreadable',
      `Calibration profile "${own.name}" cannot be read: replace it (configiq calibrate --name ${own.name} --replace), or remove it.`,
      { name: own.name },
    );
  }

  remove(name: string): void {
    this.#parts.store.removeCalibration(this.#own(name).name);
    this.#parts.changed();
  }

  /** Puts back what was removed or replaced last under that name; what it takes the place of can be put back in turn. */
  restore(name: string): void {
    const checked = checkRequest(profileName, name, 'Profile name');
    const row = this.#parts.store.readEarlierCalibration(checked);
    if (!row) {
      throw invalidInput(
        'unknown_calibration',
        `No earlier calibration profile "${checked}" is kept: none of that name was removed or replaced.`,
        { name: checked },
      );
    }
    const stored = this.#stored();
    const present = stored.find((profile) => profile.name === checked);
    // One profile is in use at most, and what somebody chose since stays chosen.
    const isInUse = present ? present.isInUse : row.isInUse && !stored.some((profile) => profile.isInUse);
    this.#parts.store.restoreCalibration({ ...row, isInUse });
    this.#parts.changed();
  }

  #stored(): StoredCalibration[] {
    const { rows, problems } = this.#parts.store.listCalibrations();
    problems.forEach(this.#parts.report);
    return rows;
  }

  #own(name: unknown): StoredCalibration {
    const checked = checkRequest(profileName, name, 'Profile name');
    const found = this.#stored().find((profile) => profile.name === checked);
    if (found) return found;
    if (this.#isBundled(checked))
      throw invalidInput(
        'calibration_bundled',
        `"${checked}" is a profile that ships with the program: only those that were fitted here can be removed.`,
        { name: checked },
      );
    const known = this.#parts.facts().calibrations.map((profile) => profile.name);
    throw invalidInput(
      'unknown_calibration',
      `Unknown calibration profile "${checked}": ${didYouMean(checked, known)}`,
      { name: checked, known },
    );
  }
}

const takenName = ({ name, createdAt, isInUse }: StoredCalibration): Error =>
  invalidInput(
    'calibration_exists',
    `There is a calibration profile "${name}" already, made ${createdAt.slice(0, 10)}${isInUse ? ' and in use' : ''}: choose another name (--name), or replace it (--replace); what is replaced can be had back (configiq calibration restore ${name}).`,
    { name },
  );

const leftOutSchema = z.array(
  z.strictObject({
    point_id: z.string(),
    metric: z.enum(UNCERTAIN_METRICS),
    predicted: z.number(),
    factor: z.number().nullable(),
    novelty: z.enum(NOVELTIES),
  }),
);
