import type { Command } from '../../commands/registry.svelte.ts';
import type { IconName } from '../../components/icon-shapes.ts';
import type { RunEntry } from '../../../src-worker/protocol/app-api.ts';
import type { ModelListEntry, Recommendation } from '../../../src-worker/protocol/documents.ts';
import { configurationName } from '../../../src-worker/protocol/metrics.ts';
import { formatCompact, formatUsd } from '../../../src-worker/protocol/numbers.ts';
import { gpuLabel, isOwnHardware, precisionLabel } from '../../format/names.ts';
import { relativeTime } from '../../format/relative-time.ts';

export const PALETTE_GROUPS = ['Models', 'Commands', 'Runs', 'Configurations of the answer'] as const;
export type PaletteGroup = (typeof PALETTE_GROUPS)[number];

export interface PaletteEntry {
  id: string;
  group: PaletteGroup;
  label: string;
  icon: IconName;
  /** Second column: a size, a price, a time. */
  detail: string;
  /** Shortcut, in the registry's words. */
  keys?: string | undefined;
  run: () => void;
}

/** What a first character restricts the list to. */
export const PREFIXES: Record<string, PaletteGroup> = { '>': 'Commands', '#': 'Models', '@': 'Runs' };

/** Shown in each group as long as all groups are: more are found by typing on. */
const MOST_IN_GROUP = 6;
const MOST_IN_ONE_GROUP = 100;

export interface PaletteHit {
  group: PaletteGroup;
  entries: PaletteEntry[];
}

/** Without the prefix: what was typed to be found. */
export const searchedText = (typed: string): string => (PREFIXES[typed.charAt(0)] ? typed.slice(1) : typed).trim();

/**
 * Entries that hold every word that was typed, in their groups. Where a word begins matters: "8b" finds Llama-3.1-8B before a
 * name that merely holds it. With nothing typed only commands are listed: everything else is found by its name.
 */
export function findEntries(entries: PaletteEntry[], typed: string): PaletteHit[] {
  const only = PREFIXES[typed.charAt(0)];
  const words = searchedText(typed).toLowerCase().split(/\s+/).filter(Boolean);
  const isOffered = ({ group }: PaletteEntry): boolean =>
    only ? group === only : words.length > 0 || group === 'Commands';
  const most = only || words.length === 0 ? MOST_IN_ONE_GROUP : MOST_IN_GROUP;
  const found = entries
    .filter((entry) => isOffered(entry) && words.every((word) => entry.label.toLowerCase().includes(word)))
    .map((entry) => ({ entry, rank: rankOf(entry.label.toLowerCase(), words) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ entry }) => entry);
  return PALETTE_GROUPS.map((group) => ({
    group,
    entries: found.filter((entry) => entry.group === group).slice(0, most),
  })).filter((hit) => hit.entries.length > 0);
}

/** How many words do not begin a word of the label: 0 is best. */
const rankOf = (label: string, words: string[]): number => {
  const pieces = label.split(/[^a-z0-9.]+/);
  return words.filter((word) => !pieces.some((piece) => piece.startsWith(word))).length;
};

export const commandEntries = (commands: Command[]): PaletteEntry[] =>
  commands
    .filter(({ id }) => id !== 'view.palette')
    .map(({ id, label, icon, keys, run }) => ({
      id,
      group: 'Commands',
      label,
      icon: icon ?? 'right',
      detail: '',
      keys,
      run,
    }));

export const modelEntries = (models: ModelListEntry[], inUse: string, choose: (id: string) => void): PaletteEntry[] =>
  models
    .filter((model) => model.supported)
    // The one in use first: it tells what would be changed.
    .sort((a, b) => Number(b.id === inUse) - Number(a.id === inUse))
    .map(({ id, total_parameters: parameters }) => ({
      id: `model/${id}`,
      group: 'Models',
      label: id,
      icon: 'model',
      detail: id === inUse ? 'in use' : formatCompact(parameters),
      run: () => choose(id),
    }));

export const runEntries = (runs: RunEntry[], now: Date, open: (run: RunEntry) => void): PaletteEntry[] =>
  runs.map((run) => ({
    id: `run/${run.id}`,
    group: 'Runs',
    label: [run.name, run.model, run.question].filter(Boolean).join(', '),
    icon: run.kind === 'sweep' ? 'sweep' : 'runs',
    detail: relativeTime(run.createdAt, now),
    run: () => open(run),
  }));

export const configurationEntries = (rows: Recommendation[], open: (id: string) => void): PaletteEntry[] =>
  rows.map((row) => ({
    id: `configuration/${row.id}`,
    group: 'Configurations of the answer',
    label: `${configurationName(row)}, ${gpuLabel(row.gpu)} in ${precisionLabel(row.quantization)}, ${isOwnHardware(row.provider) ? 'own hardware' : row.region}`,
    icon: 'database',
    detail: row.cost.usd_per_hour === null ? '' : `${formatUsd(row.cost.usd_per_hour)}/h`,
    run: () => open(row.id),
  }));
