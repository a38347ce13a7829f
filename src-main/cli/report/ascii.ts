const REPLACEMENTS: Record<string, string> = {
  '×': 'x',
  '±': '+/-',
  '·': '*',
  '•': '*',
  '–': '-',
  '—': '-',
  '−': '-',
  '→': '->',
  '≥': '>=',
  '≤': '<=',
  '≈': '~',
  '≠': '!=',
  '✓': '+',
  '✗': '!',
  '⚠': '!',
  '⌈': 'ceil(',
  '⌉': ')',
  λ: 'rate',
  ρ: 'rho',
  μ: 'u',
  µ: 'u',
  '²': '^2',
  '…': '...',
  '“': '"',
  '”': '"',
  '‘': "'",
  '’': "'",
  '\u00a0': ' ',
  '\u202f': ' ',
  '\u2009': ' ',
};

// eslint-disable-next-line no-control-regex -- the range is meant: everything that is not ASCII
const BEYOND_ASCII = /[^\u0000-\u007f]/gu;

/** The same text for terminals that know ASCII only: a name for each sign we use, `?` for what others brought along. */
export function asciiText(text: string): string {
  return text.replace(BEYOND_ASCII, (sign) => REPLACEMENTS[sign] ?? '?');
}
