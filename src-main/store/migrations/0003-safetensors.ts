/** What the safetensors files beside a config say of themselves, as JSON; models of earlier versions have none. */
export const safetensors = `
ALTER TABLE model_config ADD COLUMN safetensors TEXT;
`;
