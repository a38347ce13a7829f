/** The colors a canvas needs, read from the theme: a canvas cannot use custom properties itself. */
export interface Palette {
  series: string[];
  text: string;
  text2: string;
  text3: string;
  surface: string;
  accent: string;
  grid: string;
  axis: string;
  frontier: string;
  target: string;
  unstable: string;
  tooltip: string;
  font: string;
  /** High contrast draws faint points solid. */
  isHighContrast: boolean;
}

/** `element` decides which theme applies: custom properties are inherited. */
export function readPalette(element: Element): Palette {
  const styles = getComputedStyle(element);
  const read = (name: string): string => styles.getPropertyValue(name).trim();
  return {
    series: [1, 2, 3, 4, 5, 6, 7].map((slot) => read(`--chart-${slot}`)),
    text: read('--text'),
    text2: read('--text-2'),
    text3: read('--text-3'),
    surface: read('--surface'),
    accent: read('--accent'),
    grid: read('--chart-grid'),
    axis: read('--chart-axis'),
    frontier: read('--chart-frontier'),
    target: read('--chart-target'),
    unstable: read('--chart-unstable'),
    tooltip: read('--surface-3'),
    font: read('--font-ui'),
    isHighContrast:
      document.documentElement.dataset['contrast'] === 'more' || matchMedia('(prefers-contrast: more)').matches,
  };
}
