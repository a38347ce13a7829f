/**
 * Index of the next point in the direction of an arrow key: along x, or along y for up and down. -1 = none yet.
 * `points` are sorted by x.
 */
export function neighborOn(points: readonly { x: number; y: number }[], index: number, key: string): number | null {
  const last = points.length - 1;
  if (last < 0) return null;
  if (key === 'Home') return 0;
  if (key === 'End') return last;
  if (!key.startsWith('Arrow')) return null;
  if (index < 0) return 0;
  if (key === 'ArrowRight') return Math.min(last, index + 1);
  if (key === 'ArrowLeft') return Math.max(0, index - 1);
  const byY = points.map((_, at) => at).sort((a, b) => (points[a]?.y ?? 0) - (points[b]?.y ?? 0) || a - b);
  const place = byY.indexOf(index) + (key === 'ArrowUp' ? 1 : -1);
  return byY[Math.min(last, Math.max(0, place))] ?? null;
}
