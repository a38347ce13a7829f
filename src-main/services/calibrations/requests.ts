import { z } from 'zod';
import { MAX_MEASUREMENT_TEXT_BYTES } from '../../../src-worker/protocol/calibration-api.ts';
import { ID_PATTERN, ID_RULE } from '../../../src-worker/protocol/names.ts';
import { taskIdSchema } from '../check-request.ts';

/** What may be asked of calibrations. */

export const profileName = z.string().min(1).max(80).regex(ID_PATTERN, ID_RULE);

const measurementText = z.strictObject({
  name: z.string().min(1).max(1000),
  text: z.string().max(MAX_MEASUREMENT_TEXT_BYTES),
});

export const calibrateSchema = z.strictObject({
  taskId: taskIdSchema,
  name: profileName,
  base: z.string().min(1).max(80).nullish(),
  measurements: z.array(measurementText).min(1).max(1000).nullable(),
  fromPriors: z.boolean().default(false),
  save: z.boolean(),
  use: z.boolean().default(false),
  replace: z.boolean().default(false),
});
export type CalibrateAsked = z.output<typeof calibrateSchema>;

export const accuracySchema = z.strictObject({
  calibration: z.string().min(1).max(80).nullable(),
  measurements: z.array(measurementText).min(1).max(1000).nullable(),
});
