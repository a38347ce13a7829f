import {
  MAX_CATALOG_BYTES,
  type CatalogFileDraft,
  type CatalogFormat,
  type CatalogImportEntry,
  type CatalogPreview,
} from '../../src-worker/protocol/catalog-api.ts';
import { formatFixed } from '../../src-worker/protocol/numbers.ts';
import type { Session } from './session.svelte.ts';

/** A provider is typed letter by letter; the preview waits until that rests. */
const REST_MS = 300;

const pastedName = (text: string): string => (/^\s*[{[]/.test(text) ? 'pasted.json' : 'pasted.csv');

/** A catalog file on its way in: what it would change, and taking it in. Looking changes nothing. */
export class CatalogImport {
  /** null while no file was given. */
  file = $state.raw<CatalogFileDraft | null>(null);
  /** What it would change; stays while the same file is read anew. null until that is known. */
  preview = $state.raw<CatalogPreview | null>(null);
  /** Why the file was not read or not taken in; empty when it was. */
  problem = $state('');
  isBusy = $state(false);
  /** True once a person said that what is good in a file with problems is to be used. */
  usesGoodPart = $state(false);
  readonly #session: Session;
  #asked = 0;
  #rest: ReturnType<typeof setTimeout> | undefined;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Its size is looked at before it is read. */
  async takeFile(file: File): Promise<void> {
    this.clear();
    if (file.size > MAX_CATALOG_BYTES) return this.#refuseSize(file.name, file.size);
    try {
      await this.#take(await file.text(), file.name);
    } catch (thrown) {
      // A folder, or a file that has gone meanwhile.
      if (!(thrown instanceof DOMException)) throw thrown;
      this.problem = `${file.name} cannot be read. Drop the file itself, not a folder.`;
    }
  }

  /** A pasted text has no name; what it begins with tells what it is. */
  async takeText(text: string, fileName = pastedName(text)): Promise<void> {
    this.clear();
    if (text.length > MAX_CATALOG_BYTES) return this.#refuseSize('The pasted text', text.length);
    await this.#take(text, fileName);
  }

  setFormat(format: CatalogFormat | null): void {
    if (!this.file) return;
    this.file = { ...this.file, format };
    void this.#look();
  }

  /** Whose instances they are; empty = as the file says. */
  setProvider(text: string): void {
    if (!this.file) return;
    this.file = { ...this.file, provider: text.trim() || null };
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => void this.#look(), REST_MS);
  }

  /** Takes it in. null where it was refused: then `problem` says why, and nothing was changed. */
  async finish(): Promise<CatalogImportEntry | null> {
    const { file, usesGoodPart } = this;
    if (!file || this.isBusy) return null;
    this.isBusy = true;
    const result = await this.#session.ask((api) => api.importCatalog(file, usesGoodPart));
    this.isBusy = false;
    if (result.ok) {
      this.clear();
      return result.value;
    }
    this.problem = `${file.fileName} was not imported. ${result.error.message} Nothing was changed.`;
    return null;
  }

  /** Forgets the file; an answer on its way is no longer waited for. */
  clear(): void {
    clearTimeout(this.#rest);
    this.#asked += 1;
    this.file = null;
    this.preview = null;
    this.problem = '';
    this.isBusy = false;
    this.usesGoodPart = false;
  }

  async #take(text: string, fileName: string): Promise<void> {
    this.file = { fileName, text, format: null, provider: null };
    await this.#look();
  }

  async #look(): Promise<void> {
    const { file } = this;
    if (!file) return;
    clearTimeout(this.#rest);
    this.#asked += 1;
    const asked = this.#asked;
    this.isBusy = true;
    // Whoever decided did so about another reading of the file.
    this.usesGoodPart = false;
    const result = await this.#session.ask((api) => api.previewCatalog(file));
    if (asked !== this.#asked) return;
    this.isBusy = false;
    this.preview = result.ok ? result.value : null;
    this.problem = result.ok ? '' : `${file.fileName} cannot be used. ${result.error.message} Nothing was changed.`;
  }

  #refuseSize(name: string, bytes: number): void {
    const [size, most] = [bytes, MAX_CATALOG_BYTES].map((count) => `${formatFixed(count / 1e6)} MB`);
    this.problem = `${name} has ${size}; a catalog has at most ${most}. Nothing was changed.`;
  }
}
