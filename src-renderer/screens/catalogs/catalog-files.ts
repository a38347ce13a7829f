/** What the dialog for files offers. */
export const CATALOG_FILES = '.json,.csv,application/json,text/csv';
