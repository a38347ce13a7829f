import { errorInfo, type ErrorInfo } from '../engine/errors.ts';

/**
 * comlink carries only name, message and stack of an error, so codes would be lost on the way. Every call that crosses a
 * boundary therefore returns this union instead of throwing.
 */
export type Result<Value> = { ok: true; value: Value } | { ok: false; error: ErrorInfo };

export const success = <Value>(value: Value): Result<Value> => ({ ok: true, value });
export const failure = (error: ErrorInfo): { ok: false; error: ErrorInfo } => ({ ok: false, error });

/** Runs `work` and turns whatever it throws into a failure. */
export function attempt<Value>(work: () => Value): Result<Value> {
  try {
    return success(work());
  } catch (thrown) {
    return failure(errorInfo(thrown));
  }
}

/** Same for a promise. */
export async function attemptAsync<Value>(work: () => Promise<Value>): Promise<Result<Value>> {
  try {
    return success(await work());
  } catch (thrown) {
    return failure(errorInfo(thrown));
  }
}
