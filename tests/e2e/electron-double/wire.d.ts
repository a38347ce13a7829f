export function pack(value: unknown): string;
export function unpack(text: string): unknown;
