/** The little the window needs of the browser itself: preferences, downloads, the clipboard. */

/** Preferences are a convenience: where storage is refused (a private window), the default stands. */
export function readPreference(name: string): string | null {
  try {
    return localStorage.getItem(`configiq:${name}`);
  } catch (refused) {
    return ignoreRefusal(refused);
  }
}

export function writePreference(name: string, value: string): void {
  try {
    localStorage.setItem(`configiq:${name}`, value);
  } catch (refused) {
    ignoreRefusal(refused);
  }
}

/** Only what storage itself refuses may pass; anything else is our mistake. */
function ignoreRefusal(refused: unknown): null {
  if (refused instanceof DOMException) return null;
  throw refused;
}

const MEDIA_TYPES = { csv: 'text/csv;charset=utf-8', json: 'application/json' };

export function downloadText(fileName: string, text: string, kind: keyof typeof MEDIA_TYPES): void {
  downloadBlob(fileName, new Blob([text], { type: MEDIA_TYPES[kind] }));
}

/** A file that the host serves below the page's own address. */
export function downloadFrom(path: string, fileName: string): void {
  const link = document.createElement('a');
  link.href = path;
  link.download = fileName;
  link.click();
}

export function downloadBlob(fileName: string, blob: Blob): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = fileName;
  link.click();
  // The browser has taken the content once the click has been handled.
  setTimeout(() => URL.revokeObjectURL(url));
}

/** False when the clipboard is refused; the text is on screen to be copied by hand. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch (refused) {
    if (refused instanceof DOMException || refused instanceof TypeError) return false;
    throw refused;
  }
}
