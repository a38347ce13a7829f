/**
 * Calls `look` at once, then every `everyMs` and whenever the window gets the focus back, but not while nobody can see it.
 * Returns how to end it.
 */
export function whileShown(everyMs: number, look: () => void): () => void {
  const lookIfShown = (): void => {
    if (document.visibilityState !== 'hidden') look();
  };
  const timer = setInterval(lookIfShown, everyMs);
  window.addEventListener('focus', lookIfShown);
  document.addEventListener('visibilitychange', lookIfShown);
  lookIfShown();
  return () => {
    clearInterval(timer);
    window.removeEventListener('focus', lookIfShown);
    document.removeEventListener('visibilitychange', lookIfShown);
  };
}
