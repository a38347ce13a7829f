/** Sections of the form that open and close. */
export type SizeSection = 'model' | 'workload' | 'hardware' | 'policy' | 'advanced';

const KEY = 'size.folds';
const CLOSED_AT_FIRST: readonly SizeSection[] = ['advanced'];

/** What was opened and closed by hand. It is kept with the draft, so it may be anything. */
function stored(view: Record<string, unknown>): Partial<Record<SizeSection, unknown>> {
  const folds = view[KEY];
  return typeof folds === 'object' && folds !== null ? folds : {};
}

export function isUnfolded(view: Record<string, unknown>, section: SizeSection): boolean {
  const isOpen = stored(view)[section];
  return typeof isOpen === 'boolean' ? isOpen : !CLOSED_AT_FIRST.includes(section);
}

/** A section that stands so already leaves `view` as it is. */
export function fold(view: Record<string, unknown>, section: SizeSection, isOpen: boolean): void {
  if (isUnfolded(view, section) !== isOpen) view[KEY] = { ...stored(view), [section]: isOpen };
}
