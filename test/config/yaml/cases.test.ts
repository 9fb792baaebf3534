// Runs every file of test/config/cases/yaml: the reader must say exactly what stands below the
// dashes. UPDATE_SNAPSHOTS=1 rewrites them.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'

import { DASHES, runCase } from './golden.ts'

const DIRECTORY = new URL('../cases/yaml/', import.meta.url)
const isUpdate = process.env.UPDATE_SNAPSHOTS === '1'

describe('yamlReader: golden cases', () => {
  const names = readdirSync(DIRECTORY).filter(name => name.endsWith('.txt'))

  it('has its cases, half of them mistakes', () => {
    const mistakes = names.filter(name => name.startsWith('mistake-'))
    assert.ok(
      mistakes.length >= 18 && names.length - mistakes.length >= 18,
      `${names.length} cases`,
    )
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
        assert.equal(
          actual.includes(': error:'),
          name.startsWith('mistake-'),
          'the name says which',
        )
      }
    })
  }
})
