/**
 * The families of NUMBERS.md's exit codes. Hosts turn a family into an exit code or a notice; nobody matches on message
 * strings.
 */
export type ErrorFamily = 'invalid_input' | 'no_answer' | 'file' | 'bug' | 'interrupted';

/** Plain, cloneable form of an error, as it crosses a worker, a socket or IPC. */
export interface ErrorInfo {
  family: ErrorFamily;
  /** Stable, for machines: `unknown_zone`, `value_out_of_range`, `config_invalid`, … */
  code: string;
  /** One sentence or two for people: what was wrong, what was given, what would work. */
  message: string;
  details: Record<string, string | number | boolean | null | string[]>;
}

/** An error somebody can act on. Everything else that is thrown is a bug. */
export class ConfigIqError extends Error {
  readonly family: ErrorFamily;
  readonly code: string;
  readonly details: ErrorInfo['details'];

  constructor(
    family: ErrorFamily,
    code: string,
    message: string,
    details: ErrorInfo['details'] = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'ConfigIqError';
    this.family = family;
    this.code = code;
    this.details = details;
  }
}

/** The person can mend it: a flag, a value, a name. */
export const invalidInput = (code: string, message: string, details: ErrorInfo['details'] = {}): ConfigIqError =>
  new ConfigIqError('invalid_input', code, message, details);

/** A file, folder or database that cannot be read, is invalid, or cannot be written. */
export const fileError = (
  code: string,
  message: string,
  details: ErrorInfo['details'] = {},
  cause?: unknown,
): ConfigIqError => new ConfigIqError('file', code, message, details, cause === undefined ? undefined : { cause });

/** Turns anything thrown into plain data; what is not a ConfigIqError is a bug of ours and says so. */
export function errorInfo(thrown: unknown): ErrorInfo {
  if (thrown instanceof ConfigIqError) {
    return { family: thrown.family, code: thrown.code, message: thrown.message, details: thrown.details };
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { family: 'bug', code: 'internal_error', message: `Internal error: ${message}`, details: {} };
}
