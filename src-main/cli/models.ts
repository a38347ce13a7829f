import type { AppService } from '../services/app-service.ts';
import { unwrap } from './errors.ts';

/** The id to ask questions with, for an id, an alias, or the path of a config.json or of its folder. */
export async function modelIdOf(service: AppService, nameOrPath: string): Promise<string> {
  return unwrap(await service.useModel(nameOrPath));
}
