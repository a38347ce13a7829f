import type { StartFile } from '../services/catalogs/files.ts';
import type { AppService } from '../services/app-service.ts';
import type { Environment } from './surroundings.ts';
import type { Terminal } from './terminal.ts';

/** What a command is given by the program that runs it. */
export interface CommandContext {
  terminal: Terminal;
  environment: Environment;
  /** The standard input, opened when first asked for. */
  input: () => AsyncIterable<unknown>;
  /** Catalogs, database and workers, opened when first asked for, with the files of the user over them; the program closes them. */
  service: (files?: StartFile[]) => Promise<AppService>;
  /**
   * What Ctrl-C does from now on; without it the program ends at once, with a word. null = the system ends the program,
   * which works in the midst of a long computation too.
   */
  onInterrupt: (stop: (() => void) | null) => void;
}

/** Options as commander read them, under camelCase names. */
export type Options = Record<string, unknown>;

/** A command: prints its result and answers the exit code. Throws ConfigIqError for everything that stops it. */
export type Run = (context: CommandContext, options: Options, args: string[]) => Promise<number>;
