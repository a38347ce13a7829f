export function findElectron(): string | null;
export function whyNoWindow(): string | null;
export function rememberedFailure(dataFolder: string): string | null;
export function fetchElectron(dataFolder: string, limitMs: number, installer?: string): Promise<string | null>;
