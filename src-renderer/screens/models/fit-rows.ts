import type { GpuFits, ModelFitsDocument } from '../../../src-worker/protocol/documents.ts';
import { gpuLabel } from '../../format/names.ts';

/** A GPU that holds the model. */
interface FitRow {
  gpu: string;
  label: string;
  memoryGib: number;
  gpus: number;
  kvCacheTokens: number;
  requests: number;
  /** What is to be known of the format on this GPU: it has no units for it, say. */
  remark: string | null;
  /** True where some instance of the catalog joins that many. */
  isSold: boolean;
}

/** A GPU that does not, and why. */
interface MisfitRow {
  gpu: string;
  label: string;
  sentence: string;
}

/** bf16 is counted as fp16: it takes the same memory. */
export const countedPrecision = (precision: string): string => (precision === 'bf16' ? 'fp16' : precision);

/** GPUs that hold the model in a precision, the fewest and smallest first, and those that do not, by name. */
export function fitRows(document: ModelFitsDocument, precision: string): { fits: FitRow[]; misfits: MisfitRow[] } {
  const fits = document.gpus.flatMap((gpu) => rowOf(gpu, precision) ?? []);
  fits.sort((a, b) => a.gpus - b.gpus || a.memoryGib - b.memoryGib || (a.gpu < b.gpu ? -1 : 1));
  const holding = new Set(fits.map(({ gpu }) => gpu));
  const misfits = document.gpus
    .filter(({ gpu }) => !holding.has(gpu))
    .map((gpu): MisfitRow => {
      const sentence = gpu.sentence ?? fitIn(gpu, precision)?.sentence ?? 'Not computed in this precision.';
      return { gpu: gpu.gpu, label: gpuLabel(gpu.gpu), sentence };
    });
  return { fits, misfits };
}

const fitIn = ({ fits }: GpuFits, precision: string): GpuFits['fits'][number] | undefined =>
  fits.find((fit) => fit.precision === precision);

function rowOf(gpu: GpuFits, precision: string): FitRow | null {
  const fit = fitIn(gpu, precision);
  if (!fit || fit.tensor_parallel === null) return null;
  return {
    gpu: gpu.gpu,
    label: gpuLabel(gpu.gpu),
    memoryGib: gpu.memory_gib,
    gpus: fit.tensor_parallel,
    kvCacheTokens: fit.kv_cache_tokens ?? 0,
    requests: fit.requests ?? 0,
    remark: fit.sentence,
    isSold: (gpu.largest_instance_gpus ?? 0) >= fit.tensor_parallel,
  };
}
