import type { AppApi } from '../../src-worker/protocol/app-api.ts';
import type { CalibrationEntry } from '../../src-worker/protocol/calibration-api.ts';
import type { Result } from '../../src-worker/protocol/result.ts';
import { toasts } from '../components/toasts.svelte.ts';
import type { CatalogShelf } from './catalog-shelf.svelte.ts';
import type { Session } from './session.svelte.ts';

/** A change of profiles, to be taken back as long as the window is open. */
export interface ProfileChange {
  /** `use of our-h100`. */
  words: string;
  undo: () => Promise<boolean>;
}

/** Calibration profiles: which there are, and which of them answers rest on. Every change can be taken back. */
export class ProfileShelf {
  entries = $state.raw<CalibrationEntry[]>([]);
  /** Why the last thing that was asked or done failed; empty when it did not. */
  problem = $state('');
  /** True while the list is open. */
  isOpen = $state(false);
  isBusy = $state(false);
  /** Name of the profile that was in use before the present one, since the window was opened; null = none was. */
  before = $state<string | null>(null);
  /** The last change that was not taken back; null = none. */
  lastChange = $state.raw<ProfileChange | null>(null);
  readonly inUse: CalibrationEntry | null = $derived(this.entries.find(({ isInUse }) => isInUse) ?? null);
  readonly #session: Session;
  readonly #catalogs: CatalogShelf;
  readonly #onchange: () => void;
  #asked = 0;
  /** The toast of the last change. */
  #toldSentence = '';

  constructor(session: Session, catalogs: CatalogShelf, onchange: () => void) {
    this.#session = session;
    this.#catalogs = catalogs;
    this.#onchange = onchange;
  }

  async load(): Promise<void> {
    this.#asked += 1;
    const asked = this.#asked;
    const result = await this.#session.ask((api) => api.listCalibrations());
    if (asked !== this.#asked) return;
    this.problem = result.ok ? '' : `The profiles cannot be read. ${result.error.message}`;
    if (!result.ok) return;
    const used = this.inUse?.name ?? null;
    this.entries = result.value;
    if (used !== null && used !== this.inUse?.name) this.before = used;
  }

  /** From now on every answer of the window rests on it. True when it is done. */
  async use({ name }: Pick<CalibrationEntry, 'name'>): Promise<boolean> {
    const before = this.inUse?.name ?? null;
    const isDone = await this.#do(`${name} is not used.`, (api) => api.useCalibration(name));
    if (!isDone) return false;
    const back = (): Promise<boolean> =>
      this.#do(`${before ?? 'The profile before'} is not used again.`, (api) => api.useCalibration(before));
    this.#told(`Profile ${name} is in use; answers are computed anew.`, { words: `use of ${name}`, undo: back });
    return true;
  }

  /** Forgets a profile of one's own. If it was in use, the bundled one is from then on. */
  async remove({ name }: Pick<CalibrationEntry, 'name'>, sentence = `Removed profile ${name}.`): Promise<boolean> {
    const isDone = await this.#do(`${name} was not removed.`, (api) => api.removeCalibration(name));
    if (isDone) {
      const undo = (): Promise<boolean> => this.#do(`${name} was not put back.`, (api) => api.restoreCalibration(name));
      this.#told(sentence, { words: `removal of ${name}`, undo });
    }
    return isDone;
  }

  /** Takes the last change back, however long ago it was. */
  async undo(): Promise<void> {
    const change = this.lastChange;
    if (!change) return;
    if (toasts.current?.sentence === this.#toldSentence) toasts.dismiss();
    if ((await change.undo()) && this.lastChange === change) this.lastChange = null;
  }

  #told(sentence: string, change: ProfileChange): void {
    this.lastChange = change;
    this.#toldSentence = sentence;
    toasts.show({ sentence, undo: () => void this.undo(), keys: '$mod+z' });
  }

  async #do(refused: string, call: (api: AppApi) => Promise<Result<unknown>>): Promise<boolean> {
    this.isBusy = true;
    const result = await this.#catalogs.change(call);
    this.isBusy = false;
    if (result.ok) {
      this.#onchange();
      await this.load();
    } else this.problem = `${refused} ${result.error.message}`;
    return result.ok;
  }
}
