import type { AppService } from '../services/app-service.ts';

/**
 * The question with the calibration profile in use, where the person named none: schemas fill in the bundled one, whatever is
 * in use. `named` = what the person gave.
 */
export const withProfileInUse = <Question extends { calibration: string }>(
  service: AppService,
  question: Question,
  named: object,
): Question => ('calibration' in named ? question : { ...question, calibration: service.calibrations.inUse() });
