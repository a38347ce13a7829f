import { amountHelp } from '../../format/parse.ts';
import { AMOUNT_RULES, type AmountField, type FormValues } from '../../state/form-reading.ts';

/** The line below fields that share a row: about the first that cannot be read, else what was understood of each. */
export function amountsHelp({ texts }: FormValues, fields: AmountField[]): { help: string; isHelpBad: boolean } {
  const helps = fields.map((field) => ({ field, ...amountHelp(texts[field], AMOUNT_RULES[field]) }));
  const bad = helps.find(({ isBad }) => isBad);
  if (bad) return { help: bad.help, isHelpBad: true };
  const understood = helps.filter(({ help }) => help !== '');
  // Two echoes in one line need their names.
  const words = understood.map(({ field, help }) =>
    understood.length === 1 ? help : `${AMOUNT_RULES[field].label} ${help}`,
  );
  return { help: words.join(' '), isHelpBad: false };
}
