import { formatFixed } from '../../src-worker/protocol/numbers.ts';
import { isStored } from './model-shelf.svelte.ts';
import type { Session } from './session.svelte.ts';

/** More than any config.json; a larger file was picked by mistake. */
const MOST_BYTES = 10_000_000;
/** Longer than any name of a model: it was meant as a file. */
const LONGEST_NAME = 300;

/** Takes in the config.json of a model, from a file or as text. What is refused leaves everything as it was. */
export class ModelImport {
  /** Why the last one was not taken in; empty when it was. */
  problem = $state('');
  isBusy = $state(false);
  /** True where the last one took the place of an earlier import of the same id. */
  hasReplaced = false;
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /**
   * The id of the model, or null where it was refused. Its size is looked at before it is read; `id` null = made of the
   * name of the file.
   */
  async takeFile(file: File, id: string | null = null): Promise<string | null> {
    if (file.size > MOST_BYTES) {
      const size = `${formatFixed(file.size / 1e6)} MB`;
      return this.#refuse(`${file.name} has ${size}; a config.json has a few kB. Nothing was changed.`);
    }
    let text: string;
    try {
      text = await file.text();
    } catch (thrown) {
      // A folder, or a file that has gone meanwhile.
      if (!(thrown instanceof DOMException)) throw thrown;
      return this.#refuse(`${file.name} cannot be read. Drop the config.json itself, not a folder.`);
    }
    return this.#take(text, file.name, file.name, id);
  }

  /** A pasted text has no name to make an id of: it is called by the minute. */
  async takePasted(text: string, now: Date, id: string | null = null): Promise<string | null> {
    if (text.length > MOST_BYTES) {
      return this.#refuse('What was pasted is far longer than a config.json. Nothing was changed.');
    }
    const minute = now.toISOString().slice(0, 16).replaceAll(/[T:]/g, '-');
    return this.#take(text, `pasted-${minute}.json`, 'The pasted text', id);
  }

  async #take(text: string, fileName: string, called: string, id: string | null): Promise<string | null> {
    this.isBusy = true;
    const result = await this.#session.ask((api) => api.importModel({ text, fileName, id }));
    this.isBusy = false;
    if (!result.ok) {
      return this.#refuse(`${called} was not imported. ${result.error.message} Nothing was changed.`);
    }
    this.problem = '';
    this.hasReplaced = isStored(this.#session.models, result.value.id);
    await this.#session.reloadModels();
    return result.value.id;
  }

  /**
   * Takes what was pasted where it is a file or the text of one. null where it is not: a name goes into the field
   * `fieldId`, and anything into another field, as anywhere else.
   */
  async takePaste(event: ClipboardEvent, fieldId: string, now: Date): Promise<string | null> {
    const { target, clipboardData } = event;
    const isElsewhere =
      target instanceof Element && target.closest(`input:not([id="${fieldId}"]), textarea, [role=dialog]`);
    if (isElsewhere || clipboardData === null) return null;
    const [file] = clipboardData.files;
    const text = clipboardData.getData('text/plain');
    this.problem = '';
    const isConfig = file !== undefined || this.#isConfig(text);
    // The text of a file, and what was meant as one, would only fill the field.
    if (isConfig || this.problem !== '') event.preventDefault();
    if (!isConfig) return null;
    return file ? this.takeFile(file) : this.takePasted(text, now);
  }

  /** Whether pasted text is meant to be taken in, and not to be typed into a field; what is neither is refused. */
  #isConfig(text: string): boolean {
    const start = text.trimStart();
    if (start.startsWith('{')) return true;
    if (text.length > LONGEST_NAME || /\n\s*\S/.test(start)) {
      this.#refuse(
        'What was pasted is neither the name of a model nor a config.json, which begins with "{". Nothing was changed.',
      );
    }
    return false;
  }

  #refuse(problem: string): null {
    this.problem = problem;
    return null;
  }
}
