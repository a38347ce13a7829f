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
  /** What was removed or replaced while the program runs, to be put back. */
  readonly #removed = new Map<string, StoredCalibration>();

  constructor(parts: ProfileParts) {
    this.#parts = parts;
  }

  /** Name of the one that questions which name none are answered with: the bundled one where the chosen one is damaged. */
  inUse(): string {
    const chosen = this.#stored().find(({ isInUse }) => isInUse)?.name;
    if (chosen === undefined) return this.#bundledInUse();
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

  refuseBundledName(name: string): void {
    if (!this.#isBundled(name)) return;
    throw invalidInput(
      'calibration_bundled',
      `"${name}" is a profile that ships with the program: choose another name.`,
      { name },
    );
  }

  keep(document: CalibrationDocument, use: boolean): void {
    const { store, changed, now } = this.#parts;
    const { name } = document;
    const before = this.#stored().find((profile) => profile.name === name);
    if (before) this.#removed.set(name, before);
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
      `Calibration profile "${own.name}" cannot be read: calibrate it again, or remove it.`,
      { name: own.name },
    );
  }

  remove(name: string): void {
    const row = this.#own(name);
    this.#removed.set(row.name, row);
    this.#parts.store.removeCalibration(row.name);
    this.#parts.changed();
  }

  /** Puts back what was removed or replaced last under that name; what it takes the place of can be put back in turn. */
  restore(name: string): void {
    const checked = checkRequest(profileName, name, 'Profile name');
    const row = this.#removed.get(checked);
    if (!row)
      throw invalidInput(
        'unknown_calibration',
        `Nothing of the name "${checked}" was removed since the program started.`,
        { name: checked },
      );
    const { replaced, others } = Object.groupBy(this.#stored(), ({ name: of }) =>
      of === checked ? 'replaced' : 'others',
    );
    // One profile is in use at most.
    const isOtherInUse = others?.some(({ isInUse }) => isInUse) ?? false;
    this.#parts.store.saveCalibration({ ...row, isInUse: row.isInUse && !isOtherInUse });
    const [present] = replaced ?? [];
    if (present) this.#removed.set(checked, present);
    else this.#removed.delete(checked);
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

const leftOutSchema = z.array(
  z.strictObject({
    point_id: z.string(),
    metric: z.enum(UNCERTAIN_METRICS),
    predicted: z.number(),
    factor: z.number().nullable(),
    novelty: z.enum(NOVELTIES),
  }),
);
