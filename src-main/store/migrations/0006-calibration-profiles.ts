/** Profiles that were fitted here, and which of them questions are answered with where they name none. */
export const calibrationProfiles = `
CREATE TABLE calibration_profile (
  name TEXT PRIMARY KEY,
  document TEXT NOT NULL,
  left_out TEXT NOT NULL,
  created_at TEXT NOT NULL,
  in_use INTEGER NOT NULL DEFAULT 0
) STRICT;
`;
