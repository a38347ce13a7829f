import { readFileSync } from 'node:fs';
import type { CalibrationProfile } from '../../../src-worker/engine/calibration/types.ts';

/** study-profile.json holds the constants as the study prints them. */
interface StoredProfile extends Omit<CalibrationProfile, 'constants'> {
  constants: Record<string, number>;
}
const stored = JSON.parse(readFileSync(new URL('study-profile.json', import.meta.url), 'utf8')) as StoredProfile;
/** The constants of the study (FIDELITY.md section 2), which no refit of the bundled profile changes. */
export const STUDY: CalibrationProfile = {
  ...stored,
  constants: Object.fromEntries(
    Object.entries(stored.constants).map(([name, value]) => [name, { value, unit: '', range: null, meaning: '' }]),
  ),
};
