// Runs every file of test/config/cases/nginx: the reader must say exactly what stands below the
// dashes. UPDATE_SNAPSHOTS=1 rewrites them.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'

import { DASHES, runCase } from './golden.ts'

const DIRECTORY = new URL('../cases/nginx/', import.meta.url)
const isUpdate = process.env.UPDATE_SNAPSHOTS === '1'

describe('nginxReader: golden cases', () => {
  const names = readdirSync(DIRECTORY).filter(name => name.endsWith('.txt'))

  it('finds its cases', () => {
    assert.ok(names.length >= 40, `only ${names.length} cases`)
  })

  for (const name of names) {
    it(name.replace('.txt', '').replaceAll('-', ' '), () => {
      const file = new URL(name, DIRECTORY)
      const text = readFileSync(file, 'utf8')
      const [input = '', expected = ''] = text.split(`${DASHES}\n`)
      const actual = runCase(input)
      if (isUpdate) {
        const updated = `${input}${DASHES}\n${actual}`
        if (updated !== text) writeFileSync(file, updated)
      } else {
        assert.equal(actual, expected)
      }
    })
  }
})
