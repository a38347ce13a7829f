import { nvidiaCapability } from '../hardware/precision.ts';
import type { Gpu } from '../hardware/types.ts';
import { MX_GROUP } from '../model/quantization/scheme.ts';
import type { Model, Precision } from '../model/types.ts';
import type { Weight } from '../model/weight.ts';
import { storage } from '../model/weights.ts';

/** Multiples that a kernel rounds the matrices of routed experts up to. */
interface ExpertKernel {
  /** Of the hidden size. */
  hidden: number;
  /** Of the width of an expert on one GPU. */
  width: number;
  /** Of the inputs of every matrix; their scales are not padded along. */
  inputs: number;
}

/**
 * Kernels that vLLM runs MXFP4 experts with, by NVIDIA compute capability from the highest down
 * (vllm/model_executor/layers/quantization/mxfp4.py, `create_weights`). Their padding shows in the size that vLLM logs:
 * gpt-oss-120b takes 64.38 GiB with the Triton kernels of Hopper (vllm-project/vllm issue 33155) and 65.97 GiB with Marlin
 * (issue 23278), where the checkpoint has 60.77.
 */
const MARLIN: ExpertKernel = { hidden: 256, width: 128, inputs: 1 };
const TRITON_HOPPER: ExpertKernel = { hidden: 1, width: 64, inputs: 256 };
const FLASHINFER_BLACKWELL: ExpertKernel = { hidden: 256, width: 256, inputs: 1 };
const ROCM: ExpertKernel = { hidden: 256, width: 256, inputs: 1 };

const BY_CAPABILITY: readonly (readonly [capability: number, kernel: ExpertKernel])[] = [
  [12, MARLIN],
  [10, FLASHINFER_BLACKWELL],
  [9, TRITON_HOPPER],
  [0, MARLIN],
];

function kernelOf(gpu: Gpu): ExpertKernel {
  const capability = nvidiaCapability(gpu);
  if (capability === null) return ROCM;
  return BY_CAPABILITY.find(([lowest]) => capability >= lowest)?.[1] ?? MARLIN;
}

const roundedUp = (size: number, multiple: number): number => Math.ceil(size / multiple) * multiple;

/** Bytes of one MXFP4 matrix whose values have `columns` inputs and whose scales have `scaledColumns`. */
const mxfp4Bytes = (rows: number, columns: number, scaledColumns: number): number =>
  rows * (columns / 2 + Math.ceil(scaledColumns / MX_GROUP));

function paddedBytes(weight: Weight, kernel: ExpertKernel, gpus: number): number {
  const isDown = weight.splitsInputs === true;
  const own = Math.ceil((isDown ? weight.columns : weight.rows) / gpus);
  const hidden = isDown ? weight.rows : weight.columns;
  const width = roundedUp(own, kernel.width);
  const paddedHidden = roundedUp(hidden, kernel.hidden);
  const bytes = (rows: number, inputs: number, padded: number): number => mxfp4Bytes(rows, padded, inputs);
  const stored = isDown ? bytes(hidden, own, own) : bytes(own, hidden, hidden);
  const held = isDown
    ? bytes(paddedHidden, width, roundedUp(width, kernel.inputs))
    : bytes(width, paddedHidden, roundedUp(paddedHidden, kernel.inputs));
  return weight.count * (held - stored);
}

/**
 * Bytes by which the kernels of a GPU pad the MXFP4 experts that it holds (`expertSplit`) of the layers `first`..`end` - 1,
 * on top of what the checkpoint stores. 0 for every other format. Example: an expert of gpt-oss (2880 x 2880, three matrices) has its inputs
 * padded to 3072 on Hopper: 3 · 2880 · 192 / 2 = 829,440 bytes.
 */
export function expertPaddingBytes(
  model: Model,
  precision: Precision,
  gpu: Gpu,
  { groups, gpusOfGroup }: { groups: number; gpusOfGroup: number },
  [first, end]: readonly [first: number, end: number] = [0, model.layers.length],
): number {
  if (precision !== 'mxfp4') return 0;
  const kernel = kernelOf(gpu);
  let bytes = 0;
  for (const { layer, count, schemeOf } of storage(model, precision).layers(first, end)) {
    for (const weight of layer.ffn.weights) {
      const isExpert = weight.weightClass === 'experts' && weight.columns > 1;
      if (isExpert && schemeOf(weight)?.precision === 'mxfp4') {
        const held = { ...weight, count: Math.ceil(weight.count / groups) };
        bytes += count * paddedBytes(held, kernel, gpusOfGroup);
      }
    }
  }
  return bytes;
}
