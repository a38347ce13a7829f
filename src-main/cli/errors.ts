import {
  ConfigIqError,
  errorInfo,
  invalidInput,
  type ErrorFamily,
  type ErrorInfo,
} from '../../src-worker/engine/errors.ts';
import type { Result } from '../../src-worker/protocol/result.ts';

/** What the shell is told (NUMBERS.md, "Top, detail, exits"). */
export const EXIT = {
  answered: 0,
  bug: 1,
  usage: 2,
  noAnswer: 3,
  file: 4,
  interrupted: 130,
} as const;

const EXIT_OF_FAMILY: Record<ErrorFamily, number> = {
  invalid_input: EXIT.usage,
  no_answer: EXIT.noAnswer,
  file: EXIT.file,
  bug: EXIT.bug,
  interrupted: EXIT.interrupted,
};

export const exitCodeOf = (error: ErrorInfo): number => EXIT_OF_FAMILY[error.family];

/** The value of a result, or its error thrown, so that a command reads as one line of thought. */
export function unwrap<Value>(result: Result<Value>): Value {
  if (result.ok) return result.value;
  const { family, code, message, details } = result.error;
  throw new ConfigIqError(family, code, message, details);
}

export const usageError = (message: string, details: ErrorInfo['details'] = {}): ConfigIqError =>
  invalidInput('usage', message, details);

/** The command that shows what there is, for names nothing is near to. */
const HINTS: Record<string, string> = {
  unknown_model:
    'configiq model list shows the models there are; configiq model pull ID fetches one, configiq model import FILE adds one.',
  unknown_calibration: 'configiq calibration list shows the profiles there are.',
  unknown_run: 'configiq runs list shows the runs there are.',
};

function hintFor({ family, code, details }: ErrorInfo): string {
  if (family === 'bug') return '\nThis is a bug of ConfigIQ: the same command with --verbose shows where.';
  const { nearest } = details;
  const hint = Array.isArray(nearest) && nearest.length > 0 ? undefined : HINTS[code];
  return hint === undefined ? '' : `\n${hint}`;
}

const MAX_LINES = 3;
const MAX_CHARACTERS = 600;

/** A message as it goes to stderr: at most three lines and 600 characters, line breaks and control characters tamed. */
export function errorText(error: ErrorInfo): string {
  const hint = hintFor(error);
  // eslint-disable-next-line no-control-regex -- a pasted value must not steer the terminal
  const clean = error.message.replace(/[\u0000-\u0009\u000b-\u001f\u007f]/g, ' ').trim();
  const sentence = clean.replace(/^unknown /, 'Unknown ');
  const lines = `configiq: ${sentence}`.split(/\n+/).slice(0, hint === '' ? MAX_LINES : MAX_LINES - 1);
  const text = lines.join('\n');
  const room = MAX_CHARACTERS - hint.length;
  return `${text.length > room ? `${text.slice(0, room - 3)}...` : text}${hint}`;
}

/** What to print and how to exit for anything that was thrown; the stack only when asked for. */
export function describeError(thrown: unknown, isVerbose: boolean): { text: string; exitCode: number } {
  const error = errorInfo(thrown);
  const stack = isVerbose && thrown instanceof Error && thrown.stack ? `\n${stackWithCauses(thrown)}` : '';
  return { text: `${errorText(error)}${stack}`, exitCode: exitCodeOf(error) };
}

function stackWithCauses(error: Error): string {
  const own = error.stack ?? error.message;
  return error.cause instanceof Error ? `${own}\ncaused by: ${stackWithCauses(error.cause)}` : own;
}
