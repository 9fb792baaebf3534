// Reads one configuration file from disk. Whatever may be wrong with it (not there, a directory,
// not ours to read, not text, too large) comes back as a sentence for a diagnostic, never as a
// throw.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

import { LIMITS } from '../model/limits.ts'
import { makeSource, type Source } from './source.ts'

/** Why a file was not read. */
export interface FileProblem {
  readonly problem: string
  readonly hint: string
}

/** Reads the file `path`; the source carries `file` as its name. */
export function readSourceFile(path: string, file: string = path): Source | FileProblem {
  let bytes: Buffer
  try {
    const descriptor = openSync(path, 'r')
    try {
      const stat = fstatSync(descriptor)
      const found = wrongKind(file, stat.isDirectory(), stat.isFile(), stat.size)
      if (found !== null) return found
      bytes = readBounded(descriptor)
    } finally {
      closeSync(descriptor)
    }
  } catch (error) {
    return problemOf(file, error)
  }
  if (bytes.length > LIMITS.configFileBytesMax) return tooLarge(file)
  if (bytes.includes(0)) {
    return { problem: `"${file}" is not a text file`, hint: 'it holds bytes of value zero' }
  }
  return makeSource(file, bytes.toString('utf8'))
}

/** Narrows the result of `readSourceFile`. */
export function isFileProblem(result: Source | FileProblem): result is FileProblem {
  return 'problem' in result
}

/** Reads to the end, or a little past the limit: a device may have no end. */
function readBounded(descriptor: number): Buffer {
  const chunks: Buffer[] = []
  for (let total = 0; total <= LIMITS.configFileBytesMax; ) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
    const count = readSync(descriptor, chunk)
    if (count === 0) break
    chunks.push(chunk.subarray(0, count))
    total += count
  }
  return Buffer.concat(chunks)
}

const CHUNK_BYTES = 64 * 1024

function wrongKind(
  file: string,
  isDirectory: boolean,
  isFile: boolean,
  size: number,
): FileProblem | null {
  if (isDirectory) {
    return { problem: `"${file}" is a directory`, hint: 'name the file inside it' }
  }
  if (isFile && size > LIMITS.configFileBytesMax) return tooLarge(file)
  return null
}

function tooLarge(file: string): FileProblem {
  return {
    problem: `"${file}" is too large: at most ${LIMITS.configFileBytesMax} bytes are read`,
    hint: 'is it a configuration?',
  }
}

function problemOf(file: string, error: unknown): FileProblem {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
  const [problem, hint] = PROBLEMS[code] ?? [`Cannot open "${file}": ${code}`, '']
  return { problem: problem.replace('FILE', () => file), hint }
}

const PROBLEMS: Readonly<Record<string, readonly [problem: string, hint: string]>> = {
  ENOENT: ['Cannot open "FILE": no such file', ''],
  ENOTDIR: ['Cannot open "FILE": a part of its path is not a directory', ''],
  EISDIR: ['"FILE" is a directory', 'name the file inside it'],
  EACCES: ['Cannot open "FILE": permission denied', 'the user of this process may not read it'],
  EPERM: ['Cannot open "FILE": permission denied', 'the user of this process may not read it'],
  ELOOP: ['Cannot open "FILE": its links go in a circle', ''],
  ENAMETOOLONG: ['Cannot open "FILE": the name is too long', ''],
}
