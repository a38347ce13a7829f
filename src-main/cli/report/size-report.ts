import type { ModelDocument, SizeDocument } from '../../../src-worker/protocol/documents.ts';
import { bullet, heading, textOf, wrap } from './layout.ts';
import { detailSections } from './size-detail.ts';
import { headSection } from './size-head.ts';
import { listSection } from './size-lists.ts';

export interface SizeReportOptions {
  /** Rows of the passing list. */
  top: number;
  /** Rank printed in full. */
  detail: number;
}

/**
 * The answer to a sizing question as text, 80 columns wide: the question, what passes and what does not, then one rank
 * in full and what everything rests on. Without a passing row the verdict and the nearest misses stand in their place.
 */
export function sizeReport(document: SizeDocument, model: ModelDocument | null, options: SizeReportOptions): string {
  const row = document.recommendations.find(({ rank }) => rank === options.detail);
  return textOf([
    ...headSection(document, model),
    ...listSection(document, options.top),
    ...(row ? detailSections(document, row) : []),
    ...assumptionsSection(document),
  ]);
}

function assumptionsSection({ assumptions, versions }: SizeDocument): string[] {
  const basis =
    `${assumptions.engine} ${assumptions.engine_version}, method ${assumptions.method}, ` +
    `calibration ${assumptions.calibration}, ${assumptions.arrival} arrivals, ${assumptions.router}`;
  return [
    ...heading('ANALYSIS ASSUMPTIONS'),
    ...bullet(basis),
    ...assumptions.notes.flatMap(bullet),
    '',
    ...wrap(`ConfigIQ ${versions.configiq}, engine ${versions.engine}, catalog ${versions.catalog}`),
  ];
}
