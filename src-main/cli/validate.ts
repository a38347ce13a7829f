import type { core, ZodType } from 'zod';
import { LATENCY_METRICS } from '../../src-worker/protocol/requests.ts';
import { suggestNames } from '../../src-worker/protocol/suggest.ts';
import { usageError } from './errors.ts';

/** How a key of a request is written on the command line: `max_gpus` is `--max-gpus`. */
export const flagOf = (key: string): string => `--${key.replaceAll('_', '-')}`;

const EXAMPLES: Record<string, string> = {
  model: '--model meta-llama/Llama-3.1-8B-Instruct',
  gpu: '--gpu nvidia-h100-80gb',
  users: '--users 100',
  rate: '--rate 2.5',
  input_tokens: '--input-tokens 1024',
  output_tokens: '--output-tokens 256',
  service_ms: '--service-ms 250',
};

/**
 * The request as the schema fills it in. Throws a usage error with one sentence about the first thing that is wrong:
 * the option, what was given, what would work.
 */
export function checkRequest<Output>(schema: ZodType<Output>, draft: unknown, nameField = flagOf): Output {
  const parsed = schema.safeParse(draft, { reportInput: true });
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  const [first] = issues;
  if (!first) throw usageError('The request is not valid.');
  const more = issues.length > 1 ? ` (${issues.length - 1} more to mend after it)` : '';
  throw usageError(`${issueSentence(first, nameField)}${more}`, { issues: issues.length });
}

export function issueSentence(issue: core.$ZodIssue, nameField: (key: string) => string): string {
  const path = issue.path.map(String);
  // Of a sweep: where an option stands in its spec is not the person's concern.
  const [key = '', ...inner] = path[0] === 'axes' || path[0] === 'base' ? path.slice(1) : path;
  const isMetric = key === 'sla' && inner.length > 0;
  const field = isMetric ? `${nameField('sla')} ${metricName(inner[0] ?? '')}` : key === '' ? '' : nameField(key);
  switch (issue.code) {
    case 'invalid_type':
      return typeSentence(issue, key, field);
    case 'too_small': {
      if (issue.origin === 'string') return `${field} is empty: give a name.`;
      if (issue.origin === 'array') return `${field} is empty: give at least one value.`;
      const bound = issue.inclusive === false ? `above ${issue.minimum}` : `at least ${issue.minimum}`;
      return `${field} must be ${bound}, got ${shown(issue.input)}.`;
    }
    case 'too_big':
      return issue.origin === 'string'
        ? `${field} may have at most ${issue.maximum} characters.`
        : `${field} must be at most ${issue.maximum}, got ${shown(issue.input)}.`;
    case 'invalid_value': {
      const values = issue.values.map(String);
      return `${field} does not know ${shown(issue.input)}: ${cure(String(issue.input), values)}`;
    }
    case 'unrecognized_keys':
      return unknownKeySentence(issue.keys[0] ?? '', key, nameField);
    case 'invalid_union':
      return `${field} is neither a list nor a range, got ${shown(issue.input)}.`;
    default:
      return `${field}: ${issue.message}.`;
  }
}

function typeSentence(issue: core.$ZodIssueInvalidType, key: string, field: string): string {
  if (issue.input === undefined) {
    const example = EXAMPLES[key];
    return `${field} is missing${example ? `: give it, for example ${example}` : ''}.`;
  }
  const kind = issue.expected === 'int' ? 'a whole number' : `a ${issue.expected}`;
  return `${field} takes ${kind}, got ${shown(issue.input)}.`;
}

function unknownKeySentence(key: string, parent: string, nameField: (key: string) => string): string {
  if (parent !== 'sla') return `Unknown key "${key}"${parent === '' ? '' : ` in ${parent}`}.`;
  const metrics = LATENCY_METRICS.map(metricName);
  const [near] = suggestNames(metricName(key), metrics);
  const meant = near ? `did you mean ${near}? It` : 'it';
  return `${nameField('sla')} does not know the metric "${metricName(key)}": ${meant} takes ttft, tpot or e2e, with -mean, -p50, -p95 or -p99.`;
}

function cure(given: string, values: string[]): string {
  const [near] = suggestNames(given, values);
  return `${near ? `did you mean ${near}? It` : 'it'} takes ${values.join(', ')}.`;
}

const metricName = (key: string): string => key.replaceAll('_', '-');

const MAX_SHOWN = 60;
function shown(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text;
}
