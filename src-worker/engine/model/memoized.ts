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
