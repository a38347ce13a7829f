import { gibFromBytes } from '../../../src-worker/engine/units.ts';
import type { LayerSummary, ModelDocument, ModelListEntry } from '../../../src-worker/protocol/documents.ts';
import { layerKinds } from '../../../src-worker/protocol/layer-kinds.ts';
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
  const { kinds, order } = layerKinds(layers);
  const lines = kinds.flatMap(({ layer, count: number, letter }) => {
    const { attention, ffn, parameters: each, kv_bytes_per_token_fp16: kvBytes } = layer;
    const name = order === null ? '' : `${letter}: `;
    return bullet(
      `${name}${number} × ${attention}, ${ffn}: ${count(each)} parameters each, ${kib(kvBytes)} of KV cache per token`,
    );
  });
  return order === null ? lines : [...lines, ...wrap(`In order: ${order}.`, { first: '  ', hanging: '  ' })];
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
