import type { DecoderFamily } from './families/types.ts';
import { LIMITS, type ConfigFields } from './fields.ts';

/** Fields that state the longest sequence, by family. The smallest one present holds, as in vLLM. */
const CONTEXT_FIELDS = [
  'max_position_embeddings',
  'n_positions',
  'n_ctx',
  'max_seq_len',
  'seq_length',
  'max_sequence_length',
  'max_seq_length',
  'seq_len',
  'max_position_embedding',
  'max_target_positions',
  'max_context_length',
] as const;

/** What vLLM assumes for a file that names no length. */
const ASSUMED_CONTEXT_TOKENS = 2048;

/** Scalings whose extended length the file already states in `max_position_embeddings`. */
const ALREADY_EXTENDED: ReadonlySet<string> = new Set(['default', 'llama3', 'longrope', 'su', 'mrope', 'proportional']);

/** Further ones that vLLM knows (rotary_embedding, `get_rope`): their factor multiplies the length. */
const MULTIPLYING: ReadonlySet<string> = new Set([
  'linear',
  'dynamic',
  'ntk',
  'yarn',
  'deepseek_yarn',
  'deepseek_llama_scaling',
  'xdrope',
  'openpangu',
]);

interface ContextLength {
  tokens: number;
  /** Set when the file does not say, or in a way that is not known. */
  assumption: string | null;
  /** True where the file scales its positions in a way that is not known. */
  isEstimated: boolean;
}

const LONGEST_SHOWN = 40;
const grouped = (tokens: number): string => tokens.toLocaleString('en-US');

interface RopeScaling {
  block: ConfigFields;
  type: string;
  factor: number;
  original: number | null;
}

/**
 * Older files say `type`, newer ones `rope_type`; Transformers 5 moved the whole block to `rope_parameters`, there one for
 * each kind of layer where they differ: the layers that see everything decide.
 */
function ropeScaling(fields: ConfigFields): RopeScaling | null {
  const outer = fields.nested('rope_scaling') ?? fields.nested('rope_parameters');
  const block = outer?.nested('full_attention') ?? outer;
  // Checked also where no type says what it is for: a factor that cannot be is a mistyped file.
  const factor = block?.optionalPositive(['factor'], 100_000) ?? 1;
  const type = block?.optionalText(['rope_type', 'type']) ?? null;
  if (!block || type === null) return null;
  const original = block.optionalCount(['original_max_position_embeddings'], LIMITS.context);
  return { block, type, factor, original };
}

/**
 * Longest prompt + output in tokens, with vLLM's reading of the fields: `model_max_length` (Command-R) outranks the rest;
 * Llama 3 and LongRoPE files already state the extended length; YaRN extends `original_max_position_embeddings` by its
 * factor (the field itself when no original is given); linear and dynamic scaling multiply, and so, labelled, does one that
 * is not known. Families that always state the extended length (Gemma 3) say so by `statesExtendedContext`.
 */
export function contextLength(
  fields: ConfigFields,
  family: Pick<DecoderFamily, 'contextTokens' | 'statesExtendedContext'> = {},
): ContextLength {
  const outranking = fields.optionalCount(['model_max_length'], LIMITS.context);
  const stated = CONTEXT_FIELDS.map((name) => fields.optionalCount([name], LIMITS.context)).filter(
    (value) => value !== null,
  );
  if (outranking === null && stated.length === 0 && family.contextTokens !== undefined) {
    stated.push(family.contextTokens);
  }
  if (outranking === null && stated.length === 0) {
    const assumption = `config.json names no context length: ${grouped(ASSUMED_CONTEXT_TOKENS)} tokens assumed, as vLLM does.`;
    return { tokens: ASSUMED_CONTEXT_TOKENS, assumption, isEstimated: false };
  }
  const written = outranking ?? Math.min(...stated);
  const scaling = ropeScaling(fields);
  if (!scaling || family.statesExtendedContext || ALREADY_EXTENDED.has(scaling.type))
    return { tokens: written, assumption: null, isEstimated: false };
  const { type, factor } = scaling;
  const base = type === 'yarn' ? (scaling.original ?? written) : written;
  const tokens = Math.floor(base * factor);
  if (tokens < 1 || tokens > LIMITS.context) {
    const cure = `a factor that leaves 1 to ${grouped(LIMITS.context)} of the ${base} tokens it multiplies`;
    throw scaling.block.invalid('factor', factor, cure);
  }
  const isEstimated = factor !== 1 && !MULTIPLYING.has(type);
  const assumption = `The scaling "${type.slice(0, LONGEST_SHOWN)}" of positions (rope_type) is not known: its factor ${factor} is taken to multiply the ${grouped(base)} tokens of the file, as linear scaling does.`;
  return { tokens, assumption: isEstimated ? assumption : null, isEstimated };
}
