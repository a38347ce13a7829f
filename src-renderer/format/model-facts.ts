import type { LayerSummary, ModelDocument, ModelListEntry } from '../../src-worker/protocol/documents.ts';
import { kvBytesOfSequence } from '../../src-worker/protocol/kv-cache.ts';
import { layerKinds } from '../../src-worker/protocol/layer-kinds.ts';
import {
  formatBytes,
  formatCompact,
  formatDate,
  formatFixed,
  formatSignificant,
  plural,
} from '../../src-worker/protocol/numbers.ts';
import { precisionLabel } from './names.ts';
import type { Part } from './parts.ts';

/** What components are called, and which color of the theme each takes. */
const COMPONENTS: Record<string, { label: string; color: string }> = {
  ffn: { label: 'Feed-forward', color: '--chart-1' },
  experts: { label: 'Experts', color: '--chart-5' },
  shared_experts: { label: 'Shared experts', color: '--chart-6' },
  attention: { label: 'Attention', color: '--chart-2' },
  embedding: { label: 'Embedding', color: '--chart-3' },
  head: { label: 'Output head', color: '--chart-4' },
  router: { label: 'Router', color: '--mem-activation' },
  vision: { label: 'Vision part', color: '--mem-kv' },
  audio: { label: 'Audio part', color: '--part-comm' },
  norms: { label: 'Norms', color: '--chart-7' },
};

const named = (name: string): string => {
  const words = name.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
};

/** Where the parameters of a model are, the largest first. */
export const componentParts = ({ components }: ModelDocument): Part[] =>
  Object.entries(components)
    .filter(([, count]) => count > 0)
    .sort((a, b) => b[1] - a[1])
    .map(([name, count]) => ({
      label: COMPONENTS[name]?.label ?? named(name),
      value: count,
      text: formatCompact(count),
      color: COMPONENTS[name]?.color ?? '--part-overhead',
    }));

const FLOP_PER_GFLOP = 1e9;
export const formatGflop = (flop: number): string => `${formatSignificant(flop / FLOP_PER_GFLOP)} GFLOP`;

type Fact = [label: string, value: string];

/** The few figures that tell models apart. */
export function modelFacts(document: ModelDocument): Fact[] {
  const { flops_per_token: flops, checkpoint, total_parameters: total, active_parameters: active } = document;
  const stored = [
    precisionLabel(checkpoint.precision),
    checkpoint.method === checkpoint.precision ? null : checkpoint.method,
  ];
  return [
    ['Parameters', formatFixed(total)],
    ...(active < total ? [['Active per token', formatFixed(active)] satisfies Fact] : []),
    ...(document.mtp_parameters > 0
      ? [['Multi-token prediction, on top', formatFixed(document.mtp_parameters)] satisfies Fact]
      : []),
    ...(document.tower_parameters > 0
      ? [['Vision and audio parts', formatFixed(document.tower_parameters)] satisfies Fact]
      : []),
    ['Layers', formatFixed(document.num_layers)],
    ['Hidden size', formatFixed(document.hidden_size)],
    ['Vocabulary', formatFixed(document.vocabulary_size)],
    ['Context', `${formatFixed(document.max_context_tokens)} tokens`],
    [`FLOPs per token at ${formatFixed(flops.context_tokens)}`, formatGflop(flops.total)],
    ['Tensor parallel', document.tensor_parallel.join(', ')],
    [
      'Stored as',
      checkpoint.bytes === null
        ? 'unknown'
        : `${stored.filter((word) => word !== null && word !== '').join(', ')}, ${formatBytes(checkpoint.bytes)}`,
    ],
  ];
}

/** One kind of layers, as a line of the layer table. */
export interface LayerLine {
  /** `Layers 0–31`, or `18 layers (A)` where kinds take turns. */
  where: string;
  kind: string;
  parameters: string;
  /** Of those, what a token uses; empty where that is all. */
  active: string;
  /** KV cache per token, or the state of constant size. */
  cache: string;
  flops: string;
}

function whereOf({ first, count }: LayerSummary): string {
  return count === 1 ? `Layer ${formatFixed(first)}` : `Layers ${formatFixed(first)}–${formatFixed(first + count - 1)}`;
}

/** Layers that are alike as one line each, and how they take turns where they do. */
export function layerLines(layers: readonly LayerSummary[]): { lines: LayerLine[]; order: string | null } {
  const { kinds, order } = layerKinds(layers);
  const lines = kinds.map(({ layer, count, letter }): LayerLine => {
    const { parameters, active_parameters: active, kv_bytes_per_token_fp16: kvBytes } = layer;
    const state = layer.state_bytes_per_sequence;
    const parts = [
      ...(kvBytes > 0 || state === 0 ? [formatBytes(kvBytes)] : []),
      ...(state > 0 ? [`${formatBytes(state)} fixed`] : []),
    ];
    return {
      where: order === null ? whereOf(layer) : `${letter}: ${plural(count, 'layer')}`,
      kind: `${layer.attention}, ${layer.ffn}`,
      parameters: formatCompact(parameters),
      active: active < parameters ? formatCompact(active) : '',
      cache: parts.join(' + '),
      flops: formatGflop(layer.flops_per_token),
    };
  });
  return { lines, order };
}

/** A request of middling length, and the longest there can be. */
const SEQUENCE_TOKENS = 4096;

/** What a token and a sequence keep in the KV cache. */
export function cacheFacts(document: ModelDocument): Fact[] {
  const { kv_bytes_per_token: all, kv_bytes_per_token_full: full, windows, max_context_tokens: context } = document;
  const lengths = [...new Set([Math.min(SEQUENCE_TOKENS, context), context])];
  return [
    ['Per token, 16-bit', formatBytes(all.fp16)],
    ['Per token, FP8', formatBytes(all.fp8)],
    ...(windows.length > 0 ? [['of it whole context', formatBytes(full.fp16)] satisfies Fact] : []),
    ...windows.map(({ window_tokens: window, kv_bytes_per_token_fp16: bytes, layers }): Fact => [
      `${plural(layers, 'layer')}, last ${formatFixed(window)} tokens`,
      `${formatBytes(bytes)}, at most ${formatBytes(bytes * window)}`,
    ]),
    ...(document.state_bytes_per_sequence > 0
      ? [['State per sequence', formatBytes(document.state_bytes_per_sequence)] satisfies Fact]
      : []),
    ...lengths.map((tokens): Fact => [
      `Request of ${formatFixed(tokens)} tokens`,
      formatBytes(kvBytesOfSequence(document, tokens)),
    ]),
  ];
}

/** `Bundled from Hugging Face hub at revision 0e9e39f, added 5 Jan 2026.` */
export function originSentence(entry: Pick<ModelListEntry, 'source' | 'revision' | 'added_at'>, label: string): string {
  const from = entry.source === '' ? '' : ` from ${entry.source}`;
  const revision = entry.revision === null ? '' : `, revision ${entry.revision}`;
  const added = entry.added_at === null ? '' : `, added ${formatDate(entry.added_at)}`;
  return `${label}${from}${revision}${added}.`;
}
