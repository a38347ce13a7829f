import type { IconName } from '../components/Icon.svelte';

export type CommandGroup = 'Go' | 'Edit' | 'Answer' | 'Sweep' | 'View' | 'Help';

/** Something a person can do. Menus, buttons, the palette, tooltips and the sheet of shortcuts all read it here. */
export interface Command {
  id: string;
  label: string;
  group: CommandGroup;
  icon?: IconName;
  /** Shortcut in tinykeys' words: `$mod+k`, `n`, `Shift+?`. */
  keys?: string;
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
    this.#sets = [...this.#sets, commands];
    return () => {
      this.#sets = this.#sets.filter((set) => set !== commands);
    };
  }

  /** In the order they were added; a command added later under the same id replaces the earlier one. */
  get all(): Command[] {
    return [...new Map(this.#sets.flat().map((command) => [command.id, command])).values()];
  }

  /** Those that make sense now. */
  get available(): Command[] {
    return this.all.filter((command) => command.when?.() ?? true);
  }

  find(id: string): Command | null {
    return this.all.find((command) => command.id === id) ?? null;
  }

  /** Runs a command unless it is not available. */
  run(id: string): void {
    this.available.find((command) => command.id === id)?.run();
  }
}
