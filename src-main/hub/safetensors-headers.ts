import { z } from 'zod';
import type { SafetensorsSummary } from '../../src-worker/engine/model/source.ts';

/** Names of dtypes are outside input and become keys. */
const dtypeName = z.string().regex(/^[A-Z][A-Z0-9_]{0,19}$/);
const wholeNumber = z.number().int().nonnegative();

const tensor = z.object({
  dtype: dtypeName,
  shape: z.array(wholeNumber).max(16),
  data_offsets: z.tuple([wholeNumber, wholeNumber]),
});

/** What `GET /api/models/{id}` says of a repository's safetensors files. */
export const apiSafetensors = z.object({ parameters: z.record(dtypeName, wholeNumber) });

/** An index of shards, as far as it is read here. `total_size` is written as a whole number or with a decimal point. */
export const shardIndex = z.object({
  metadata: z.object({ total_size: z.number().nonnegative().optional() }).optional(),
  weight_map: z.record(z.string(), z.string()),
});

/** Adds up the tensors of all files of a checkpoint. Throws a ZodError for a header that cannot be. */
export function summarize(headers: Iterable<unknown>): SafetensorsSummary {
  const elements = new Map<string, number>();
  let totalBytes = 0;
  for (const header of headers) {
    for (const [name, entry] of Object.entries(z.record(z.string(), z.unknown()).parse(header))) {
      if (name === '__metadata__') continue;
      const {
        dtype,
        shape,
        data_offsets: [begin, end],
      } = tensor.parse(entry);
      elements.set(dtype, (elements.get(dtype) ?? 0) + shape.reduce((product, size) => product * size, 1));
      totalBytes += end - begin;
    }
  }
  return { elementsByDtype: Object.fromEntries(elements), totalBytes };
}

/** Names that Transformers gives: the index of the shards, or the one file. */
export const USUAL_HEADER_FILES: readonly string[] = ['model.safetensors.index.json', 'model.safetensors'];

/**
 * The file to read a checkpoint's headers from, among the names at the top of its folder: the index of its shards, its one
 * file, or the only one there is (other names are in use, and several of them may hold the same weights twice).
 */
export function headerFile(names: readonly string[]): string | null {
  for (const usual of USUAL_HEADER_FILES) if (names.includes(usual)) return usual;
  const files = names.filter((name) => name.endsWith('.safetensors') && !name.includes('/'));
  return files.length === 1 ? (files[0] ?? null) : null;
}

export const isIndex = (name: string): boolean => name.endsWith('.index.json');
