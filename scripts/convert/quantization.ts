/**
 * Shrinks a `quantization_config` to what decides size and speed: method, bits, groups, KV cache scheme and the patterns of
 * modules. Lists that name every layer (and every expert) one by one become patterns that match the same modules: `*`
 * where all are meant, `re:` (the prefix compressed-tensors uses for regular expressions) where only some are.
 */
export function reduceQuantization(quantization: Record<string, unknown>, depth: Depth): Record<string, unknown> {
  const reduced: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(quantization)) {
    if (value === null || IRRELEVANT.has(key)) continue;
    if (NAME_LISTS.has(key) && Array.isArray(value)) reduced[key] = collapseNames(value.map(String), depth);
    else if (key === 'quantized_layers' && isRecord(value)) reduced[key] = collapseMap(value, depth);
    else if (isRecord(value)) reduced[key] = reduceQuantization(value, depth);
    else reduced[key] = value;
  }
  return reduced;
}

/** Layers of the language model and of the vision tower; null = unknown, then nothing counts as all of them. */
export interface Depth {
  text: number | null;
  vision: number | null;
}

const NAME_LISTS = new Set(['ignore', 'modules_to_not_convert', 'exclude_modules', 'targets']);

/** How the checkpoint was made, not what it is. */
const IRRELEVANT = new Set([
  'version',
  'observer',
  'observer_kwargs',
  'damp_percent',
  'model_seqlen',
  'batch_size',
  'use_exllama',
  'true_sequential',
  'global_compression_ratio',
  'quantization_status',
]);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function collapseMap(map: Record<string, unknown>, depth: Depth): Record<string, unknown> {
  const namesByValue = new Map<string, string[]>();
  for (const [name, value] of Object.entries(map)) {
    const key = JSON.stringify(value);
    const names = namesByValue.get(key);
    if (names) names.push(name);
    else namesByValue.set(key, [name]);
  }
  const collapsed: Record<string, unknown> = {};
  for (const [value, names] of namesByValue) {
    for (const pattern of collapseNames(names, depth)) collapsed[pattern] = JSON.parse(value);
  }
  return collapsed;
}

/** Patterns that match the same modules as the names, in order of first mention. */
export function collapseNames(names: string[], depth: Depth): string[] {
  const experts = collapseIndex(names, /(?<=\bexperts\.)\d+(?=\.|$)/, (_, indices) => indices.length);
  return collapseIndex(experts, /(?<=\b(?:layers|blocks)\.)\d+(?=\b|\*)/, (template) =>
    /vision|visual/.test(template) ? depth.vision : depth.text,
  );
}

type TotalOf = (template: string, indices: number[]) => number | null;

/** Joins names that differ in one index only; `totalOf` says how many such indices the model has. */
function collapseIndex(names: string[], index: RegExp, totalOf: TotalOf): string[] {
  const groups = new Map<string, Set<number>>();
  for (const name of names) {
    const found = name.startsWith('re:') ? undefined : index.exec(name)?.[0];
    const template = found === undefined ? name : name.replace(index, HOLE);
    const group = groups.get(template) ?? new Set<number>();
    if (found !== undefined) group.add(Number(found));
    groups.set(template, group);
  }
  return [...groups].map(([template, group]) =>
    pattern(
      template,
      [...group].sort((a, b) => a - b),
      totalOf,
    ),
  );
}

const HOLE = '{index}';

function pattern(template: string, indices: number[], totalOf: TotalOf): string {
  const [only] = indices;
  if (only === undefined) return template;
  if (indices.length === 1) return template.replace(HOLE, String(only));
  const isComplete = indices.length === totalOf(template, indices) && indices.at(-1) === indices.length - 1;
  if (isComplete) return template.replace(HOLE, '*');
  const escaped = template.replaceAll('.', '\\.').replaceAll('*', '.*');
  return `re:^${escaped.replace(HOLE, `(${indices.join('|')})`)}$`;
}
