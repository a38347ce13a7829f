import { ConfigIqError } from '../../src-worker/engine/errors.ts';
import type { Store } from '../store/store.ts';

/** The text of a note; null when there is none or it cannot be read any more, which `report` is told. */
export function readableNote(store: Store, name: string, report: (problem: string) => void): string | null {
  try {
    return store.readNote(name);
  } catch (thrown) {
    // A draft that is lost must not keep a window from opening.
    if (!(thrown instanceof ConfigIqError)) throw thrown;
    report(thrown.message);
    return null;
  }
}
