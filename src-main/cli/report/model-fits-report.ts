import type { GpuFits, ModelFit, ModelFitsDocument } from '../../../src-worker/protocol/documents.ts';
import { precisionLabel } from '../../../src-worker/protocol/precision-labels.ts';
import { count, decimal, NONE } from './format.ts';
import { facts, heading, table, textOf, wrap } from './layout.ts';

/** What fits on which GPU: the precision of the checkpoint in full, then how many GPUs each precision takes. */
export function modelFitsReport(document: ModelFitsDocument): string {
  const { input, engine, engine_version: version, tensor_parallel: tried, gpus } = document;
  const main = document.checkpoint_precision ?? 'fp16';
  const running = gpus.filter(({ sentence }) => sentence === null).sort(byMemory);
  const holding = running.filter((gpu) => gpusNeeded(gpu, main) !== null);
  const refused = gpus.filter(({ sentence }) => sentence !== null);
  const precisions = running[0]?.fits.map(({ precision }) => precision) ?? [];
  return textOf([
    ...heading(`${input.model}: what fits on which GPU`),
    ...facts([
      ['Request', `${count(input.tokens)} tokens, prompt and answer`],
      ['Engine', `${engine} ${version} at its defaults, KV cache in 16 bit`],
      ['GPUs tried', tried.join(', ')],
    ]),
    '',
    ...table(
      [
        { title: `In ${precisionLabel(main)}` },
        { title: 'GiB each', align: 'right' },
        { title: 'GPUs', align: 'right' },
        { title: 'KV tokens', align: 'right' },
        { title: 'Requests at once', align: 'right' },
      ],
      holding.map((gpu) => {
        const fit = fitIn(gpu, main);
        const cells = [fit?.tensor_parallel, fit?.kv_cache_tokens, fit?.requests];
        return [gpu.gpu, decimal(gpu.memory_gib), ...cells.map(count)];
      }),
    ),
    '',
    ...table(
      [
        { title: 'GPUs needed in' },
        ...precisions.map((name) => ({ title: precisionLabel(name), align: 'right' as const })),
      ],
      running.filter(holdsAny).map((gpu) => [gpu.gpu, ...gpu.fits.map((fit) => count(fit.tensor_parallel))]),
    ),
    '',
    ...wrap(`${NONE} = does not fit on ${tried.at(-1) ?? 1}, or the GPU lacks the format; --json says which and why.`),
    ...misfitLines(running, main),
    ...(refused.length > 0 ? ['', 'vLLM does not run on:', ...refusedLines(refused)] : []),
  ]);
}

const byMemory = (one: GpuFits, other: GpuFits): number =>
  one.memory_gib - other.memory_gib || (one.gpu < other.gpu ? -1 : 1);

const gpusNeeded = (gpu: GpuFits, precision: string): number | null => fitIn(gpu, precision)?.tensor_parallel ?? null;

const holdsAny = ({ fits }: GpuFits): boolean => fits.some((fit) => fit.tensor_parallel !== null);

/** GPUs that do not hold the model as it is stored, and why the nearest of them does not. */
function misfitLines(running: readonly GpuFits[], precision: string): string[] {
  const misfits = running.filter((gpu) => gpusNeeded(gpu, precision) === null);
  const nearest = misfits.at(-1);
  if (!nearest) return [];
  const why = fitIn(nearest, precision)?.sentence;
  return [
    '',
    `Not in ${precisionLabel(precision)}:`,
    ...wrap(misfits.map(({ gpu }) => gpu).join(', '), { first: '  ' }),
    ...(why ? wrap(`${nearest.gpu}: ${why}`, { first: '  ', hanging: '  ' }) : []),
  ];
}

const fitIn = ({ fits }: GpuFits, precision: string): ModelFit | undefined =>
  // bf16 is counted as fp16: it takes the same memory.
  fits.find((fit) => fit.precision === (precision === 'bf16' ? 'fp16' : precision));

const refusedLines = (refused: readonly GpuFits[]): string[] =>
  wrap(refused.map(({ gpu }) => gpu).join(', '), { first: '  ' });
