/** `build`, remembering what it gave for each key: equal layers become one object. */
export function memoized<Key, Value>(build: (key: Key) => Value): (key: Key) => Value {
  const known = new Map<Key, Value>();
  return (key) => {
    const found = known.get(key);
    if (found !== undefined) return found;
    const value = build(key);
    known.set(key, value);
    return value;
  };
}

/**
 * What was built for an owner (a model, mostly) under a key, kept as long as the owner is: dozens of plans of one question ask the
 * same of their model.
 */
export function keptFor<Owner extends object, Value>(): (owner: Owner, key: string, build: () => Value) => Value {
  const owners = new WeakMap<Owner, Map<string, Value>>();
  return (owner, key, build) => {
    const known = owners.get(owner) ?? new Map<string, Value>();
    owners.set(owner, known);
    const found = known.get(key);
    if (found !== undefined) return found;
    const value = build();
    known.set(key, value);
    return value;
  };
}
