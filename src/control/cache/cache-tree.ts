// What lies in a cache's directory: entries under as many levels as the configuration says, named by 32 hexadecimal digits
// whose last ones name the directories, and temporary files beside them. Whatever has another name is somebody else's.

import { type Dir, opendirSync } from 'node:fs'
import { resolve } from 'node:path'

import { entryPath, parseEntryName } from '../../cache/store/entry-path.ts'

/** Something that was come by, in no order. */
export type TreeItem =
  | { readonly kind: 'entry'; readonly path: string; readonly hex: string }
  /** The name of an entry at a place where no one looks for it: the levels were others once. */
  | { readonly kind: 'misplaced'; readonly path: string }
  /** Begun by that run of a program. */
  | { readonly kind: 'temporary'; readonly path: string; readonly run: string }
  | { readonly kind: 'foreign'; readonly path: string }
  | { readonly kind: 'unreadable'; readonly path: string; readonly error: unknown }

/** A directory of any levels that there may be: what other ones left behind is found too. */
const LEVEL_NAME = /^[0-9a-f]{1,2}$/
const LEVELS_MAX = 3
/** Names that one call gets from the system. */
const NAMES_AT_ONCE = 256

/** Walks a tree; what changes in it meanwhile may be met or not. Never throws. */
export function* walkTree(root: string, levels: readonly number[]): Generator<TreeItem, void> {
  // From here on paths are put together by hand: there is one for each file.
  const top = resolve(root)
  yield* walk(top, 0, hex => entryPath(top, levels, hex))
}

function* walk(
  directory: string,
  depth: number,
  placeOf: (hex: string) => string,
): Generator<TreeItem, void> {
  let open: Dir
  try {
    open = opendirSync(directory, { bufferSize: NAMES_AT_ONCE })
  } catch (error) {
    yield { kind: 'unreadable', path: directory, error }
    return
  }
  try {
    for (;;) {
      const found = open.readSync()
      if (found === null) return
      const path = `${directory}/${found.name}`
      if (!found.isDirectory()) yield itemOf(path, found.isFile() ? found.name : '', placeOf)
      else if (depth < LEVELS_MAX && LEVEL_NAME.test(found.name)) {
        yield* walk(path, depth + 1, placeOf)
      }
    }
  } catch (error) {
    yield { kind: 'unreadable', path: directory, error }
  } finally {
    open.closeSync()
  }
}

/** @param name empty = it is no plain file */
function itemOf(path: string, name: string, placeOf: (hex: string) => string): TreeItem {
  const parsed = parseEntryName(name)
  if (parsed === null) return { kind: 'foreign', path }
  if (parsed.kind === 'temporary') return { kind: 'temporary', path, run: parsed.run }
  const { hex } = parsed
  return placeOf(hex) === path ? { kind: 'entry', path, hex } : { kind: 'misplaced', path }
}
