import { z } from 'zod';
import { countedChoices, type Choice } from '../../format/counted-choices.ts';
import { groupLabel, TABS, type CatalogEntry, type TabId } from './entries.ts';

const ORIGINS = {
  bundled: { label: 'Bundled', test: ({ layer }) => layer === 'bundled' },
  imported: { label: 'Imported', test: ({ layer }) => layer === 'imported' },
  file: { label: 'From a file', test: ({ layer }) => layer === 'file' },
  corrected: { label: 'Corrected', test: ({ corrections }) => corrections > 0 },
} satisfies Record<string, { label: string; test: (entry: CatalogEntry) => boolean }>;

type OriginId = keyof typeof ORIGINS;
const ORIGIN_IDS = Object.keys(ORIGINS) as OriginId[];

const tabSchema = z.object({
  /** The entry whose facts stand at the right; null = the first. */
  chosen: z.string().nullable(),
  search: z.string(),
  /** Vendor, provider or format. */
  group: z.string(),
  origin: z.enum(['all', ...ORIGIN_IDS]),
});

/** What is looked at on one tab, as plain data that outlives it. */
export type ShownTab = z.infer<typeof tabSchema>;

export const EVERYTHING: ShownTab = { chosen: null, search: '', group: 'all', origin: 'all' };

const shownSchema = z.object({ tab: z.enum(TABS), tabs: z.partialRecord(z.enum(TABS), tabSchema) });
export type ShownCatalogs = z.infer<typeof shownSchema>;

/** What was looked at before; GPUs where `kept` is none. */
export const readShownCatalogs = (kept: unknown): ShownCatalogs =>
  shownSchema.safeParse(kept).data ?? { tab: 'gpus', tabs: {} };

/** Entries that pass the filters: every word that was typed stands in a name, an id or a cell. */
export function filteredEntries(entries: readonly CatalogEntry[], shown: ShownTab): CatalogEntry[] {
  const { search, group, origin } = shown;
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const isFrom = origin === 'all' ? () => true : ORIGINS[origin].test;
  return entries.filter((entry) => {
    if ((group !== 'all' && entry.group !== group) || !isFrom(entry)) return false;
    if (words.length === 0) return true;
    const text = [entry.id, entry.name, ...Object.values(entry.cells)].join(' ').toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

export const isNarrowed = ({ search, group, origin }: ShownTab): boolean =>
  search.trim() !== '' || group !== 'all' || origin !== 'all';

const GROUP_WORDS: Partial<Record<TabId, string>> = {
  gpus: 'All vendors',
  instances: 'All clouds',
  prices: 'All clouds',
  zones: 'All clouds',
};

/** null where the tab has nothing to tell apart so. */
export function groupChoices(tab: TabId, entries: readonly CatalogEntry[]): Choice<string>[] | null {
  const everything = GROUP_WORDS[tab];
  if (everything === undefined) return null;
  const groups = [...new Set(entries.map(({ group }) => group))].sort();
  return countedChoices(
    groups,
    (group) => groupLabel(tab, group),
    (group) => entries.filter((entry) => entry.group === group).length,
    everything,
  );
}

export function originChoices(tab: TabId, entries: readonly CatalogEntry[]): Choice<ShownTab['origin']>[] | null {
  if (tab === 'imports' || tab === 'zones') return null;
  return countedChoices(
    ORIGIN_IDS,
    (id) => ORIGINS[id].label,
    (id) => entries.filter(ORIGINS[id].test).length,
    'All sources',
  );
}
