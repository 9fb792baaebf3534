// The directories of caches, as nginx has them at its start: the last level is made, for nobody else, and one that cannot
// be had or written into is an error at its directive, in nginx's words. A check makes none.

import type { Config } from '../../model/config.ts'
import type { Diagnostic } from '../../model/diagnostic.ts'
import { originOf } from '../../model/origin.ts'
import { cannotMake, makeDirectory } from '../temporary-directories.ts'

/** A finding for each cache whose directory is not there and cannot be made, or is not ours to write into. */
export function checkCacheDirectories({ caches }: Pick<Config, 'caches'>): Diagnostic[] {
  return caches.flatMap((cache): Diagnostic[] => {
    const message = cannotMake(cache.path)
    if (message === null) return []
    return [{ severity: 'error', message, origin: originOf(cache, 'path'), hint: '' }]
  })
}

/** Makes every directory that is missing. Throws an `Error` with one line when one cannot be had. */
export function makeCacheDirectories({ caches }: Pick<Config, 'caches'>): void {
  for (const { path } of caches) {
    makeDirectory(path)
    const problem = cannotMake(path)
    if (problem !== null) throw new Error(problem)
  }
}
