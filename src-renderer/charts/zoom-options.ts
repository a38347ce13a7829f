import type { Palette } from './palette.ts';

/** What zooming looks like and does, for charts whose points are worth a closer look. */

/** A shorter drag is a click. */
const DRAG_THRESHOLD = 10;

export interface SeenRange {
  min: number;
  max: number;
}

type Scales = Record<string, SeenRange | undefined>;

/** The wheel alone scrolls the page; with Ctrl (a pinch on a touchpad sends that too) it zooms. */
export function zoomOptions(
  palette: Palette,
  least: { x: number; y: number },
  onZoom: (seen: { x: SeenRange | undefined; y: SeenRange | undefined }) => void,
) {
  return {
    limits: { x: { min: least.x }, y: { min: least.y } },
    zoom: {
      mode: 'xy' as const,
      wheel: { enabled: true, modifierKey: 'ctrl' as const, speed: 0.1 },
      drag: {
        enabled: true,
        threshold: DRAG_THRESHOLD,
        borderColor: palette.accent,
        borderWidth: 1,
        // A keyword of the system takes no alpha.
        backgroundColor: palette.isHighContrast ? 'transparent' : `${palette.accent}22`,
      },
      onZoom: ({ chart }: { chart: { scales: Scales } }) => onZoom({ x: chart.scales['x'], y: chart.scales['y'] }),
    },
  };
}
