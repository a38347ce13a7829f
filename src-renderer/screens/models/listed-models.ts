import { z } from 'zod';
import { BYTES_PER_GIB } from '../../../src-worker/engine/units.ts';
import type { ModelListEntry } from '../../../src-worker/protocol/documents.ts';
import { modelStanding } from '../../../src-worker/protocol/model-standing.ts';
import { formatFixed, formatSignificant, NO_VALUE } from '../../../src-worker/protocol/numbers.ts';
import { textColumn, type Column } from '../../format/columns.ts';
import { countedChoices, type Choice } from '../../format/counted-choices.ts';
import { precisionLabel } from '../../format/names.ts';

/** A model with every name it is found by. */
export interface ListedModel extends ModelListEntry {
  aliases: string[];
}

/** Each model once, with the aliases that stand for it. */
export function listedModels(entries: readonly ModelListEntry[]): ListedModel[] {
  const aliasesOf = (id: string): string[] => entries.flatMap((entry) => (entry.alias_of === id ? [entry.id] : []));
  const isOriginal = ({ alias_of: alias }: ModelListEntry): boolean => alias === null;
  return entries.filter(isOriginal).map((entry) => ({ ...entry, aliases: aliasesOf(entry.id) }));
}

/** What kinds of models can be told apart, with how each is recognized. */
const KIND_TESTS = {
  dense: { label: 'Dense', test: (model) => model.is_moe === false },
  moe: { label: 'Mixture of experts', test: (model) => model.is_moe === true },
  vision: { label: 'With vision', test: (model) => model.modalities.some((name) => /vision|image|video/.test(name)) },
  estimated: { label: 'Estimated', test: (model) => model.estimated },
  unsized: { label: 'Not sized', test: (model) => modelStanding(model) === 'counted' },
  unsupported: { label: 'Not supported', test: (model) => modelStanding(model) === 'unread' },
} satisfies Record<string, { label: string; test: (model: ModelListEntry) => boolean }>;

const ORIGIN_LABELS = {
  bundled: 'Bundled',
  imported: 'Imported',
  hub: 'Hub',
  hf_cache: 'HF cache',
  file: 'File',
};

export const originLabel = (origin: string): string =>
  Object.hasOwn(ORIGIN_LABELS, origin) ? ORIGIN_LABELS[origin as keyof typeof ORIGIN_LABELS] : origin;

type KindId = keyof typeof KIND_TESTS;
type OriginId = keyof typeof ORIGIN_LABELS;
const KIND_IDS = Object.keys(KIND_TESTS) as KindId[];
const ORIGIN_IDS = Object.keys(ORIGIN_LABELS) as OriginId[];

const shownSchema = z.object({
  /** The model whose facts stand at the right; null = the one in the question. */
  chosen: z.string().nullable(),
  search: z.string(),
  kind: z.enum(['all', ...KIND_IDS]),
  origin: z.enum(['all', ...ORIGIN_IDS]),
  /** As typed; empty = the usual length. */
  tokens: z.string(),
  /** Precision that fits are listed for; null = that of the checkpoint. */
  precision: z.string().nullable(),
});

/** What is looked at on the screen, as plain data that outlives it. */
export type ShownModels = z.infer<typeof shownSchema>;

const FIRST_SHOWN: ShownModels = { chosen: null, search: '', kind: 'all', origin: 'all', tokens: '', precision: null };

/** What was looked at before; everything where `kept` is none. */
export const readShownModels = (kept: unknown): ShownModels => shownSchema.safeParse(kept).data ?? FIRST_SHOWN;

type Filters = Pick<ShownModels, 'search' | 'kind' | 'origin'>;

/** Models that pass the filters: every word that was typed stands in an id, an alias, the family or the attention. */
export function filteredModels(models: readonly ListedModel[], { search, kind, origin }: Filters): ListedModel[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return models.filter((model) => {
    const { id, aliases, architecture, attention } = model;
    const text = [id, ...aliases, architecture, attention].join(' ').toLowerCase();
    if (kind !== 'all' && !KIND_TESTS[kind].test(model)) return false;
    return (origin === 'all' || model.origin === origin) && words.every((word) => text.includes(word));
  });
}

