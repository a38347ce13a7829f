/** Share of zero bytes from which a text is taken for UTF-16: half of it is zeros where it is English, one stray byte is not. */
const UTF16_SHARE = 0.25;

/** Zero bytes in what was read as UTF-8: many are those of UTF-16, a few are damage; null = none. */
export function zeroBytes(text: string): 'utf16' | 'some' | null {
  const zeros = text.split('\0').length - 1;
  if (zeros === 0) return null;
  return zeros >= UTF16_SHARE * text.length ? 'utf16' : 'some';
}
