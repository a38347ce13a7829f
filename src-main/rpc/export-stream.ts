import { Readable } from 'node:stream';
import { EXPORT_PATH, type ExportStream } from '../services/exports.ts';

/** Opens what a page was offered (`offerExport`), once. */
export type OpenExport = (path: string) => ExportStream | null;

/** The path of an offered export in that of a request; null for any other request. */
export const exportPathIn = (pathname: string): string | null =>
  pathname.startsWith(`/${EXPORT_PATH}`) ? pathname.slice(1) : null;

/** A page saves it under its name and never shows it; nobody keeps a copy on the way. */
export const exportHeaders = ({ fileName, mediaType }: ExportStream): Record<string, string> => ({
  'Content-Type': mediaType,
  // The name has only characters that need no quoting (services/exports.ts).
  'Content-Disposition': `attachment; filename="${fileName}"`,
  'Cache-Control': 'no-store',
});

/** A piece is made when the one before has gone: memory stays flat however slow the reader is. */
export const exportBody = ({ pieces }: ExportStream): Readable =>
  Readable.from(pieces, { objectMode: false, highWaterMark: 1 });
