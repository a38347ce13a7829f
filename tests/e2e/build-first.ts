import { buildIfStale } from '../../scripts/build.mjs';

/** End-to-end tests run what is in out/, so it must be what is in the sources. */
export default function buildFirst(): void {
  buildIfStale();
}
