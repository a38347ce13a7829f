/** Of each name the profile that was removed or replaced last, to be put back. */
export const earlierProfiles = `
CREATE TABLE earlier_calibration_profile (
  name TEXT PRIMARY KEY,
  document TEXT NOT NULL,
  left_out TEXT NOT NULL,
  created_at TEXT NOT NULL,
  in_use INTEGER NOT NULL DEFAULT 0
) STRICT;
`;
