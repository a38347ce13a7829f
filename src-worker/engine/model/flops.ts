import { distinctLayers, layerWeights, parameterBreakdown } from './parameters.ts';
import type { ContextWork, Layer, Model } from './types.ts';
import { parametersOf } from './weight.ts';

/** Prompt tokens and decoding tokens of some kinds (MLA) take different ways through the same weights. */
type Phase = 'decode' | 'prompt';

/** FLOP of one token through the whole model, by component. */
export interface TokenFlops {
  attentionProjections: number;
  /** Scores and weighted sum over the attended tokens. */
  attentionOverContext: number;
  /** Steps of recurrent layers. */
  recurrence: number;
  ffn: number;
  experts: number;
  router: number;
  head: number;
  total: number;
}

/** FLOP of one token over `contextTokens` in one layer. */
function contextFlop(work: ContextWork, contextTokens: number, phase: Phase): number {
  const attended = Math.min(contextTokens, work.attendedTokens ?? contextTokens);
  return (phase === 'decode' ? work.decodeFlop : work.promptFlop) * attended;
}

const overContext = ({ attention }: Layer, contextTokens: number, phase: Phase): number =>
  attention.context.reduce((sum, work) => sum + contextFlop(work, contextTokens, phase), 0);

const chosenExpertParameters = ({ ffn: { experts } }: Layer): number =>
  experts === null ? 0 : experts.numExpertsPerToken * experts.parametersPerExpert;

/**
 * FLOP per token: 2 per weight it is multiplied with (chosen experts only; the embedding is a look-up), and for each layer
 * its arithmetic over the context (4 · query heads · head size per attended token for plain attention, windowed layers at
 * most their window) and its recurrence.
 */
export function tokenFlops(model: Model, contextTokens: number, phase: Phase = 'decode'): TokenFlops {
  const { attention, denseFfn, sharedExperts, router } = parameterBreakdown(model, 1, 'used');
  let attentionOverContext = 0;
  let recurrence = 0;
  let chosenExperts = 0;
  for (const { layer, count } of distinctLayers(model.layers)) {
    attentionOverContext += count * overContext(layer, contextTokens, phase);
    recurrence += count * layer.attention.recurrenceFlop;
    chosenExperts += count * chosenExpertParameters(layer);
  }
  const parts = {
    attentionProjections: 2 * attention,
    attentionOverContext,
    recurrence,
    ffn: 2 * (denseFfn + sharedExperts),
    experts: 2 * chosenExperts,
    router: 2 * router,
    head: 2 * model.vocabularySize * model.hiddenSize,
  };
  return { ...parts, total: Object.values(parts).reduce((sum, part) => sum + part, 0) };
}

/** FLOP of one token through one layer at a context, norms left out. */
export function layerFlops(layer: Layer, contextTokens: number, phase: Phase = 'decode'): number {
  const dense = layerWeights(layer)
    .filter(({ weightClass }) => weightClass !== 'experts' && weightClass !== 'norms')
    .reduce((sum, weight) => sum + parametersOf(weight), 0);
  const weights = dense + chosenExpertParameters(layer);
  return 2 * weights + overContext(layer, contextTokens, phase) + layer.attention.recurrenceFlop;
}
