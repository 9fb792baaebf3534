// Golden cases: one file each, the input, ten dashes, what must come out. UPDATE_SNAPSHOTS=1 rewrites them.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { it } from 'node:test'

/** Separates input from output. */
export const DASHES = '----------'

/** The files of a folder of cases. */
export function caseNames(directory: URL): readonly string[] {
  return readdirSync(directory).filter(name => name.endsWith('.txt'))
}

/**
 * Makes a test of every case.
 *
 * @param run gives what comes out of an input
 * @param check what else must hold of what came out
 */
export function testCases(
  directory: URL,
  run: (input: string) => string,
  check: (actual: string, name: string) => void = () => {},
): void {
  for (const name of caseNames(directory)) {
    it(name.replace('.txt', '').replaceAll('-', ' '), () => {
      const file = new URL(name, directory)
      const text = readFileSync(file, 'utf8')
      const [input = '', expected = ''] = text.split(`${DASHES}\n`)
      const actual = run(input)
      if (process.env.UPDATE_SNAPSHOTS === '1') {
        const updated = `${input}${DASHES}\n${actual}`
        if (updated !== text) writeFileSync(file, updated)
        return
      }
      assert.equal(actual, expected)
      check(actual, name)
    })
  }
}
