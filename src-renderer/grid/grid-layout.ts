import { z } from 'zod';

/** What a person did to a table, as plain data that outlives it. */
export const gridLayoutSchema = z.object({
  sorting: z.array(z.object({ id: z.string(), desc: z.boolean() })),
  /** As typed, by column. */
  filterTexts: z.record(z.string(), z.string()),
  isFilterOpen: z.boolean(),
  /** Columns whose visibility was changed. */
  visibility: z.record(z.string(), z.boolean()),
  order: z.array(z.string()),
  pinned: z.array(z.string()),
});
export type GridLayout = z.infer<typeof gridLayoutSchema>;
