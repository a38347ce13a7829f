import { bundledCatalogsFolder, loadFacts } from '../../src-main/catalogs/load.ts';
import { readBundledModel } from '../../src-main/catalogs/models.ts';
import { constantOf } from '../../src-worker/engine/calibration/lookup.ts';
import type { CalibrationProfile } from '../../src-worker/engine/calibration/types.ts';
import { fabricFor } from '../../src-worker/engine/communication/fabric.ts';
import { precisionSupport } from '../../src-worker/engine/hardware/precision.ts';
import type { Gpu } from '../../src-worker/engine/hardware/types.ts';
import { analyzeModel } from '../../src-worker/engine/model/analyze.ts';
import type { Model, ModelSource, Precision } from '../../src-worker/engine/model/types.ts';
import { compileStepPlan, type StepPlan } from '../../src-worker/engine/roofline/step-plan.ts';

/** Refuses every write from now on, however deep. */
function frozen<T extends object>(value: T): T {
  for (const inner of Object.values(value)) if (typeof inner === 'object' && inner !== null) frozen(inner as object);
  return Object.freeze(value);
}

/** The bundled catalogs. */
export const catalogsFolder = bundledCatalogsFolder();
/**
 * Read once: files that run in one process share them, and plans are remembered by them. So nobody writes into them; who wants
 * another profile changes a clone (`structuredClone`).
 */
export const facts = frozen(loadFacts(catalogsFolder));

export function modelSource(id: string): ModelSource {
  const source = readBundledModel(catalogsFolder, id);
  if (!source) throw new Error(`no bundled config of ${id}`);
  return source;
}

export const modelOf = (id: string): Model => analyzeModel(modelSource(id));

export function gpuOf(id: string): Gpu {
  const gpu = facts.gpus.find((entry) => entry.id === id);
  if (!gpu) throw new Error(`no GPU ${id} in the catalog`);
  return gpu;
}

export function calibrationOf(name = 'default'): CalibrationProfile {
  const profile = facts.calibrations.find((entry) => entry.name === name);
  if (!profile) throw new Error(`no calibration ${name}`);
  return profile;
}

export const constant = (name: string): number => constantOf(calibrationOf(), name);

/** A replica of `tensorParallel` GPUs, joined by the GPU's own link. */
export function stepPlanOf(
  modelId: string,
  gpuId: string,
  options: {
    tensorParallel?: number;
    precision?: Precision;
    generation?: string;
    gpu?: Gpu;
    model?: Model;
    calibration?: CalibrationProfile;
  } = {},
): StepPlan {
  const gpu = options.gpu ?? gpuOf(gpuId);
  const precision = options.precision ?? 'fp16';
  const support = precisionSupport(gpu, precision);
  if (support.kind === 'unsupported') throw new Error(support.sentence);
  const tensorParallel = options.tensorParallel ?? 1;
  return compileStepPlan({
    model: options.model ?? modelOf(modelId),
    gpu,
    gpuShare: 1,
    precision,
    support,
    kvBytesPerElement: 2,
    tensorParallel,
    fabric: fabricFor(gpu, tensorParallel, null),
    calibration: options.calibration ?? calibrationOf(),
    generation: options.generation ?? 'vllm-v1-late',
  });
}
