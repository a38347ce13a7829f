import { asciiText } from './report/ascii.ts';
import type { Environment, Surroundings } from './surroundings.ts';

/** How the command line speaks: results to stdout, everything else to stderr. */
export interface Terminal {
  /** Part of the result. */
  print: (text: string) => void;
  /** Progress and notes, for people; silent with --quiet. */
  note: (text: string) => void;
  /** Errors and warnings, whatever the flags. */
  complain: (text: string) => void;
  /** Replaces the last progress on a terminal, is a plain line elsewhere. */
  progress: (text: string) => void;
  /** Ends a progress that was being replaced. */
  endProgress: () => void;
  isQuiet: boolean;
  isVerbose: boolean;
  /** True when progress may overwrite itself. */
  isInteractive: boolean;
}

export interface TerminalFlags {
  isQuiet: boolean;
  isVerbose: boolean;
  /** False after --no-color. */
  mayStyle: boolean;
}

/** True for terminals and locales that cannot be trusted with more than ASCII; without any locale UTF-8 is the rule. */
export function needsAscii(environment: Environment): boolean {
  if (environment['TERM'] === 'dumb') return true;
  const locale = environment['LC_ALL'] || environment['LC_CTYPE'] || environment['LANG'];
  return locale !== undefined && locale !== '' && !/utf-?8/i.test(locale);
}

const CLEAR_LINE = '\r\u001b[2K';

export function createTerminal(
  flags: TerminalFlags,
  { out, err, environment }: Pick<Surroundings, 'out' | 'err' | 'environment'>,
): Terminal {
  const isAscii = needsAscii(environment);
  const isPlain = !flags.mayStyle || Boolean(environment['NO_COLOR']) || environment['TERM'] === 'dumb';
  const isInteractive = Boolean(err.isTTY) && !isPlain;
  let hasOpenProgress = false;
  const shown = (text: string) => (isAscii ? asciiText(text) : text);
  const closeProgress = () => {
    if (hasOpenProgress) err.write('\n');
    hasOpenProgress = false;
  };
  const line = (text: string) => err.write(`${shown(text)}\n`);
  return {
    print(text) {
      out.write(shown(text));
    },
    note(text) {
      if (flags.isQuiet) return;
      closeProgress();
      line(text);
    },
    complain(text) {
      closeProgress();
      line(text);
    },
    progress(text) {
      if (flags.isQuiet) return;
      if (!isInteractive) {
        line(text);
        return;
      }
      err.write(`${CLEAR_LINE}${shown(text)}`);
      hasOpenProgress = true;
    },
    endProgress: closeProgress,
    isQuiet: flags.isQuiet,
    isVerbose: flags.isVerbose,
    isInteractive,
  };
}
