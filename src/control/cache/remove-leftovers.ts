// Entries that were being written when their writer ended: nobody will finish them. Those of a killed process lie in a
// directory for temporary files (nginx: `use_temp_path`) or in the tree of a cache, which the loader walks; those of a
// worker that died are looked for while the others go on. Everything else is left alone.

import { type Dir, opendirSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'

import { parseEntryName } from '../../cache/store/entry-path.ts'
import type { CacheCare } from './cache-files.ts'
import { isRunOver } from './cache-run.ts'
import { walkTree } from './cache-tree.ts'

/** Removes those of one directory, a name each step. @returns how many there were */
export function* removeLeftovers(
  directory: string,
  isOver: (run: string) => boolean,
): Generator<void, number> {
  let count = 0
  let open: Dir
  try {
    open = opendirSync(directory)
  } catch {
    // Whoever writes into it says what is wrong with it.
    return 0
  }
  try {
    for (let found = open.readSync(); found !== null; found = open.readSync()) {
      const parsed = parseEntryName(found.name)
      if (parsed?.kind === 'temporary' && found.isFile() && isOver(parsed.run)) {
        unlinkSync(join(directory, found.name))
        count++
      }
      yield
    }
  } catch {
    // The same: what cannot be removed now is met again at the next start.
  } finally {
    open.closeSync()
  }
  return count
}

/** Those of earlier runs. @param own the run that asks */
export function ofEarlierRuns(own: string): (run: string) => boolean {
  return run => isRunOver(run, own)
}

/** Removes from the tree of a cache what one writer had begun, a file each step. @returns how many there were */
export function* sweepTree({ path, files }: CacheCare, writer: string): Generator<void, number> {
  let count = 0
  for (const item of walkTree(path.path, path.levels)) {
    if (item.kind === 'temporary' && item.run === writer && files.remove(item.path)) count++
    yield
  }
  return count
}
