import { describe, expect, test } from 'vitest';
import { fitRows } from '../../../../src-renderer/screens/models/fit-rows.ts';
import {
  filteredModels,
  kindChoices,
  listedModels,
  markOf,
  MODEL_COLUMNS,
  originChoices,
  readShownModels,
} from '../../../../src-renderer/screens/models/listed-models.ts';
import type { ModelListEntry } from '../../../../src-worker/protocol/documents.ts';
import { modelFits, MODELS } from '../../fixtures/documents.ts';

const [llama, mistral, deepseek] = MODELS as [ModelListEntry, ModelListEntry, ModelListEntry];
const ENTRIES: ModelListEntry[] = [
  ...MODELS,
  { ...llama, id: 'unsloth/Llama-copy', alias_of: llama.id },
  { ...mistral, id: 'me/mine', origin: 'imported', estimated: true, is_moe: true, attention: 'MLA' },
  { ...mistral, id: 'Qwen/Qwen-VL', modalities: ['text', 'image'], checkpoint_precision: 'fp8' },
];
const ALL = listedModels(ENTRIES);
const embedder = {
  ...mistral,
  id: 'me/embedder',
  aliases: [],
  supported: false,
  reason: 'me/embedder turns texts into vectors and generates none.',
};
const EVERYTHING = { search: '', kind: 'all', origin: 'all' } as const;
const found = (part: Partial<Parameters<typeof filteredModels>[1]>) =>
  filteredModels(ALL, { ...EVERYTHING, ...part }).map(({ id }) => id);

describe('the list', () => {
  test('has each model once, with the names that stand for it', () => {
    expect(ALL.map(({ id }) => id)).toEqual([llama.id, mistral.id, deepseek.id, 'me/mine', 'Qwen/Qwen-VL']);
    expect(ALL[0]?.aliases).toEqual(['unsloth/Llama-copy']);
  });

  test.each<[string, string[]]>([
    ['llama 8b', [llama.id]],
    ['UNSLOTH', [llama.id]],
    ['mla', ['me/mine']],
    ['gqa mistral', [mistral.id]],
    ['no such', []],
    ['  ', ALL.map(({ id }) => id)],
  ])('%j finds every word in ids, aliases, family and attention', (search, ids) => {
    expect(found({ search })).toEqual(ids);
  });

  test('kinds and origins narrow it', () => {
    expect(found({ kind: 'moe' })).toEqual(['me/mine']);
    expect(found({ kind: 'vision' })).toEqual(['Qwen/Qwen-VL']);
    expect(found({ kind: 'estimated' })).toEqual(['me/mine']);
    expect(found({ kind: 'unsupported' })).toEqual([deepseek.id]);
    // One that cannot be read is of no kind.
    expect(found({ kind: 'dense' })).toEqual([llama.id, mistral.id, 'Qwen/Qwen-VL']);
    expect(found({ origin: 'imported', kind: 'moe' })).toEqual(['me/mine']);
    expect(found({ origin: 'hub' })).toEqual([]);
  });

  test('choices say how many there are, and those without any cannot be chosen', () => {
    expect(kindChoices(ALL)).toContainEqual({ value: 'moe', label: 'Mixture of experts', note: '1' });
    expect(originChoices(ALL)).toContainEqual({ value: 'hub', label: 'Hub', reason: 'none' });
    expect(originChoices(ALL)[0]).toEqual({ value: 'all', label: 'From anywhere' });
  });

  test('a name is marked where it has to be', () => {
    expect(ALL.map(markOf)).toEqual(['', '', 'not supported', 'estimated', '']);
    expect(markOf(embedder)).toBe('not sized');
  });

  test('one that is counted but generates nothing stands apart from those that cannot be read', () => {
    const all = [...ALL, embedder];
    const of = (kind: 'unsized' | 'unsupported') => filteredModels(all, { ...EVERYTHING, kind }).map(({ id }) => id);
    expect(of('unsized')).toEqual([embedder.id]);
    expect(of('unsupported')).toEqual([deepseek.id]);
    expect(kindChoices(all)).toContainEqual({ value: 'unsized', label: 'Not sized', note: '1' });
    expect(kindChoices(all)).toContainEqual({ value: 'unsupported', label: 'Not supported', note: '1' });
  });

  test('what was looked at is read back, and anything else is passed over', () => {
    const shown = { ...readShownModels(null), chosen: 'me/mine', kind: 'moe' as const };
    expect(readShownModels(structuredClone(shown))).toEqual(shown);
    for (const kept of [undefined, 7, { chosen: 3 }, { ...shown, kind: 'huge' }]) {
      expect(readShownModels(kept)).toMatchObject({ chosen: null, kind: 'all', search: '' });
    }
  });
});

describe('columns', () => {
  const cell = (id: string, model = ALL[0]!) => {
    const column = MODEL_COLUMNS.find((entry) => entry.id === id) ?? expect.fail(`no column ${id}`);
    return [column.value(model), column.text(model)];
  };

  test('carry the unit of their head', () => {
    expect(cell('parameters')).toEqual([8.03, '8.03']);
    expect(cell('kv')).toEqual([128, '128']);
    expect(cell('weights')[1]).toBe('15.0');
    expect(cell('context')).toEqual([131_072, '131,072']);
    expect(cell('stored')).toEqual(['fp16', 'FP16']);
  });

  test('a state of constant size is told beside the KV cache', () => {
    expect(cell('kv', { ...ALL[0]!, state_bytes_per_sequence: 1024 })[1]).toBe('128 + fixed');
  });

  test('of a model that cannot be read are dashes that sort last, its name is copied without the mark', () => {
    const unread = ALL.find(({ supported }) => !supported)!;
    for (const id of ['parameters', 'active', 'attention', 'kv', 'weights', 'stored']) {
      expect(cell(id, unread), id).toEqual([null, '–']);
    }
    expect(cell('model', unread)).toEqual([unread.id, `${unread.id} not supported`]);
  });
});

describe('what fits', () => {
  const document = modelFits('me/mine');

  test('the fewest GPUs first, those without any apart with their reason', () => {
    const { fits, misfits } = fitRows(document, 'fp16');
    expect(fits.map(({ label, gpus, requests }) => [label, gpus, requests])).toEqual([
      ['L4', 1, 7],
      ['T4', 2, 14],
    ]);
    expect(misfits).toEqual([
      { gpu: 'nvidia-p4', label: 'P4', sentence: 'vLLM needs compute capability 7.0; NVIDIA Tesla P4 has 6.1.' },
    ]);
    expect(fitRows(document, 'nvfp4').misfits.map(({ sentence }) => sentence)).toContain(
      'NVIDIA L4 has no NVFP4 units.',
    );
  });

  test('tells where no instance joins as many', () => {
    const [l4] = document.gpus;
    const alone = { ...document, gpus: [{ ...l4!, largest_instance_gpus: null }] };
    expect(fitRows(alone, 'fp16').fits[0]?.isSold).toBe(false);
    expect(fitRows(document, 'fp16').fits.every(({ isSold }) => isSold)).toBe(true);
  });
});
