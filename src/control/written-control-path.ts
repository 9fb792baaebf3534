// Where a configuration with mistakes wants its control socket. It cannot be read as a whole, but the
// process that runs has an older state of it, in which that line was most likely the same; so the
// line alone is looked for in the text.

import { dirname, isAbsolute, join } from 'node:path'

/** A directive of nginx.conf, not behind a `#`; its argument bare or in quotes. */
const DIRECTIVE =
  /^[^#\n]*?(?:^|[\s;{}])control_socket\s+(?:"([^"\n]+)"|'([^'\n]+)'|([^\s;"'#]+))\s*;/gm
/** A key of YAML at the margin. */
const KEY = /^control:[ \t]+(?:"([^"\n]+)"|'([^'\n]+)'|([^\s"'#&*!|>{[][^\s#]*))[ \t]*(?:#.*)?$/gm

/**
 * Finds the paths that texts name, in their order.
 *
 * @param texts what could be read of the configuration, by file
 * @param prefix what paths of an nginx.conf stand under; those of YAML stand beside their file
 */
export function writtenControlPaths(
  texts: ReadonlyMap<string, { readonly text: string }>,
  prefix: string,
): readonly string[] {
  const found = new Set<string>()
  const add = (base: string, [, double, single, bare]: RegExpExecArray) => {
    const path = (double ?? single ?? bare ?? '').replace(/^unix:/, '')
    if (path === 'off' || path === 'false' || path === '') return
    found.add(isAbsolute(path) ? path : join(base, path))
  }
  for (const [file, { text }] of texts) {
    for (const match of text.matchAll(DIRECTIVE)) add(prefix, match)
    for (const match of text.matchAll(KEY)) add(dirname(file), match)
  }
  return [...found]
}
