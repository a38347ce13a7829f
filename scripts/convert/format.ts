/** JSON as people review it: like prettier's, except that an object of plain values may stand on one line. */
export function formatJson(value: unknown, options: { oneLineObjects: boolean }): string {
  return `${lines(value, '', options.oneLineObjects)}\n`;
}

const isPlain = (value: unknown): boolean => value === null || typeof value !== 'object';

const isFlat = (value: unknown): boolean =>
  isPlain(value) || (Array.isArray(value) && value.every(isPlain)) || (typeof value === 'object' && isEmpty(value));

const isEmpty = (value: object | null): boolean => value !== null && Object.keys(value).length === 0;

function lines(value: unknown, indent: string, oneLineObjects: boolean): string {
  if (isPlain(value)) return JSON.stringify(value);
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.every(isPlain)) return `[${value.map((item) => JSON.stringify(item)).join(', ')}]`;
    const items = value.map((item) => inner + lines(item, inner, oneLineObjects));
    return `[\n${items.join(',\n')}\n${indent}]`;
  }
  const entries = Object.entries(value as Record<string, unknown>);
  if (entries.length === 0) return '{}';
  if (oneLineObjects && entries.every(([, item]) => isFlat(item))) {
    return `{ ${entries.map(([key, item]) => `${JSON.stringify(key)}: ${lines(item, inner, true)}`).join(', ')} }`;
  }
  const members = entries.map(([key, item]) => `${inner}${JSON.stringify(key)}: ${lines(item, inner, oneLineObjects)}`);
  return `{\n${members.join(',\n')}\n${indent}}`;
}