export const kindChoices = (models: readonly ListedModel[]): Choice<KindId | 'all'>[] =>
  countedChoices(
    KIND_IDS,
    (id) => KIND_TESTS[id].label,
    (id) => models.filter(KIND_TESTS[id].test).length,
    'All kinds',
  );

export const originChoices = (models: readonly ListedModel[]): Choice<OriginId | 'all'>[] =>
  countedChoices(
    ORIGIN_IDS,
    (id) => ORIGIN_LABELS[id],
    (id) => models.filter(({ origin }) => origin === id).length,
    'From anywhere',
  );

/** Word beside the name of a model; empty for most. */
export const markOf = (model: ModelListEntry): string =>
  ({ sized: model.estimated ? 'estimated' : '', counted: 'not sized', unread: 'not supported' })[modelStanding(model)];

const BYTES_PER_KIB = 2 ** 10;
const BILLION = 1e9;

/** A number in the unit of its head, with three digits that mean something. */
function amountColumn(
  id: string,
  label: string,
  unit: string,
  read: (model: ListedModel) => number | null,
  perUnit: number,
  definition: string,
): Column<ListedModel> {
  const value = (model: ListedModel): number | null => {
    const amount = read(model);
    return amount === null ? null : amount / perUnit;
  };
  return { id, label, unit, definition, isNumber: true, value, text: (model) => formatSignificant(value(model)) };
}

const hidden = (column: Column<ListedModel>): Column<ListedModel> => ({ ...column, isHidden: true });

export const MODEL_COLUMNS: Column<ListedModel>[] = [
  {
    ...textColumn<ListedModel>('model', 'Model', (model) => model.id),
    // As wide as the name with its mark.
    mostCharacters: 28,
    text: (model) => [model.id, markOf(model)].filter(Boolean).join(' '),
    value: (model) => model.id,
  },
  amountColumn(
    'parameters',
    'Parameters',
    'billions',
    (model) => model.total_parameters,
    BILLION,
    'All of them, a head that shares the embedding counted once.',
  ),
  amountColumn(
    'active',
    'Active',
    'billions',
    (model) => model.active_parameters,
    BILLION,
    'Parameters that one token uses: of the experts only the chosen ones.',
  ),
  {
    ...textColumn<ListedModel>('attention', 'Attention', (model) => model.attention ?? NO_VALUE),
    unit: 'heads / KV heads',
    mostCharacters: 17,
    value: (model) => model.attention,
    definition: 'Kind with query and KV heads; sliding = some layers keep only the last tokens.',
  },
  {
    ...amountColumn(
      'kv',
      'KV cache',
      'KiB/token',
      (model) => model.kv_bytes_per_token_fp16,
      BYTES_PER_KIB,
      'What a token adds in all layers at 16 bit, while no window is full; "+ fixed" is a state of constant size beside it.',
    ),
    text: (model) => {
      const { kv_bytes_per_token_fp16: bytes, state_bytes_per_sequence: state } = model;
      const kib = formatSignificant(bytes === null ? null : bytes / BYTES_PER_KIB);
      return (state ?? 0) > 0 ? `${kib} + fixed` : kib;
    },
  },
  amountColumn(
    'weights',
    'Weights',
    'GiB',
    (model) => model.weight_bytes,
    BYTES_PER_GIB,
    'As the checkpoint stores them.',
  ),
  hidden({
    ...textColumn<ListedModel>('stored', 'Stored', (model) => precisionLabel(model.checkpoint_precision) || NO_VALUE),
    unit: 'format',
    value: (model) => model.checkpoint_precision,
    definition: 'Format of the weights in the checkpoint.',
  }),
  {
    id: 'context',
    label: 'Context',
    unit: 'tokens',
    definition: 'Longest prompt and answer together.',
    isNumber: true,
    value: (model) => model.max_context_tokens,
    text: (model) => formatFixed(model.max_context_tokens),
  },
  textColumn<ListedModel>('origin', 'From', (model) => originLabel(model.origin)),
  hidden(textColumn<ListedModel>('architecture', 'Architecture', (model) => model.architecture ?? '')),
  hidden(textColumn<ListedModel>('revision', 'Revision', (model) => model.revision ?? '')),
  hidden(textColumn<ListedModel>('source', 'Source', (model) => model.source)),
];
