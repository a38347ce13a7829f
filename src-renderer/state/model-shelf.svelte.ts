import type { ModelDocument, ModelFitsDocument, ModelListEntry } from '../../src-worker/protocol/documents.ts';
import { toasts } from '../components/toasts.svelte.ts';
import { Asked } from './asked.svelte.ts';
import type { Session } from './session.svelte.ts';

/** Origins of models that the program itself brings or that a command line named: nothing of them is kept. */
const NOT_STORED = ['bundled', 'file'];

/** True where the model with this id, letter case aside, is kept in the store: it can be removed. */
export const isStored = (models: readonly ModelListEntry[], id: string): boolean =>
  models.some(
    (model) =>
      model.id.toLowerCase() === id.toLowerCase() && model.alias_of === null && !NOT_STORED.includes(model.origin),
  );

/** What is looked at and done on the screen of models. */
export class ModelShelf {
  /** The dialog that is open. */
  dialog = $state<'import' | 'pull' | 'config' | null>(null);
  /** True once the model was asked for: on a small window its facts lie over the table. */
  isSheetOpen = $state(false);
  /** Why the last thing that was done failed; empty when it did not. */
  problem = $state('');
  /** The pull under way, or why the last one came to nothing. */
  pull = $state.raw<{ kind: 'idle' } | { kind: 'busy'; taskId: string } | { kind: 'problem'; sentence: string }>({
    kind: 'idle',
  });
  readonly shown = new Asked<ModelDocument>();
  readonly fits = new Asked<ModelFitsDocument>();
  readonly config = new Asked<string>();
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  show(id: string): Promise<void> {
    return this.shown.ask(id, () => this.#session.ask((api) => api.showModel(id)));
  }

  /** What fits on which GPU with requests of so many tokens; null = of the usual length. */
  askFits(id: string, tokens: number | null): Promise<void> {
    const key = `${id}/${tokens ?? 'usual'}`;
    return this.fits.ask(key, () => this.#session.ask((api) => api.modelFits({ id, tokens })));
  }

  readConfig(id: string): Promise<void> {
    return this.config.ask(id, () => this.#session.ask((api) => api.readModelConfig(id)));
  }

  /** Forgets a stored model; the toast takes that back. `onback` is told of its id when it does. */
  async remove(id: string, onback: (id: string) => void): Promise<boolean> {
    const result = await this.#session.ask((api) => api.removeModel(id));
    this.problem = result.ok ? '' : `${id} was not removed. ${result.error.message}`;
    if (!result.ok) return false;
    await this.#session.reloadModels();
    toasts.show({ sentence: `Removed ${id}.`, undo: () => void this.#restore(id, onback), keys: '$mod+z' });
    return true;
  }

  /** Fetches a model from the hub. The id it is kept under, or null where it was refused: then `pull` says why. */
  async pullModel(id: string, revision: string | null): Promise<string | null> {
    const taskId = crypto.randomUUID();
    this.pull = { kind: 'busy', taskId };
    const result = await this.#session.ask((api) => api.pullModel({ id, revision, taskId }));
    if (!result.ok) {
      const isCancelled = result.error.family === 'interrupted';
      this.pull = isCancelled ? { kind: 'idle' } : { kind: 'problem', sentence: result.error.message };
      return null;
    }
    const { model, notes } = result.value;
    const hasReplaced = isStored(this.#session.models, model.id);
    await this.#session.reloadModels();
    this.pull = { kind: 'idle' };
    this.told('Pulled', model.id, hasReplaced);
    this.problem = notes.join(' ');
    return model.id;
  }

  /** Ends a pull that is under way; nothing is changed then. */
  async cancelPull(): Promise<void> {
    const { pull } = this;
    if (pull.kind === 'busy') await this.#session.ask((api) => api.cancelTask(pull.taskId));
  }

  /** Says that a model was taken in, and how to take that back. */
  told(deed: 'Imported' | 'Pulled', id: string, hasReplaced: boolean): void {
    const sentence = hasReplaced ? `${deed} ${id} in place of the one before.` : `${deed} ${id}.`;
    const undo = (): void => void (hasReplaced ? this.#restore(id, () => undefined) : this.#forget(id));
    toasts.show({ sentence, undo, keys: '$mod+z' });
  }

  async #restore(id: string, onback: (id: string) => void): Promise<void> {
    const result = await this.#session.ask((api) => api.restoreModel(id));
    this.problem = result.ok ? '' : `${id} was not put back. ${result.error.message}`;
    await this.#session.reloadModels();
    if (result.ok) onback(id);
  }

  async #forget(id: string): Promise<void> {
    const result = await this.#session.ask((api) => api.removeModel(id));
    this.problem = result.ok ? '' : `${id} was not removed. ${result.error.message}`;
    await this.#session.reloadModels();
  }
}
