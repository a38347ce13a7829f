/** Ids of catalogs and names of calibration profiles. */
export const ID_PATTERN = /^[a-z0-9][a-z0-9.-]*$/;
/** What such a name must be, after the name of the field. */
export const ID_RULE = 'must be lower case letters, digits, "-" and "."';

/** The calibration profile of questions that name none, as long as nobody put another in use. */
export const DEFAULT_CALIBRATION = 'default';
