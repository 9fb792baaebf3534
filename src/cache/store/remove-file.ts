// Removes the file of an entry: it leaves its place at once, so that a later one is never meant, and the disk gets rid of it
// in the thread pool, which takes long for large files.

import { systemErrorCode } from '../../base/system-error.ts'
import { entryPath, temporaryPath } from './entry-path.ts'
import { makeFileId } from './meta-update.ts'
import type { CacheDirectory } from './new-file.ts'

/** @returns what went wrong; null also when there is no file */
export function removeEntryFile(directory: CacheDirectory, hex: string): unknown {
  const { files, root, levels, run } = directory
  const path = entryPath(root, levels, hex)
  const aside = temporaryPath(path.slice(0, path.lastIndexOf('/')), hex, run, makeFileId())
  try {
    files.renameSync(path, aside)
  } catch (error) {
    const code = systemErrorCode(error)
    if (code === '') throw error // hot-path: a mistake of our own, no failed call
    return code === 'ENOENT' ? null : error
  }
  files.unlink(aside, () => {})
  return null
}
