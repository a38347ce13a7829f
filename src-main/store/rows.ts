import { z } from 'zod';
import { fileError, type ConfigIqError } from '../../src-worker/engine/errors.ts';
import { describeIssues } from '../../src-worker/protocol/requests.ts';
import type { Listing } from './store.ts';

/** A text column that holds JSON of the given shape. The value comes out as it lies there, with no defaults added. */
export function jsonText<Schema extends z.ZodType>(schema: Schema) {
  return z.string().transform((text, context): z.input<Schema> => {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (thrown) {
      context.addIssue({
        code: 'custom',
        message: `not JSON (${thrown instanceof Error ? thrown.message : 'unknown'})`,
      });
      return z.NEVER;
    }
    const checked = schema.safeParse(value);
    if (!checked.success) {
      for (const issue of checked.error.issues) context.addIssue({ ...issue, code: 'custom', path: [...issue.path] });
      return z.NEVER;
    }
    return value as z.input<Schema>;
  });
}

/** Reads one row of the database as outside input. Throws `row_unreadable`; `cure` = a sentence of what helps. */
export function readRow<Schema extends z.ZodType>(
  schema: Schema,
  row: unknown,
  what: string,
  cure = '',
): z.output<Schema> {
  const checked = schema.safeParse(row);
  if (checked.success) return checked.data;
  throw unreadable(what, [describeIssues(checked.error, what), cure].join(' ').trim());
}

export function unreadable(what: string, reason: string): ConfigIqError {
  return fileError('row_unreadable', `The database holds something unreadable, which was left as it is: ${reason}`, {
    what,
  });
}

/** Reads what can be read and says in a sentence what cannot. */
export function readRows<Schema extends z.ZodType>(
  schema: Schema,
  rows: readonly unknown[],
  name: (row: unknown) => string,
  cure: (row: unknown) => string = () => '',
): Listing<z.output<Schema>> {
  const listing: Listing<z.output<Schema>> = { rows: [], problems: [] };
  for (const row of rows) {
    const checked = schema.safeParse(row);
    if (checked.success) listing.rows.push(checked.data);
    else {
      const reason = [describeIssues(checked.error, name(row)), cure(row)].join(' ').trim();
      listing.problems.push(unreadable(name(row), reason).message);
    }
  }
  return listing;
}
