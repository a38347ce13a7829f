import type { AppApi } from '../../src-worker/protocol/app-api.ts';
import type {
  CatalogBook,
  CatalogImportEntry,
  CatalogLayer,
  FactCorrection,
  FactCorrectionDraft,
  FactSubject,
} from '../../src-worker/protocol/catalog-api.ts';
import { countsText } from '../../src-worker/protocol/catalog-words.ts';
import type { Result } from '../../src-worker/protocol/result.ts';
import { toasts } from '../components/toasts.svelte.ts';
import { CatalogImport } from './catalog-import.svelte.ts';
import type { Session } from './session.svelte.ts';

type Deed = (api: AppApi) => Promise<Result<unknown>>;

/** An entry or a price that holds something a person brought: a file of theirs, or a value they corrected. */
export const isOwn = (layer: CatalogLayer, corrections: number): boolean => layer !== 'bundled' || corrections > 0;

const correctedFacts = ({ facts }: { facts: { correction: FactCorrection | null }[] }): number =>
  facts.filter(({ correction }) => correction !== null).length;

/** Entries and prices of one's own in all. */
export function ownCount({ gpus, instances, prices, workloads }: CatalogBook): number {
  const sheets = [...gpus, ...instances, ...workloads].filter((sheet) => isOwn(sheet.layer, correctedFacts(sheet)));
  const offers = prices.filter(({ layer, corrections }) => isOwn(layer, Object.keys(corrections).length));
  return sheets.length + offers.length;
}

/** What is looked at and done on the screen of catalogs. */
export class CatalogShelf {
  /** Everything as it is in force; null until it has been read. */
  book = $state.raw<CatalogBook | null>(null);
  /** Why it cannot be read; empty when it can. */
  problem = $state('');
  /** Why the last thing that was done failed; empty when it did not. */
  deedProblem = $state('');
  /** True while the dialog that takes in a file is open. */
  isImporting = $state(false);
  /** The same for the dialog that describes a GPU of one's own. */
  isAddingGpu = $state(false);
  /** True once an entry was asked for: on a small window its facts lie over the table. */
  isSheetOpen = $state(false);
  readonly ownEntries: number = $derived.by(() => (this.book === null ? 0 : ownCount(this.book)));
  readonly taking: CatalogImport;
  readonly #session: Session;
  #asked = 0;
  /** What the host counts changes of the catalogs with; null = not known. */
  #revision: number | null = null;
  /** Changes of this window under way, and how many there were. */
  #deeds = { underWay: 0, begun: 0 };

  constructor(session: Session) {
    this.#session = session;
    this.taking = new CatalogImport(session);
  }

  /** Reads the catalogs; what is shown stays until they have come. */
  async load(): Promise<void> {
    this.#asked += 1;
    const asked = this.#asked;
    const result = await this.#session.ask((api) => api.browseCatalog());
    if (asked !== this.#asked) return;
    this.problem = result.ok ? '' : result.error.message;
    if (result.ok) this.book = result.value;
  }

  /**
   * Looks whether the catalogs were changed elsewhere, by a command or in another window, and then reads everything anew.
   * True when they were.
   */
  async follow(): Promise<boolean> {
    const { begun, underWay } = this.#deeds;
    if (underWay > 0) return false;
    const found = await this.#hostRevision();
    // What this window does itself counts on too.
    if (found === null || begun !== this.#deeds.begun) return false;
    const known = this.#revision;
    this.#revision = found;
    if (known === null || known === found) return false;
    await this.#readAnew();
    return true;
  }

  /** After a host was lost another one may count from the start. */
  forgetHost(): void {
    this.#revision = null;
  }

  /**
   * Puts a person's value in the place of the catalog's. `earlier` is the correction it takes the place of; null = none.
   * Answers with the sentence of a refusal, empty when it is done.
   */
  async correct(draft: FactCorrectionDraft, label: string, earlier: FactCorrectionDraft | null): Promise<string> {
    const result = await this.#own(() => this.#session.ask((api) => api.correctFact(draft)));
    if (!result.ok) return result.error.message;
    const { subject, id, key } = draft;
    const back = (): Promise<void> =>
      this.#do(`${label} was not put back.`, (api) =>
        earlier ? api.correctFact(earlier) : api.restoreFact(subject, id, key),
      );
    this.#told(`Corrected ${label}.`, back);
    await this.#readAnew();
    return '';
  }

  /** The catalog's own values hold again; `corrections` are those that end. */
  async restore(
    { subject, id, key }: { subject: FactSubject; id: string; key: string | null },
    label: string,
    corrections: FactCorrectionDraft[],
  ): Promise<void> {
    const isDone = await this.#did(`${label} was not restored.`, (api) => api.restoreFact(subject, id, key));
    if (!isDone) return;
    this.#told(`Restored ${label}.`, async () => {
      for (const draft of corrections) {
        await this.#do('The correction was not put back.', (api) => api.correctFact(draft), false);
      }
      await this.#readAnew();
    });
    await this.#readAnew();
  }

  /** Takes in the file that was looked at. null where it was refused. */
  async finishImport(): Promise<CatalogImportEntry | null> {
    const entry = await this.#own(() => this.taking.finish());
    if (!entry) return null;
    this.#told(`Imported ${entry.name}: ${countsText(entry.counts)}.`, () =>
      this.#do(`${entry.name} was not removed.`, (api) => api.removeCatalogImport(entry.id)),
    );
    await this.#readAnew();
    return entry;
  }

  /** `onback` is told when the removal is taken back. */
  async remove({ id, name }: CatalogImportEntry, onback: () => void): Promise<boolean> {
    const isDone = await this.#did(`${name} was not removed.`, (api) => api.removeCatalogImport(id));
    if (!isDone) return false;
    this.#told(`Removed ${name}.`, async () => {
      await this.#do(`${name} was not put back.`, (api) => api.restoreCatalogImport(id));
      onback();
    });
    await this.#readAnew();
    return true;
  }

  /** The same for what this window changes elsewhere and answers rest on too: a calibration profile. Failures change nothing. */
  async change<Value>(call: (api: AppApi) => Promise<Result<Value>>): Promise<Result<Value>> {
    const result = await this.#own(() => this.#session.ask(call));
    if (result.ok) await this.#readAnew();
    return result;
  }

  /** A change of this window's own: the count it leads to is no news. */
  async #own<Value>(deed: () => Promise<Value>): Promise<Value> {
    this.#deeds = { underWay: this.#deeds.underWay + 1, begun: this.#deeds.begun + 1 };
    try {
      return await deed();
    } finally {
      this.#revision = await this.#hostRevision();
      this.#deeds = { ...this.#deeds, underWay: this.#deeds.underWay - 1 };
    }
  }

  async #hostRevision(): Promise<number | null> {
    const found = await this.#session.ask((api) => api.catalogRevision());
    return found.ok ? found.value : null;
  }

  #told(sentence: string, undo: () => Promise<void>): void {
    toasts.show({ sentence, undo: () => void undo(), keys: '$mod+z' });
  }

  async #did(refused: string, call: Deed): Promise<boolean> {
    const result = await this.#own(() => this.#session.ask(call));
    this.deedProblem = result.ok ? '' : `${refused} ${result.error.message}`;
    return result.ok;
  }

  async #do(refused: string, call: Deed, readsAnew = true): Promise<void> {
    await this.#did(refused, call);
    if (readsAnew) await this.#readAnew();
  }

  /** Lists of forms and answers depend on the catalogs, so everything is read anew. */
  async #readAnew(): Promise<void> {
    await Promise.all([this.load(), this.#session.reloadCatalog()]);
  }
}
