/** Names of entries, as people type them, rules give them and the database keeps them. */

export const instanceId = (provider: string, instance: string): string => `${provider}/${instance}`;

export const offerId = (provider: string, instance: string, region: string): string =>
  `${instanceId(provider, instance)}/${region}`;
