import { layerWeights } from '../parameters.ts';
import type { Layer, Model, WeightClass } from '../types.ts';
import type { Weight } from '../weight.ts';
import { ModuleList, type LayerMatcher } from './module-list.ts';
import { layerNames, outerNames } from './module-names.ts';
import type { Scheme, Schemes, StoredFormat } from './stored.ts';

/** Modules with how they are stored; null = left at 16 bit. The first rule that names a module decides. */
export interface Rule {
  modules: ModuleList;
  scheme: Scheme | null;
}

/** Parts of a model that a method converts unless a list says otherwise. */
export type Scope = 'layers' | 'head' | 'towers' | 'experts';

/** How a checkpoint's weights were quantized. */
export interface Recipe {
  rules: Rule[];
  /** Modules in scope that no rule names; null = 16 bit. */
  otherwise: Scheme | null;
  scope: readonly Scope[];
}

type Parts = Pick<Model, 'layers' | 'outside' | 'towers'>;

const SCOPE_OF_CLASS: Readonly<Partial<Record<WeightClass, Scope>>> = {
  attention: 'layers',
  denseFfn: 'layers',
  sharedExperts: 'layers',
  experts: 'layers',
  head: 'head',
  vision: 'towers',
  audio: 'towers',
};

const isInScope = ({ scope }: Recipe, weightClass: WeightClass): boolean =>
  (weightClass === 'experts' && scope.includes('experts')) ||
  scope.some((part) => part === SCOPE_OF_CLASS[weightClass]);

/** The scheme of one weight: what the first rule that names it says, else what its part is stored in. */
function schemeOf(recipe: Recipe, weight: Weight, isOn: (rule: Rule) => boolean): Scheme | null {
  // Embeddings, norms and biases are no linear layers; routers decide too much for their size and stay in every recipe.
  if (!weight.isLinear || SCOPE_OF_CLASS[weight.weightClass] === undefined) return null;
  const rule = recipe.rules.find(isOn);
  if (rule) return rule.scheme;
  return isInScope(recipe, weight.weightClass) ? recipe.otherwise : null;
}

function layerSchemes(recipe: Recipe, layer: Layer, matchers: ReadonlyMap<Rule, LayerMatcher>): Schemes {
  const schemes = new Map<Weight, Scheme>();
  for (const weight of layerWeights(layer)) {
    if (!weight.isLinear) continue;
    const names = layerNames(weight);
    const scheme = schemeOf(recipe, weight, (rule) => matchers.get(rule)?.holds(names) ?? false);
    if (scheme) schemes.set(weight, scheme);
  }
  return schemes;
}

/** Applies a recipe to a model. Equal layers that every list treats alike are looked at once. */
export function storedFormat(recipe: Recipe, { layers, outside, towers }: Parts): StoredFormat {
  const known = new Map<Layer, Map<string, Schemes>>();
  const stored = layers.map((layer, index) => {
    const matchers = new Map(recipe.rules.map((rule) => [rule, rule.modules.layer(index)]));
    const key = [...matchers.values()].map((matcher) => matcher.key).join('\n');
    const alike = known.get(layer) ?? new Map<string, Schemes>();
    known.set(layer, alike);
    const found = alike.get(key) ?? layerSchemes(recipe, layer, matchers);
    alike.set(key, found);
    return found;
  });
  const outer = new Map<Weight, Scheme>();
  for (const weight of [...outside, ...towers.flatMap((tower) => tower.weights)]) {
    const names = outerNames(weight);
    const scheme = schemeOf(recipe, weight, ({ modules }) => modules.holds(names));
    if (scheme) outer.set(weight, scheme);
  }
  return { layers: stored, outer };
}
