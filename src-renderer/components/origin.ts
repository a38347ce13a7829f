/** Where the value in force of a field came from. */
export type Origin = 'default' | 'preset' | 'file' | 'catalog' | 'yours';
