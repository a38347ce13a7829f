import type { Exclusion } from '../../../src-worker/protocol/documents.ts';
import { countColumn, textColumn, type Column } from '../../format/columns.ts';
import { formatTimes } from '../../../src-worker/protocol/numbers.ts';
import { gpuLabel, placeLabel, precisionLabel } from '../../format/names.ts';
import { exclusionKey, marginText, missFactor } from '../../format/verdict.ts';

/** An exclusion with a key of its own: two regions of a provider may miss in the same way. */
export interface KeyedExclusion {
  key: string;
  exclusion: Exclusion;
}

export function keyedExclusions(rows: Exclusion[]): KeyedExclusion[] {
  return rows.map((exclusion, index) => ({ key: `${exclusionKey(exclusion)}#${index}`, exclusion }));
}

export const excludedColumns: Column<KeyedExclusion>[] = [
  textColumn('instance', 'Instance', ({ exclusion }) => exclusion.instance),
  textColumn('where', 'Where', ({ exclusion }) => placeLabel(exclusion)),
  textColumn('gpu', 'GPU', ({ exclusion }) => gpuLabel(exclusion.gpu)),
  textColumn('precision', 'Weights', ({ exclusion }) => precisionLabel(exclusion.quantization)),
  countColumn('tp', 'TP', ({ exclusion }) => exclusion.tensor_parallel),
  textColumn('margin', 'By how much', ({ exclusion }) => marginText(exclusion), 'What it has or needs, and the limit.'),
  {
    id: 'miss',
    label: 'Miss',
    unit: '× the limit',
    definition: 'How far it is past the limit, as a factor from 1 up.',
    isNumber: true,
    value: ({ exclusion }) => missFactor(exclusion),
    text: ({ exclusion }) => formatTimes(missFactor(exclusion)).replace('×', ''),
  },
  textColumn('detail', 'Why', ({ exclusion }) => exclusion.detail),
];
