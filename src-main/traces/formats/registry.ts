import { azureFormat } from './azure.ts';
import { burstgptFormat } from './burstgpt.ts';
import type { TraceFormat } from './format.ts';
import { llmservingsimRequests, llmservingsimWorkload } from './llmservingsim.ts';
import { mooncakeFormat } from './mooncake.ts';
import { ownFormat } from './own.ts';

/** Every format: one file each beside this one. The first that has its fields reads the file. */
export const TRACE_FORMATS: readonly TraceFormat[] = [
  ownFormat,
  azureFormat,
  mooncakeFormat,
  llmservingsimRequests,
  llmservingsimWorkload,
  burstgptFormat,
];

/** The three fields that a format is told by. */
export const fieldsOf = ({ arrival, promptTokens, outputTokens }: TraceFormat): string[] => [
  arrival.field,
  promptTokens,
  outputTokens,
];

/** `a trace of Mooncake (timestamp, input_length, output_length)` */
export const formatWords = (format: TraceFormat): string => `${format.words} (${fieldsOf(format).join(', ')})`;

/** Of each the shortest that tells it: an error has no room for all fields. */
export function knownFormats(): string {
  const [own, ...others] = TRACE_FORMATS;
  return [...(own ? [formatWords(own)] : []), ...others.map(({ words }) => words)].join(', ');
}
