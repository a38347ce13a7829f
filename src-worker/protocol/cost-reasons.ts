/** Why a configuration has no cost, by code, in words that fit behind a colon. */
const COST_REASONS: Record<string, string> = {
  own_hardware: 'own hardware, no price',
};

/** The words of a `cost_reason`; a code this version does not know stands for itself. */
export const costReasonWords = (code: string): string => COST_REASONS[code] ?? code;
