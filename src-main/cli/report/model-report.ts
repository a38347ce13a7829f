import { gibFromBytes } from '../../../src-worker/engine/units.ts';
import type { LayerSummary, ModelDocument, ModelListEntry } from '../../../src-worker/protocol/documents.ts';
import { count, gib, NONE, parameters, plural } from './format.ts';
import { bullet, facts, heading, table, textOf, wrap } from './layout.ts';

const BYTES_PER_KIB = 1024;
/** `2026-01-05` of an ISO time. */
const DATE_LENGTH = 10;
const kib = (bytes: number): string => `${count(bytes / BYTES_PER_KIB)} KiB`;

/** A model in figures. */
export function modelReport(document: ModelDocument): string {
  const { weight_bytes: weights, components, kv_bytes_per_token: kv } = document;
  return textOf([
    ...heading(document.id),
    ...facts([
      ['Architecture', `${document.architecture}${document.estimated ? ' (estimated)' : ''}`],
      ['Parameters', `${parameters(document.total_parameters)} (${count(document.total_parameters)})`],
      ['Active per token', `${parameters(document.active_parameters)} (${count(document.active_parameters)})`],
      ['KV cache per token', `${kib(kv.fp16)} in 16 bit, ${kib(kv.fp8)} in FP8`],
      ['State per sequence', kib(document.state_bytes_per_sequence)],
      ['Context', `${count(document.max_context_tokens)} tokens`],
      [
        'Origin',
        `${document.origin}, ${document.source}${document.revision === null ? '' : ` at ${document.revision}`}${document.added_at === null ? '' : `, ${document.added_at.slice(0, DATE_LENGTH)}`}`,
      ],
      ...(document.safetensors ? [['Safetensors', document.safetensors.sentence] as const] : []),
    ]),
    '',
    ...table(
      [{ title: 'Weights' }, { title: '', align: 'right' }],
      Object.entries(weights).map(([precision, bytes]) => [precision, gib(gibFromBytes(bytes))]),
    ),
    '',
    ...table(
      [{ title: 'Component' }, { title: 'Parameters', align: 'right' }],
      Object.entries(components)
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

/** One item per kind of layer, and how the kinds take turns where they do. */
function layerLines(layers: readonly LayerSummary[]): string[] {
  const keyOf = (layer: LayerSummary) => JSON.stringify({ ...layer, count: 0 });
  const keys = [...new Set(layers.map(keyOf))];
  const kinds = keys.map((key) => {
    const alike = layers.filter((layer) => keyOf(layer) === key);
    return { alike, number: alike.reduce((sum, layer) => sum + layer.count, 0) };
  });
  const takesTurns = layers.length > kinds.length;
  const lines = kinds.flatMap(({ alike: [first], number }, index) => {
    if (!first) return [];
    const { attention, ffn, parameters: each, kv_bytes_per_token_fp16: kvBytes } = first;
    const name = takesTurns ? `${letterOf(index)}: ` : '';
    return bullet(
      `${name}${number} × ${attention}, ${ffn}: ${count(each)} parameters each, ${kib(kvBytes)} of KV cache per token`,
    );
  });
  if (!takesTurns) return lines;
  const order = layers.map((layer) => `${layer.count} ${letterOf(keys.indexOf(keyOf(layer)))}`);
  return [...lines, ...wrap(`In order: ${orderText(order)}.`, { first: '  ', hanging: '  ' })];
}

const FIRST_LETTER = 'A'.charCodeAt(0);
const letterOf = (index: number): string => String.fromCharCode(FIRST_LETTER + index);

/** `1 A, 1 B, and so on` where the order repeats itself; the last turn may be cut short. */
function orderText(order: readonly string[]): string {
  for (let period = 1; period <= order.length / 2; period += 1) {
    const turn = order.slice(0, period);
    if (order.every((part, index) => part === turn[index % period])) return `${turn.join(', ')}, and so on`;
  }
  return order.join(', ');
}

/** Models one a line; aliases are only counted, the JSON has them all. */
export function modelListReport(entries: readonly ModelListEntry[]): string {
  const models = entries.filter(({ alias_of: alias }) => alias === null);
  const supported = models.filter((entry) => entry.supported);
  const others = models.filter((entry) => !entry.supported);
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
    ...(others.length > 0
      ? [
          '',
          'Not supported yet (model show says why):',
          ...wrap(others.map(({ id }) => id).join(', '), { first: '  ' }),
        ]
      : []),
  ]);
}
