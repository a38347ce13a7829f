import type { LayeredCatalog } from '../layers.ts';

/** The provider of our catalogs that a person means by an id or a name, letter case aside; else a new one. */
export function providerOf(given: string, { providers }: LayeredCatalog): { id: string; name: string | null } {
  const wanted = given.trim().toLowerCase();
  const known = providers.find(({ id, name }) => id.toLowerCase() === wanted || name.toLowerCase() === wanted);
  if (known) return { id: known.id, name: null };
  const id = wanted.replaceAll(/[^a-z0-9.-]+/g, '-').replaceAll(/^[-.]+|[-.]+$/g, '');
  return { id: id || 'provider', name: given.trim() };
}
