import { gibFromBytes } from '../../../src-worker/engine/units.ts';
import type { ModelHoldsDocument, StageHolds } from '../../../src-worker/protocol/documents.ts';
import { precisionLabel } from '../../../src-worker/protocol/precision-labels.ts';
import { count, decimal, gib, plural } from './format.ts';
import { facts, heading, table, textOf, wrap } from './layout.ts';

const BYTES_PER_KIB = 1024;

/** What one GPU of a group holds: the stages, then the weights of the fullest. */
export function modelHoldsReport(document: ModelHoldsDocument): string {
  const { input, stages, fullest_stage: fullestStage, model_bytes: modelBytes } = document;
  const fullest = stages.find(({ stage }) => stage === fullestStage);
  return textOf([
    ...heading(`${input.model}: what one GPU of a group holds`),
    ...facts([
      ['Group', groupText(input)],
      ['Weights', `${precisionLabel(input.quantization)}, ${gib(gibFromBytes(modelBytes))} in all`],
    ]),
    '',
    ...table(
      [
        { title: 'Stage' },
        { title: 'Layers', align: 'right' },
        { title: 'Parameters', align: 'right' },
        { title: 'Weights', align: 'right' },
        { title: 'KV KiB per token', align: 'right' },
        { title: 'State MiB', align: 'right' },
      ],
      stages.map(stageCells),
    ),
    '',
    ...(fullest
      ? table(
          [{ title: `Fullest: stage ${count(fullestStage + 1)}` }, { title: '', align: 'right' }],
          Object.entries(fullest.weight_bytes).map(([name, bytes]) => [
            name.replaceAll('_', ' '),
            gib(gibFromBytes(bytes)),
          ]),
        )
      : []),
    '',
    ...wrap(
      'Norms, routers, the compressed vectors of MLA and KV heads beyond their number are copied on every GPU, not split.',
    ),
  ]);
}

function groupText({ tp, pp, ep }: ModelHoldsDocument['input']): string {
  const copies = Math.max(1, ep / tp);
  const gpus = tp * pp * copies;
  if (gpus === 1) return '1 GPU, which holds everything';
  const parts = [plural(gpus, 'GPU')];
  if (tp > 1) parts.push(`${count(tp)} split every matrix`);
  if (pp > 1) parts.push(`${count(pp)} stages`);
  if (ep > 1) parts.push(`experts whole on ${plural(ep, 'GPU')}`);
  if (copies > 1) parts.push(`attention in ${count(copies)} copies (data parallelism)`);
  return parts.join(', ');
}

const stageCells = (stage: StageHolds): string[] => [
  count(stage.stage + 1),
  `${count(stage.first_layer)}–${count(stage.first_layer + stage.num_layers - 1)}`,
  count(stage.total_parameters),
  gib(gibFromBytes(stage.total_bytes)),
  decimal(stage.kv_bytes_per_token.fp16 / BYTES_PER_KIB),
  decimal(stage.state_bytes_per_sequence / BYTES_PER_KIB ** 2),
];
