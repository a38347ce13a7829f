/** Of each batch how many points it holds and how many rows pass, so that a sweep that was cut short can go on where it was. */
export const chunkPoints = `
ALTER TABLE run_chunk ADD COLUMN points INTEGER;
ALTER TABLE run_chunk ADD COLUMN passing INTEGER;
`;
