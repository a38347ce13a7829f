import { textOf, wrap } from './layout.ts';

export interface Check {
  name: string;
  /** `note` = works, and there is something to know. */
  status: 'ok' | 'note' | 'broken';
  detail: string;
}

const MARKS: Record<Check['status'], string> = { ok: '✓ ok    ', note: '~ note  ', broken: '✗ broken' };

/** One line per check, and a verdict. */
export function checksReport(checks: readonly Check[]): string {
  const broken = checks.filter(({ status }) => status === 'broken').length;
  return textOf([
    ...checks.flatMap(({ name, status, detail }) =>
      wrap(detail, { first: `${MARKS[status]}  ${name}: `, hanging: ' '.repeat(12) }),
    ),
    '',
    broken === 0 ? 'Everything works.' : `${broken} of ${checks.length} checks failed.`,
  ]);
}
