import type { ExplainDocument } from '../../../src-worker/protocol/documents.ts';
import { explanationText } from '../../../src-worker/protocol/explanation-words.ts';
import { heading, textOf, wrap } from './layout.ts';

/** Every figure of a configuration with where it comes from. */
export function explainReport({ configuration, explanations, versions }: ExplainDocument): string {
  return textOf([
    ...heading(`WHERE THE FIGURES COME FROM: ${configuration.name}, rank ${configuration.rank}`),
    configuration.id,
    ...wrap(`Engine ${versions.engine}, catalog ${versions.catalog}, calibration ${versions.calibration}`),
    '',
    ...explanations.flatMap((entry) => [...explanationText(entry).split('\n').flatMap(fitted), '']),
  ]);
}

/** A line keeps its own indent; a list item or a calculation goes on below its first word. */
function fitted(line: string): string[] {
  const [lead = '', indent = '', mark = ''] = /^(\s*)([•=] )?/.exec(line) ?? [];
  return wrap(line.slice(lead.length), { first: lead, hanging: indent + (mark === '' ? '' : '  ') });
}
