import type { SizeDocument } from '../../src-worker/protocol/documents.ts';
import type { SizeInputDraft } from '../../src-worker/protocol/requests.ts';
import { changesBetween } from './changes.ts';
import type { FormReading } from './form-reading.ts';

/** What the explanation of the load is made of: users at the pace of the P50 targets. */
export const LOAD_KEYS = ['users', 'rate', 'think_time', 'workload', 'output_tokens', 'sla'] as const;

/**
 * True where `document` answers the values that the form now holds for `keys`; other values may differ. What it says about
 * these can then be shown beside them, even while an edit of something else is being answered.
 */
export function isAnswered(
  document: SizeDocument | null,
  reading: FormReading,
  keys: readonly (keyof SizeInputDraft)[],
): document is SizeDocument {
  if (document === null || reading.kind !== 'ready') return false;
  const asked: Record<string, unknown> = reading.request;
  // A key that is left out means the same as null.
  return keys.every((key) => changesBetween(document.input[key] ?? null, asked[key] ?? null).length === 0);
}
