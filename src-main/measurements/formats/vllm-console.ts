import type { Fields } from './values.ts';

/**
 * What `vllm bench serve` prints at its end, as people paste it: the figures of its JSON to two decimals, under the keys of
 * the JSON. The lines about the load stand above the block in older versions.
 */

const HEADER = /^=+ Serving Benchmark Result =+[ \t]*\r?$/m;
const FOOTER = /^=+[ \t]*\r?$/m;

const KEYS: Readonly<Record<string, string>> = {
  'successful requests': 'completed',
  'failed requests': 'failed',
  'maximum request concurrency': 'max_concurrency',
  'request rate configured (rps)': 'request_rate',
  'traffic request rate': 'request_rate',
  'burstiness factor': 'burstiness',
  'benchmark duration (s)': 'duration',
  'total input tokens': 'total_input_tokens',
  'total generated tokens': 'total_output_tokens',
  'request throughput (req/s)': 'request_throughput',
  'output token throughput (tok/s)': 'output_throughput',
  'total token throughput (tok/s)': 'total_token_throughput',
};
const LINE = /^[ \t]*([A-Za-z][\w ()/]*?)[ \t]*:[ \t]*(\S+)/gm;
const LATENCY = /^(mean|median|p[\d.]+) (ttft|tpot|itl|e2el) \(ms\)$/;

/** The blocks of a text, each under the keys of a JSON result; none = it holds no block. */
export function consoleBlocks(text: string): Fields[] {
  const [head = '', ...rest] = text.split(HEADER);
  let above = head;
  return rest.map((part) => {
    const end = part.search(FOOTER);
    const block = end === -1 ? part : part.slice(0, end);
    const fields = { model_id: '', ...fieldsOf(above), ...fieldsOf(block) };
    above = end === -1 ? '' : part.slice(end);
    return fields;
  });
}

export const hasConsoleBlock = (text: string): boolean => HEADER.test(text);

/** SGLang prints a block of the same name; its first line says whose it is. */
export const isOfSglang = (text: string): boolean => hasConsoleBlock(text) && /^Backend:\s*\w+/m.test(text);

function fieldsOf(text: string): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [, label = '', value = ''] of text.matchAll(LINE)) {
    const name = label.toLowerCase();
    const latency = LATENCY.exec(name);
    const key = latency ? `${latency[1]}_${latency[2]}_ms` : Object.hasOwn(KEYS, name) ? KEYS[name] : undefined;
    if (key !== undefined && value !== 'None') fields[key] = value;
  }
  return fields;
}
