import type { ModelDocument } from './documents.ts';

type CacheGrowth = Pick<ModelDocument, 'kv_bytes_per_token_full' | 'windows' | 'state_bytes_per_sequence'>;

/**
 * What one sequence of so many tokens keeps at 16 bit, in bytes, by the figures of a document: windows stop growing where
 * they are full, a state of constant size is there from the start. The engine's own sum is held to it by a test.
 */
export const kvBytesOfSequence = (document: CacheGrowth, tokens: number): number =>
  document.windows.reduce(
    (sum, { window_tokens: window, kv_bytes_per_token_fp16: bytes }) => sum + Math.min(tokens, window) * bytes,
    document.kv_bytes_per_token_full.fp16 * tokens + document.state_bytes_per_sequence,
  );
