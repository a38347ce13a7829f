import type { AccuracyDocument, AccuracyInput, MeasurementText } from './accuracy.ts';
import type { CalibrationDocument } from './calibration.ts';
import type { Result } from './result.ts';

/** Largest file of measurements that a window sends; the command line streams larger ones. */
export const MAX_MEASUREMENT_TEXT_BYTES = 100_000_000;

/** What `calibrate` is asked. */
export interface CalibrateDraft {
  /** Chosen by the caller; progress and cancel refer to it. */
  taskId: string;
  /** Name of the profile to be made. */
  name: string;
  /** Profile to start from; null = the one in use. */
  base?: string | null | undefined;
  /** Files of measurements; null = those that ship with the program. */
  measurements: MeasurementText[] | null;
  /** Made anew from the priors instead of moved from the base. */
  fromPriors?: boolean | undefined;
  /** Kept under its name, which must be free unless `replace` says otherwise. */
  save: boolean;
  /** With `save`: takes the place of the profile of that name, which `restoreCalibration` puts back. */
  replace?: boolean | undefined;
  /** With `save`: questions that name no profile are answered with it from then on. */
  use?: boolean | undefined;
}

export interface CalibrationEntry {
  name: string;
  description: string;
  /** False for those that ship with the program. */
  isOwn: boolean;
  /** ISO time; null for those that ship with the program. */
  createdAt: string | null;
  /** Questions that name no profile are answered with it. */
  isInUse: boolean;
  /** Measurements it rests on: all of them, those of one's own, and those that its base had; null where it does not say. */
  measurements: number | null;
  ownMeasurements: number | null;
  baseMeasurements: number | null;
}

/** Part of AppApi. */
export interface CalibrationApi {
  /** Holds a profile against measurements. */
  accuracy(input: AccuracyInput): Promise<Result<AccuracyDocument>>;
  /** Fits a profile; takes from seconds to minutes, tells progress, and `cancelTask` ends it between two fits. */
  calibrate(draft: CalibrateDraft): Promise<Result<CalibrationDocument>>;
  listCalibrations(): Promise<Result<CalibrationEntry[]>>;
  /** One of one's own, or any that ships with the program; null = the one questions fall back on. */
  useCalibration(name: string | null): Promise<Result<null>>;
  removeCalibration(name: string): Promise<Result<null>>;
  /** Puts back what was removed or replaced last under that name, at whatever start of the program. */
  restoreCalibration(name: string): Promise<Result<null>>;
}
