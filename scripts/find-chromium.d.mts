export interface FoundChromium {
  path: string;
  origin: string;
}
export function findChromium(): FoundChromium | null;
export function ensureChromium(say: (line: string) => void): string;
