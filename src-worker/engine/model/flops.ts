import { attentionTraits } from './attention/kinds.ts';
import { parameterBreakdown } from './parameters.ts';
import type { Model } from './types.ts';

/** FLOP of one token through the whole model, by component. */
export interface TokenFlops {
  attentionProjections: number;
  /** Scores and weighted sum over `contextTokens`. */
  attentionOverContext: number;
  ffn: number;
  experts: number;
  router: number;
  head: number;
  total: number;
}

/**
 * FLOP per token: 2 per weight it is multiplied with (chosen experts only; the embedding is a look-up), and for each layer
 * 4 · query heads · head size per attended token, windowed layers at most their window.
 */
export function tokenFlops(model: Model, contextTokens: number): TokenFlops {
  const { attention, denseFfn, sharedExperts, router } = parameterBreakdown(model);
  let attentionOverContext = 0;
  let chosenExperts = 0;
  for (const layer of model.layers) {
    const attended = Math.min(contextTokens, layer.attention.windowTokens ?? contextTokens);
    attentionOverContext += attentionTraits(layer.attention).flopPerAttendedToken(layer.attention) * attended;
    if (layer.ffn.kind === 'moe') chosenExperts += layer.ffn.numExpertsPerToken * layer.ffn.parametersPerExpert;
  }
  const parts = {
    attentionProjections: 2 * attention,
    attentionOverContext,
    ffn: 2 * (denseFfn + sharedExperts),
    experts: 2 * chosenExperts,
    router: 2 * router,
    head: 2 * model.vocabularySize * model.hiddenSize,
  };
  return { ...parts, total: Object.values(parts).reduce((sum, part) => sum + part, 0) };
}
