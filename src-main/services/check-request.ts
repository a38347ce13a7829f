import { z } from 'zod';
import { invalidInput } from '../../src-worker/engine/errors.ts';
import { EXPORT_FORMATS } from '../../src-worker/protocol/export-formats.ts';
import { describeIssues } from '../../src-worker/protocol/requests.ts';

/** A request with its defaults filled in. Throws `request_invalid`: the field, what it was, what it may be. */
export function checkRequest<Schema extends z.ZodType>(
  schema: Schema,
  request: unknown,
  what: string,
): z.output<Schema> {
  const checked = schema.safeParse(request, { reportInput: true });
  if (checked.success) return checked.data;
  const fields = checked.error.issues.map(({ path }) => path.join('.'));
  throw invalidInput('request_invalid', describeIssues(checked.error, what), { fields });
}

const name = z.string().max(200);

export const taskIdSchema = z.string().min(1).max(200);
export const modelNameSchema = z.string().min(1).max(300);
export const runNameSchema = name;
export const runIdSchema = z.number().int().min(1);
export const runIdsSchema = z.array(runIdSchema).min(1).max(10_000);
/** A path of lower-case words: `draft/size`. */
export const noteNameSchema = z
  .string()
  .max(100)
  .regex(/^[a-z0-9/-]+$/, 'a note is named with a-z, 0-9, - and /, at least one of them');
/** Five million bytes are more than any draft has. */
const MAX_NOTE_BYTES = 5_000_000;
export const noteTextSchema = z
  .string()
  .refine((text) => Buffer.byteLength(text) <= MAX_NOTE_BYTES, `a note holds at most ${MAX_NOTE_BYTES} bytes`);
export const exportFormatSchema = z.enum(EXPORT_FORMATS);
/** Formats that are text, and short where a run is. */
export const textFormatSchema = z.enum(['csv', 'json']);
export const importModelSchema = z.strictObject({
  /** Longer texts are refused with a sentence of their own, which tells the size. */
  text: z.string(),
  fileName: z.string().max(1000),
  id: z.string().max(300).nullable(),
});
/** Which names and revisions there may be is the hub's part. */
export const pullModelSchema = z.strictObject({
  id: z.string().min(1).max(300),
  revision: z.string().min(1).max(300).nullable(),
  taskId: taskIdSchema,
});
/** The spec is checked by its own schema, so that its sentence names the spec. */
export const sweepStartSchema = z.strictObject({ taskId: taskIdSchema, spec: z.unknown(), name });
export const sweepResumeSchema = z.strictObject({ taskId: taskIdSchema, runId: runIdSchema });
