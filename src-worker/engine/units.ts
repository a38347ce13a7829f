/**
 * The only place where units are converted. Inside the engine one unit per quantity: milliseconds, bytes, bytes per
 * second, FLOP per second, requests per second, US dollars per hour.
 */
export const BYTES_PER_GIB = 2 ** 30;
export const BYTES_PER_MIB = 2 ** 20;
export const BYTES_PER_GB = 1e9;
export const MS_PER_S = 1000;
export const SECONDS_PER_HOUR = 3600;
/** Hours a month of rent is counted with (NUMBERS: 8,760 h / 12). */
export const HOURS_PER_MONTH = 730;

export const bytesFromGib = (gib: number): number => gib * BYTES_PER_GIB;
export const gibFromBytes = (bytes: number): number => bytes / BYTES_PER_GIB;
export const bytesFromMib = (mib: number): number => mib * BYTES_PER_MIB;
export const mibFromBytes = (bytes: number): number => bytes / BYTES_PER_MIB;
export const bytesFromGb = (gb: number): number => gb * BYTES_PER_GB;
export const bytesPerSFromGbPerS = (gbPerS: number): number => gbPerS * 1e9;
export const flopPerSFromTflops = (tflops: number): number => tflops * 1e12;
export const msFromSeconds = (seconds: number): number => seconds * MS_PER_S;
export const secondsFromMs = (ms: number): number => ms / MS_PER_S;
export const msFromMicroseconds = (us: number): number => us / 1000;
export const percentFromFraction = (fraction: number): number => fraction * 100;
export const gbFromBytes = (bytes: number): number => bytes / BYTES_PER_GB;
export const gbFromGib = (gib: number): number => gbFromBytes(bytesFromGib(gib));
export const gibFromGb = (gb: number): number => gibFromBytes(bytesFromGb(gb));
export const gbPerSFromBytesPerS = (bytesPerS: number): number => bytesPerS / 1e9;
export const tflopsFromFlopPerS = (flopPerS: number): number => flopPerS / 1e12;
