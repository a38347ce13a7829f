import type { AppApi } from '../../src-worker/protocol/app-api.ts';
import type { CalibrationEntry } from '../../src-worker/protocol/calibration-api.ts';
import type { Result } from '../../src-worker/protocol/result.ts';
import { toasts } from '../components/toasts.svelte.ts';
import type { CatalogShelf } from './catalog-shelf.svelte.ts';
import type { Session } from './session.svelte.ts';

/** Calibration profiles: which there are, and which of them answers rest on. Every change can be taken back. */
export class ProfileShelf {
  entries = $state.raw<CalibrationEntry[]>([]);
  /** Why the last thing that was asked or done failed; empty when it did not. */
  problem = $state('');
  /** True while the list is open. */
  isOpen = $state(false);
  isBusy = $state(false);
  readonly inUse: CalibrationEntry | null = $derived(this.entries.find(({ isInUse }) => isInUse) ?? null);
  readonly #session: Session;
  readonly #catalogs: CatalogShelf;
  readonly #onchange: () => void;
  #asked = 0;

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
    if (result.ok) this.entries = result.value;
  }

  /** From now on every answer of the window rests on it. True when it is done. */
  async use({ name }: Pick<CalibrationEntry, 'name'>): Promise<boolean> {
    const before = this.inUse?.name ?? null;
    const isDone = await this.#do(`${name} is not used.`, (api) => api.useCalibration(name));
    if (!isDone) return false;
    const back = (): Promise<boolean> =>
      this.#do(`${before ?? 'The profile before'} is not used again.`, (api) => api.useCalibration(before));
    this.#told(`Profile ${name} is in use; answers are computed anew.`, back);
    return true;
  }

  /** Forgets a profile of one's own. If it was in use, the bundled one is from then on. */
  async remove({ name }: Pick<CalibrationEntry, 'name'>, sentence = `Removed profile ${name}.`): Promise<boolean> {
    const isDone = await this.#do(`${name} was not removed.`, (api) => api.removeCalibration(name));
    if (isDone) {
      this.#told(sentence, () => this.#do(`${name} was not put back.`, (api) => api.restoreCalibration(name)));
    }
    return isDone;
  }

  #told(sentence: string, undo: () => Promise<unknown>): void {
    toasts.show({ sentence, undo: () => void undo() });
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
