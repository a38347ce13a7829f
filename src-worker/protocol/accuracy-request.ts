import type { ValidationMethod } from '../engine/validation/types.ts';
import type { SkippedPoint, SkippedReason } from './accuracy.ts';
import type { LeftOutPrediction } from './left-out.ts';
import type { MeasuredSet } from './calibration.ts';

/** What a worker thread is asked to compare: everything it needs beside the catalogs. */
export interface AccuracyRequest extends MeasuredSet {
  calibration: string;
  method: ValidationMethod;
  /** Predictions of fits that had not seen their group; null = the profile predicts all itself. */
  leftOut: LeftOutPrediction[] | null;
  /** Places among the rows of those that the profile or its base was fitted to; null = the profile does not say. */
  fittedRows: number[] | null;
  /** Titles of the sources of measurements, by id. */
  sourceTitles: Record<string, string>;
  /** Rows that their own source contradicts, with the reason; they are skipped. */
  doubtful: Record<string, string>;
  /** Rows that could not be read at all: the first of them, and why all of them. */
  skipped: SkippedPoint[];
  unreadable: SkippedReason[];
}
