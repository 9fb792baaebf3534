// The project's own files, for the tidy tests.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The checkout's root. */
export const ROOT = new URL('../..', import.meta.url).pathname

/** A file with its lines. */
export interface TextFile {
  /** Relative to the root, with slashes. */
  readonly path: string
  readonly text: string
  readonly lines: readonly string[]
}

/** Every file below `folder` whose name ends with one of `endings`. */
export function filesBelow(folder: string, endings: readonly string[]): TextFile[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter(name => endings.some(ending => name.endsWith(ending)) && !name.includes('node_modules'))
    .sort()
    .map(name => readText(join(folder, name)))
}

/** One file. */
export function readText(path: string): TextFile {
  const text = readFileSync(join(ROOT, path), 'utf8')
  return { path, text, lines: text.split('\n') }
}
