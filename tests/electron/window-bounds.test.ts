import { describe, expect, it } from 'vitest';
import { boundsText, DEFAULT_BOUNDS, readBounds } from '../../src-main/electron/window-bounds.ts';

const SCREEN = { x: 0, y: 25, width: 1920, height: 1055 };
const RIGHT = { x: 1920, y: 0, width: 1920, height: 1080 };
const kept = { x: 2000, y: 100, width: 1400, height: 900, isMaximized: false };

describe('the place of the window', () => {
  it('comes back as it was kept, while its screen is there', () => {
    expect(readBounds(boundsText(kept), [SCREEN, RIGHT])).toEqual({
      place: { x: 2000, y: 100 },
      width: 1400,
      height: 900,
      isMaximized: false,
    });
  });

  it('is left to the system where its screen is gone; the size stays', () => {
    expect(readBounds(boundsText(kept), [SCREEN])).toEqual({
      place: null,
      width: 1400,
      height: 900,
      isMaximized: false,
    });
  });

  it.each([
    ['its title above the screen', { ...kept, x: 100, y: 0 }],
    ['a sliver at the right edge', { ...kept, x: 1850, y: 100 }],
    ['below the screen', { ...kept, x: 100, y: 1060 }],
  ])('is left to the system with %s', (_, bounds) => {
    expect(readBounds(boundsText(bounds), [SCREEN]).place).toBeNull();
  });

  it('is never smaller than the page can be shown', () => {
    const small = { ...kept, x: 100, width: 300, height: 200 };
    expect(readBounds(boundsText(small), [SCREEN])).toMatchObject({ width: 1024, height: 700 });
  });

  it.each([null, '', '{"x":1', '[]', '{"x":"left","y":0,"width":1,"height":1,"isMaximized":false}'])(
    'begins anew where it cannot be read: %s',
    (text) => {
      expect(readBounds(text, [SCREEN])).toEqual(DEFAULT_BOUNDS);
    },
  );
});
