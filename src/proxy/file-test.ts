// What `-f`, `-d`, `-e` and `-x` of an `if` find: the disk is asked, and the request waits for it.

import { type Stats, stat } from 'node:fs' // hot-path: looking for files that a condition names

import type { FileTest } from '../model/rewrite.ts'

/** The owner may run it. */
const OWNER_EXECUTES = 0o100

/** What says only that nothing is there. */
const MISSING: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'])

/**
 * Looks at a path. `onAnswer` is called once, later; `problem` is empty, or why it could not be looked at.
 *
 * @param path latin-1, one character for each byte
 */
export function testFile(
  path: string,
  test: FileTest,
  onAnswer: (isTrue: boolean, problem: string) => void,
): void {
  // A path ends at a NUL for the system.
  const end = path.indexOf('\0')
  const name = end === -1 ? path : path.slice(0, end)
  stat(Buffer.from(name, 'latin1'), (error, stats) => {
    if (error === null) onAnswer(isTrueOf(stats, test), '')
    else onAnswer(false, MISSING.has(error.code ?? '') ? '' : (error.code ?? error.message))
  })
}

function isTrueOf(stats: Stats, test: FileTest): boolean {
  switch (test) {
    case 'file':
      return stats.isFile()
    case 'directory':
      return stats.isDirectory()
    case 'exists':
      return stats.isFile() || stats.isDirectory()
    case 'executable':
      return (stats.mode & OWNER_EXECUTES) !== 0
  }
}
