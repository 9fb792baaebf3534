// Entries that a killed process was writing in a directory for temporary files (nginx: `use_temp_path`): nobody will finish
// them. Everything else there is left alone.

import { type Dir, opendirSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'

import { parseEntryName } from '../../cache/store/entry-path.ts'
import { isRunOver } from './cache-run.ts'

/** Removes them, a name each step. @param run the one that asks. @returns how many there were */
export function* removeLeftovers(directory: string, run: string): Generator<void, number> {
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
      if (parsed?.kind === 'temporary' && found.isFile() && isRunOver(parsed.run, run)) {
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
