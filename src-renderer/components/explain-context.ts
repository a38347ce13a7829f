import { createContext } from 'svelte';

/** How a figure asks for its explanation. A screen that can give one sets it for everything below. */
export interface ExplainContext {
  /**
   * `metricId` is an id of the metric registry; the popover opens at `anchor`, which gets the focus back. `question` = the
   * input of the document the figure stands in, where that is not the answer the window is about.
   */
  open(metricId: string, configurationId: string, anchor: HTMLElement, question?: Record<string, unknown>): void;
}

/** Where no screen has set one, figures are plain text. */
export const [getExplainContext, setExplainContext] = createContext<ExplainContext>();
