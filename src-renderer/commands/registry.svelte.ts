import { untrack } from 'svelte';
import type { IconName } from '../components/icon-shapes.ts';
import type { CommandGroup, CommandWords } from '../../src-worker/protocol/command-words.ts';

export type { CommandGroup };

/** Something a person can do. Menus, buttons, the palette, tooltips and the sheet of shortcuts all read it here. */
export interface Command extends CommandWords {
  id: string;
  icon?: IconName;
  /** True where the shortcut also acts while a field has the focus. Single letters never do. */
  actsInFields?: boolean;
  /** False while it makes no sense; it is then neither listed nor run. */
  when?: () => boolean;
  run: () => void;
}

/** Every command that can be given at present. Screens add theirs while they are open. */
export class CommandRegistry {
  #sets = $state.raw<Command[][]>([]);

  /** Adds commands until the returned function is called: made to be the whole body of an `$effect`. */
  provide(commands: Command[]): () => void {
    // Read untracked: an effect that provides commands must not run again because it did.
    this.#sets = [...untrack(() => this.#sets), commands];
    return () => {
      this.#sets = this.#sets.filter((set) => set !== commands);
    };
  }

  /** In the order they were added; a command added later under the same id takes the place of the earlier one, at its own. */
  get all(): Command[] {
    const commands = this.#sets.flat();
    const last = Object.fromEntries(commands.map((command, index) => [command.id, index]));
    return commands.filter((command, index) => last[command.id] === index);
  }

  /** Those that make sense now. */
  get available(): Command[] {
    return this.all.filter((command) => command.when?.() ?? true);
  }

  find(id: string): Command | null {
    return this.all.find((command) => command.id === id) ?? null;
  }

  isAvailable(id: string): boolean {
    return this.available.some((command) => command.id === id);
  }

  /** Runs a command unless it is not available. */
  run(id: string): void {
    this.available.find((command) => command.id === id)?.run();
  }
}
