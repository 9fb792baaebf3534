// Where the file of an entry lies: as nginx names them (ngx_http_proxy_module, `proxy_cache_path`, levels), so that who
// knows one cache finds his way in the other. A file that is being written has its entry's name, the run of the program
// that writes it and a number of its own behind that: what a killed process left is known by its run.

import { join } from 'node:path'

const HEX_DIGITS = 32
const ENTRY_NAME = /^[0-9a-f]{32}$/
const TEMPORARY_NAME = /^([0-9a-f]{32})\.([0-9a-z]{1,32})\.([0-9a-f]{12})$/

/** What a name in a cache's directories stands for. */
export type EntryName =
  | { readonly kind: 'entry'; readonly hex: string }
  | { readonly kind: 'temporary'; readonly hex: string; readonly run: string }

/**
 * The file of an entry: `levels` take their digits from the end of the name, the first level the last ones.
 *
 * @param hex 32 digits
 */
export function entryPath(root: string, levels: readonly number[], hex: string): string {
  let path = root
  let end = HEX_DIGITS
  for (const digits of levels) {
    path += `/${hex.slice(end - digits, end)}`
    end -= digits
  }
  return `${path}/${hex}`
}

/** The directories of an entry below the root, the outermost first. */
export function levelDirectories(root: string, levels: readonly number[], hex: string): string[] {
  return levels.map((_, level) => {
    const path = entryPath(root, levels.slice(0, level + 1), hex)
    return path.slice(0, path.length - HEX_DIGITS - 1)
  })
}

/**
 * Where an entry is written before it takes its place.
 *
 * @param directory of the entry's own, or one for temporary files
 * @param id 48 bits
 */
export function temporaryPath(directory: string, hex: string, run: string, id: number): string {
  return join(directory, `${hex}.${run}.${id.toString(16).padStart(12, '0')}`)
}

/** How one thread names itself in the temporary files of a run. */
export function writerOf(run: string, thread: number): string {
  return `${run}t${thread}`
}

/** Tells what a file is by its name; null = none of ours. */
export function parseEntryName(name: string): EntryName | null {
  if (ENTRY_NAME.test(name)) return { kind: 'entry', hex: name }
  const match = TEMPORARY_NAME.exec(name)
  return match === null ? null : { kind: 'temporary', hex: match[1]!, run: match[2]! }
}
