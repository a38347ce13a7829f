import type { ConfigFields } from './fields.ts';
import { storedLayerWeights } from './parameters.ts';
import { readRecipe } from './quantization/methods.ts';
import { storedFormat, type Recipe } from './quantization/recipe.ts';
import type { Schemes, StoredFormat } from './quantization/stored.ts';
import type { CheckpointFormat, Model, Precision } from './types.ts';
import { parametersOf, type Weight } from './weight.ts';

type Parts = Pick<Model, 'layers' | 'outside' | 'towers'>;

interface ReadCheckpoint {
  checkpoint: CheckpointFormat;
  /** What was taken for granted or left out in reading it, as sentences. */
  assumptions: string[];
}

/** The object that tells how the weights are stored, and whether it speaks of the text part alone. */
function quantizationOf(fields: ConfigFields, text: ConfigFields): { config: ConfigFields; isText: boolean } | null {
  const outer = fields.nested('quantization_config') ?? fields.nested('compression_config');
  if (outer) return { config: outer, isText: false };
  const inner = text.nested('quantization_config');
  return inner && { config: inner, isText: true };
}

/** The precision most of the quantized weights have. */
function mainPrecision({ layers, outer }: StoredFormat, recipe: Recipe, parts: Parts): Precision {
  const weights = new Map<Precision, number>();
  const count = (schemes: Schemes, among: Iterable<Weight>): void => {
    for (const weight of among) {
      const precision = schemes.get(weight)?.precision;
      if (precision !== undefined) weights.set(precision, (weights.get(precision) ?? 0) + parametersOf(weight));
    }
  };
  parts.layers.forEach((layer, index) => {
    const schemes = layers[index];
    if (schemes) count(schemes, storedLayerWeights(layer));
  });
  count(outer, outer.keys());
  const [main] = [...weights].sort(([, one], [, other]) => other - one);
  const stated = recipe.otherwise ?? recipe.rules.find(({ scheme }) => scheme !== null)?.scheme;
  return main?.[0] ?? stated?.precision ?? 'fp16';
}

const LONGEST_SHOWN = 60;
const quoted = (text: string): string => `"${text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text}"`;

/** What of the lists of modules could not be followed. */
function unfollowed({ rules }: Recipe): string[] {
  const sentences: string[] = [];
  const unreadable = rules.flatMap(({ modules }) => modules.unreadable);
  const [first] = unreadable;
  if (first !== undefined) {
    const more = unreadable.length > 1 ? ` and ${unreadable.length - 1} more` : '';
    sentences.push(
      `quantization_config names modules by a pattern that is not read (${quoted(first)}${more}): it is taken to match nothing.`,
    );
  }
  if (rules.some(({ modules }) => modules.isExhausted)) {
    sentences.push(
      'The patterns of quantization_config are too many to follow in full: the rest is taken to match nothing.',
    );
  }
  return sentences;
}

/**
 * How the checkpoint stores its weights, from `quantization_config` (the model's name says nothing). A format that cannot
 * be told keeps the architecture readable: `problem` says what was found, and asking for `checkpoint` is refused with it.
 */
export function readCheckpoint(fields: ConfigFields, text: ConfigFields, parts: Parts): ReadCheckpoint {
  const quantization = quantizationOf(fields, text);
  if (!quantization) return { checkpoint: { precision: 'fp16', method: null }, assumptions: [] };
  const { config, isText } = quantization;
  const method = config.optionalText(['quant_method']) ?? config.optionalText(['producer.name']);
  const recipe = readRecipe(config, method, text);
  if (!recipe) {
    const named = method === null ? 'no quant_method that is known' : `quant_method ${quoted(method)}`;
    const problem = `The checkpoint of ${fields.modelId} is quantized, but its quantization_config (${named}) does not tell one known weight format.`;
    return { checkpoint: { precision: 'fp16', method, problem }, assumptions: [problem] };
  }
  const stored = storedFormat(recipe, isText ? { ...parts, towers: [] } : parts);
  const precision = mainPrecision(stored, recipe, parts);
  return { checkpoint: { precision, method: method ?? precision, stored }, assumptions: unfollowed(recipe) };
}
