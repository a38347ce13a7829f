import type { CalibrationProfile } from './calibration/types.ts';
import type { Gpu, Instance, Provider } from './hardware/types.ts';
import type { EngineDefaults } from './memory/types.ts';
import type { HeadroomTable } from './sizing/headroom.ts';
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
  /** What a file of the user's says of headroom, and which; absent = the table of NUMBERS.md. */
  headroom?: HeadroomTable;
  versions: { configiq: string; engine: string; catalog: string };
}
