// Which configuration file is meant, and what its relative paths stand under. As in an nginx that was built without a
// prefix, that is the current directory unless `-p` says otherwise.

import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** The places that are looked at without `-c`, first to last. */
export function defaultConfigPaths(prefix: string): readonly string[] {
  return [
    '/etc/headgate/headgate.yaml',
    '/etc/headgate/nginx.conf',
    join(prefix, 'conf/nginx.conf'),
  ]
}

/** The absolute prefix: `-p`, or the current directory. */
export function prefixOf(cwd: string, prefix: string | null): string {
  return resolve(cwd, prefix ?? '.')
}

/**
 * The configuration file: `path` under `base`, or the first default that exists.
 *
 * @param base what a relative `path` stands under: the prefix for nginx's flags, the current directory for commands
 * @returns the path, or one line that names every place that was looked at
 */
export function findConfig(
  path: string | null,
  base: string,
  prefix: string,
  exists: (path: string) => boolean = existsSync,
): { readonly path: string } | { readonly problem: string } {
  if (path !== null) return { path: resolve(base, path) }
  const tried = defaultConfigPaths(prefix)
  const found = tried.find(exists)
  if (found !== undefined) return { path: found }
  return { problem: `no configuration: no -c, and none of ${tried.join(', ')} exists` }
}
