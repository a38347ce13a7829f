/**
 * Lengths that a benchmark draws lie between this share of the nominal length and all of it, each as likely; their mean is 0.9
 * of it. Source: how InferenceX draws the lengths of its requests.
 */
export const DRAWN_LENGTHS = { lowest: 0.8, mean: 0.9 };

/** Deviation of such a length as a share of its mean. */
export const DRAWN_CV = (1 - DRAWN_LENGTHS.lowest) / Math.sqrt(12) / DRAWN_LENGTHS.mean;
