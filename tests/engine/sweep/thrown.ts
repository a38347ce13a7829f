import { ConfigIqError } from '../../../src-worker/engine/errors.ts';

function thrownBy(work: () => unknown): ConfigIqError {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof ConfigIqError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was thrown');
}

/** Code of the error that `work` throws. */
export const codeOf = (work: () => unknown): string => thrownBy(work).code;
/** Its sentence for people. */
export const messageOf = (work: () => unknown): string => thrownBy(work).message;
