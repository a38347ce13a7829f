import { gibFromBytes } from '../../../src-worker/engine/units.ts';
import type { LayerSummary, ModelDocument, ModelListEntry } from '../../../src-worker/protocol/documents.ts';
import { layerKinds } from '../../../src-worker/protocol/layer-kinds.ts';
import { modelStanding, type ModelStanding } from '../../../src-worker/protocol/model-standing.ts';
import { precisionLabel } from '../../../src-worker/protocol/precision-labels.ts';
import { count, decimal, gib, NONE, parameters, plural } from './format.ts';
import { bullet, facts, heading, table, textOf, wrap } from './layout.ts';

const BYTES_PER_KIB = 1024;
/** `2026-01-05` of an ISO time. */
const DATE_LENGTH = 10;
/** Whole KiB as they are, others with three digits: 68.6 KiB. */
const kib = (bytes: number): string => {
  const value = bytes / BYTES_PER_KIB;
  return `${Number.isInteger(value) ? count(value) : decimal(value)} KiB`;
};
const mib = (bytes: number): string => `${decimal(bytes / BYTES_PER_KIB ** 2)} MiB`;

/** A model in figures. */
export function modelReport(document: ModelDocument): string {
  const { weight_bytes: weights, checkpoint } = document;
  return textOf([
    ...heading(document.id),
    ...facts([
      ['Architecture', `${document.architecture}${document.estimated ? ' (estimated)' : ''}`],
      ['Parameters', `${parameters(document.total_parameters)} (${count(document.total_parameters)})`],
      ['Active per token', `${parameters(document.active_parameters)} (${count(document.active_parameters)})`],
      ...(document.mtp_parameters > 0
        ? [['Beside them', `${parameters(document.mtp_parameters)} for multi-token prediction, not loaded`] as const]
        : []),
      ['Work per token', workText(document)],
      ['Checkpoint', checkpointText(checkpoint)],
      ...cacheFacts(document),
      ['Context', `${count(document.max_context_tokens)} tokens`],
      ['Origin', originText(document)],
      ...(document.safetensors ? [['Safetensors', document.safetensors.sentence] as const] : []),
    ]),
    '',
    ...table(
      [{ title: 'Weights in' }, { title: '', align: 'right' }],
      Object.entries(weights).map(([precision, bytes]) => [precisionLabel(precision), gib(gibFromBytes(bytes))]),
    ),
    '',
    ...table(
      [{ title: 'Component' }, { title: 'Parameters', align: 'right' }],
      Object.entries(document.components)
        .filter(([, number]) => number > 0)
        .map(([name, number]) => [name.replaceAll('_', ' '), count(number)]),
    ),
    '',
    'Layers:',
    ...layerLines(document.layers),
    ...(document.assumptions.length > 0
      ? ['', ...document.assumptions.flatMap((sentence) => wrap(`! ${sentence}`, { hanging: '  ' }))]
      : []),
  ]);
}

const GIGA = 1e9;

function workText({ flops_per_token: flops }: ModelDocument): string {
  return `${decimal(flops.total / GIGA)} GFLOP, with ${count(flops.context_tokens)} tokens of context`;
}

function checkpointText({ precision, method, bytes, problem }: ModelDocument['checkpoint']): string {
  if (bytes === null) return problem ?? NONE;
  return `${precisionLabel(precision)}${method === null ? '' : ` (${method})`}, ${gib(gibFromBytes(bytes))}`;
}

/** What a sequence keeps: per token, in windows, and whatever its length. */
function cacheFacts(document: ModelDocument): [string, string][] {
  const { kv_bytes_per_token: all, kv_bytes_per_token_full: full, windows, state_bytes_per_sequence: state } = document;
  const rows: [string, string][] = [];
  if (all.fp16 > 0) rows.push(['KV cache per token', `${kib(all.fp16)} in 16 bit, ${kib(all.fp8)} in FP8`]);
  for (const { window_tokens: tokens, kv_bytes_per_token_fp16: bytes, layers } of windows) {
    rows.push([
      'Window',
      `${plural(layers, 'layer')} keep the last ${count(tokens)} tokens only: ${kib(bytes)} per token in 16 bit until then`,
    ]);
  }
  if (windows.length > 0) rows.push(['Beyond the windows', `${kib(full.fp16)} per token in 16 bit`]);
  if (state > 0) rows.push(['State per sequence', `${mib(state)}, whatever its length`]);
  return rows;
}

function originText({ origin, source, revision, added_at: addedAt }: ModelDocument): string {
  const at = revision === null ? '' : ` at ${revision}`;
  return `${origin}, ${source}${at}${addedAt === null ? '' : `, ${addedAt.slice(0, DATE_LENGTH)}`}`;
}

/** What a layer keeps of each token and of each sequence. */
function keptText({ kv_bytes_per_token_fp16: kvBytes, state_bytes_per_sequence: state }: LayerSummary): string {
  const kept = [
    ...(kvBytes > 0 ? [`${kib(kvBytes)} of KV cache per token`] : []),
    ...(state > 0 ? [`${mib(state)} of state per sequence`] : []),
  ];
  return kept.length > 0 ? `, ${kept.join(', ')}` : '';
}

/** One item per kind of layer, and how the kinds take turns where they do. */
function layerLines(layers: readonly LayerSummary[]): string[] {
  const { kinds, order } = layerKinds(layers);
  const lines = kinds.flatMap(({ layer, count: number, letter }) => {
    const name = order === null ? '' : `${letter}: `;
    const parts = [layer.attention, layer.ffn].filter((part) => part !== NO_ATTENTION && part !== NO_FFN);
    return bullet(
      `${name}${number} × ${parts.join(', ')}: ${count(layer.parameters)} parameters each${keptText(layer)}`,
    );
  });
  return order === null ? lines : [...lines, ...wrap(`In order: ${order}.`, { first: '  ', hanging: '  ' })];
}

/** What the parts that are not there go by in the documents. */
const NO_ATTENTION = 'no attention';
const NO_FFN = 'no FFN';

/** Models that stand apart from the table under what they have in common; [] for none. */
const apart = (title: string, ids: readonly string[]): string[] =>
  ids.length > 0 ? ['', `${title} (model show says why):`, ...wrap(ids.join(', '), { first: '  ' })] : [];

/** Models one a line; aliases are only counted, the JSON has them all. */
export function modelListReport(entries: readonly ModelListEntry[]): string {
  const models = entries.filter(({ alias_of: alias }) => alias === null);
  const supported = models.filter((entry) => entry.supported);
  const idsOf = (standing: ModelStanding): string[] =>
    models.filter((entry) => modelStanding(entry) === standing).map(({ id }) => id);
  return textOf([
    ...table(
      [
        { title: 'Model' },
        { title: 'Parameters', align: 'right' },
        { title: 'Active', align: 'right' },
        { title: 'Context', align: 'right' },
        { title: 'Origin' },
      ],
      supported.map(({ id, total_parameters, active_parameters, max_context_tokens, origin }) => [
        id,
        parameters(total_parameters),
        active_parameters === total_parameters ? NONE : parameters(active_parameters),
        count(max_context_tokens),
        origin,
      ]),
    ),
    '',
    `${plural(supported.length, 'model')}, ${plural(entries.length - models.length, 'alias', 'aliases')}.`,
    ...apart('Counted, not sized', idsOf('counted')),
    ...apart('Not supported yet', idsOf('unread')),
  ]);
}
