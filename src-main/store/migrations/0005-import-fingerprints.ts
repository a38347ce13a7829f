/** What tells a file that is imported again, and how many of its rows were passed over. Earlier imports know neither. */
export const importFingerprints = `
ALTER TABLE catalog_import ADD COLUMN skipped INTEGER NOT NULL DEFAULT 0;
ALTER TABLE catalog_import ADD COLUMN fingerprint TEXT NOT NULL DEFAULT '';
`;
