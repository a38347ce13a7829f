import type { ComboItem } from '../components/combo-matches.ts';
import type { ModelListEntry } from '../../src-worker/protocol/documents.ts';
import { formatCompact } from '../../src-worker/protocol/numbers.ts';

/** Models to choose from: the usable ones first, then those that cannot be sized yet, with the reason. */
export function modelItems(models: readonly ModelListEntry[]): ComboItem[] {
  const itemOf = (model: ModelListEntry): ComboItem => ({
    value: model.id,
    label: model.id,
    search: model.architecture ?? '',
    ...(model.supported
      ? { detail: formatCompact(model.total_parameters) }
      : { reason: model.reason ?? 'not supported' }),
  });
  return [...models.filter(({ supported }) => supported), ...models.filter(({ supported }) => !supported)].map(itemOf);
}
