import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAppService, type AppService } from '../../src-main/services/app-service.ts';
import type { AccuracyDocument } from '../../src-worker/protocol/accuracy.ts';
import type { CalibrationDocument } from '../../src-worker/protocol/calibration.ts';
import { DEFAULT_CALIBRATION } from '../../src-worker/protocol/names.ts';
import type { Result } from '../../src-worker/protocol/result.ts';

/** The profile that ships with the program. */
export const BUNDLED = DEFAULT_CALIBRATION;
const WORKER = join(import.meta.dirname, '../../src-worker/worker.ts');
const MS_PER_S = 1000;

/** The program's own service with a database of its own, which goes when `work` is done. */
export async function withService<Value>(work: (service: AppService) => Promise<Value>): Promise<Value> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'configiq-accuracy-'));
  const service = createAppService({ host: 'cli', dataFolder, workerPath: WORKER });
  try {
    return await work(service);
  } finally {
    await service.close();
    rmSync(dataFolder, { recursive: true, force: true });
  }
}

/** The value, or the sentence of the failure as an error. */
export function valueOf<Value>(result: Result<Value>): Value {
  if (result.ok) return result.value;
  throw new Error(result.error.message);
}

/** Measurement files of a folder, by name. */
export function measurementFiles(folder: string): string[] {
  const files = globSync('*.csv', { cwd: folder })
    .sort()
    .map((name) => join(folder, name));
  if (files.length === 0)
    throw new Error(`${folder} has no measurement file (*.csv): name the folder that holds them.`);
  return files;
}

export interface Timed<Value> {
  value: Value;
  seconds: number;
}

async function timed<Value>(work: () => Promise<Value>): Promise<Timed<Value>> {
  const start = performance.now();
  const value = await work();
  return { value, seconds: (performance.now() - start) / MS_PER_S };
}

/** A profile held against measurements; `files` null = those that ship with the program. */
export const accuracyOf = (
  service: AppService,
  profile: string,
  files: readonly string[] | null,
): Promise<Timed<AccuracyDocument>> =>
  timed(async () => valueOf(await service.calibrations.accuracyOf(profile, files)));

/** A profile made anew from the priors, kept under `name` in the service's database, and what it is worth. */
export const calibrationOf = (
  service: AppService,
  name: string,
  files: readonly string[] | null,
): Promise<Timed<CalibrationDocument>> =>
  timed(async () => {
    const draft = { taskId: name, name, base: BUNDLED, measurements: null, fromPriors: true, save: true, use: false };
    return valueOf(await service.calibrations.calibrateWith(draft, files));
  });
