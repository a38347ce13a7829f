/** The engine names unknown GPUs itself, so the search lives there; hosts and answers take it from here. */
export { chooseFrom, didYouMean, suggestNames } from '../engine/suggest.ts';
