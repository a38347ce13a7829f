import type { CalibrationProfile } from './calibration/types.ts';
import type { Gpu, Instance, Provider } from './hardware/types.ts';
import type { EngineDefaults } from './memory/types.ts';
import type { Workload } from './workload/types.ts';

/** Everything the engine is told about the world. Loaded once by a host, handed to every calculation as an argument. */
export interface Facts {
  gpus: Gpu[];
  instances: Instance[];
  /** Names of the providers; a provider missing here is shown by its id. */
  providers?: Provider[];
  workloads: Workload[];
  engines: EngineDefaults[];
  calibrations: CalibrationProfile[];
  versions: { configiq: string; engine: string; catalog: string };
}
