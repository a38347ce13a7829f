/** Where pasted text is typed text, as anywhere else. */
const FIELDS = 'input, textarea, select, [contenteditable], [role=dialog]';

/**
 * A pasted file, or a text that is meant as one: JSON, or lines with commas. null where it is neither, or where somebody
 * pastes into a field.
 */
export function pastedText({ target, clipboardData }: ClipboardEvent): string | FileList | null {
  if ((target instanceof Element && target.closest(FIELDS)) || clipboardData === null) return null;
  if (clipboardData.files.length > 0) return clipboardData.files;
  const text = clipboardData.getData('text/plain');
  const isJson = /^\s*[{[]/.test(text);
  const [head = '', ...rest] = text.trim().split('\n');
  const isTable = head.includes(',') && rest.length > 0;
  return isJson || isTable ? text : null;
}
