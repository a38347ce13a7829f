export const root: string;
export function buildIfStale(): string | null;
export function build(): void;
