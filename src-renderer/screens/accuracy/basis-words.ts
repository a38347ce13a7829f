import type { AccuracyBasis } from '../../../src-worker/protocol/accuracy.ts';

/** What kind of error a figure is of: those of one kind can be compared, those of two cannot. */
export interface BasisWords {
  label: string;
  /** What must not be concluded from the figures; empty where there is nothing to warn of. */
  caution: string;
}

export const BASIS_WORDS: Readonly<Record<AccuracyBasis, BasisWords>> = {
  left_out: { label: 'left out', caution: '' },
  in_sample: {
    label: 'in sample',
    caution:
      'In sample: this profile or its base was or may have been fitted to these points. That its errors are lower than the left-out ones of another profile does not make it the better one.',
  },
  unseen: { label: 'not seen', caution: '' },
  not_fitted: { label: 'never fitted', caution: '' },
};
