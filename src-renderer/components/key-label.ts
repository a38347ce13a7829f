const NAMES: Record<string, { mac: string; other: string }> = {
  $mod: { mac: '⌘', other: 'Ctrl' },
  Shift: { mac: '⇧', other: 'Shift' },
  Alt: { mac: '⌥', other: 'Alt' },
  Control: { mac: '⌃', other: 'Ctrl' },
  Enter: { mac: '↩', other: 'Enter' },
  Escape: { mac: 'Esc', other: 'Esc' },
  ArrowUp: { mac: '↑', other: '↑' },
  ArrowDown: { mac: '↓', other: '↓' },
  ArrowLeft: { mac: '←', other: '←' },
  ArrowRight: { mac: '→', other: '→' },
  Space: { mac: 'Space', other: 'Space' },
};

const isMac = (): boolean => /mac/i.test(navigator.userAgent);

/** A shortcut in the registry's words (`$mod+Shift+z`) as it stands on keys: `Ctrl Shift Z`. */
export function keyLabel(keys: string, onMac = isMac()): string {
  return keys
    .split(' ')
    .map((press) =>
      press
        .split('+')
        .map((key) => NAMES[key]?.[onMac ? 'mac' : 'other'] ?? (key.length === 1 ? key.toUpperCase() : key))
        .join(' '),
    )
    .join(', ');
}
