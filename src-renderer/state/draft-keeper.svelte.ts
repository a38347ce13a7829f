import type { AppApi } from '../../src-worker/protocol/app-api.ts';
import type { Result } from '../../src-worker/protocol/result.ts';
import { draftText, readDraft, type Draft } from './draft-format.ts';

type Ask = <Value>(call: (api: AppApi) => Promise<Result<Value>>) => Promise<Result<Value>>;

const DRAFT_NOTE = 'window/draft';
/** Where a draft goes that cannot be read, so that nothing is thrown away. */
const SET_ASIDE_NOTE = 'window/draft-set-aside';
const WRITE_AFTER_MS = 300;

export type FoundDraft =
  | { kind: 'found'; draft: Draft }
  | { kind: 'none' }
  | { kind: 'damaged'; sentence: string }
  /** The host did not answer: it is asked again when it is back. */
  | { kind: 'unknown' };

/** Puts away where the window stands, so that it reopens there. What could not be written is written when the host is back. */
export class DraftKeeper {
  /** `waiting` = edits that the host does not have yet. */
  state = $state<'empty' | 'waiting' | 'kept'>('empty');
  /** Why the last attempt failed; empty when it worked. */
  problem = $state('');

  readonly #ask: Ask;
  #unwritten: string | null = null;
  #written = '';
  #isWriting = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  async find(defaults: Draft): Promise<FoundDraft> {
    const note = await this.#ask((api) => api.readNote(DRAFT_NOTE));
    if (!note.ok) return note.error.family === 'interrupted' ? { kind: 'unknown' } : damaged(note.error.message);
    if (note.value === null) return { kind: 'none' };
    const { value: text } = note;
    const draft = readDraft(text, defaults);
    if (draft) {
      this.#written = text;
      this.state = 'kept';
      return { kind: 'found', draft };
    }
    const aside = await this.#ask((api) => api.writeNote(SET_ASIDE_NOTE, text));
    return damaged(aside.ok ? 'It is kept under another name.' : aside.error.message);
  }

  /** Written soon; a newer draft takes the place of one that has not been written. */
  keep(draft: Draft): void {
    const text = draftText(draft);
    if (text === (this.#unwritten ?? this.#written)) return;
    this.#unwritten = text;
    this.state = 'waiting';
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.flush(), WRITE_AFTER_MS);
  }

  /** Writes what is not written: when the page goes away, and when the host has come back. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#isWriting) return;
    this.#isWriting = true;
    while (this.#unwritten !== null) {
      const text = this.#unwritten;
      const result = await this.#ask((api) => api.writeNote(DRAFT_NOTE, text));
      this.problem = result.ok ? '' : result.error.message;
      if (!result.ok) break;
      this.#written = text;
      if (this.#unwritten === text) this.#unwritten = null;
    }
    this.#isWriting = false;
    if (this.#unwritten === null && this.#written !== '') this.state = 'kept';
  }
}

const damaged = (why: string): FoundDraft => ({
  kind: 'damaged',
  sentence: `What was open last time could not be read, so the window begins anew. ${why}`,
});
