import type { ConfigFields } from '../../fields.ts';
import { ModuleList } from '../module-list.ts';
import type { Recipe, Rule } from '../recipe.ts';

/**
 * Reads the quantization_config of one method; null when it does not tell one known weight format. `model` has the fields
 * beside it, where some families say more.
 */
export type MethodReader = (quantization: ConfigFields, model: ConfigFields) => Recipe | null;

/** Longest list of modules that is read: every expert of every layer by name. */
export const LONGEST_LIST = 50_000;

/** Widest number of bits a config may name. */
export const MOST_BITS = 64;

/** Names the libraries have for the list of modules they leave alone. */
const KEPT_LISTS = [
  'modules_to_not_convert',
  'ignore',
  'exclude_modules',
  'ignored_layers',
  'exclude',
  'llm_int8_skip_modules',
  'skip_modules',
];

/** The modules a config leaves at 16 bit, from whichever lists it has. No rule where there are none. */
export function keptRules(quantization: ConfigFields): Rule[] {
  const names = KEPT_LISTS.flatMap((name) => quantization.optionalTexts([name], LONGEST_LIST) ?? []);
  return names.length > 0 ? [{ modules: new ModuleList(names), scheme: null }] : [];
}

/** Group sizes as configs write them: -1 and 0 are one group over all inputs. */
export function groupSize(
  quantization: ConfigFields,
  names: readonly string[],
  otherwise: number | null,
): number | null {
  const size = quantization.optionalCount(names, 4_194_304, -1);
  if (size === null) return otherwise;
  return size > 0 ? size : null;
}
