import { ConfigIqError } from '../../../src-worker/engine/errors.ts';
import type { Result } from '../../../src-worker/protocol/result.ts';

/** What a thread answered, or its failure as it was. */
export function unwrapped<Value>(result: Result<Value>): Value {
  if (result.ok) return result.value;
  const { family, code, message, details } = result.error;
  throw new ConfigIqError(family, code, message, details);
}
