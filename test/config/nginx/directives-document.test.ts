// docs/directives.md says what the directive table says. UPDATE_SNAPSHOTS=1 rewrites it.

import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'

import { DIRECTIVES } from '../../../src/config/nginx/directive-table.ts'
import { directivesDocument } from '../../../src/config/nginx/directives-document.ts'
import { isUnsupported } from '../../../src/config/nginx/unsupported.ts'

const FILE = new URL('../../../docs/directives.md', import.meta.url)

describe('directivesDocument', () => {
  it('is the file docs/directives.md', () => {
    const text = directivesDocument()
    if (process.env.UPDATE_SNAPSHOTS === '1') writeFileSync(FILE, text)
    assert.ok(existsSync(FILE))
    assert.equal(readFileSync(FILE, 'utf8'), text, 'run with UPDATE_SNAPSHOTS=1')
  })
})

describe('DIRECTIVES', () => {
  it('has one row for a name in a context', () => {
    const seen = new Set<string>()
    for (const row of DIRECTIVES) {
      for (const context of row.within) {
        const key = `${row.name} in ${context}`
        assert.ok(!seen.has(key), key)
        seen.add(key)
      }
    }
  })

  it('says of every directive what it does', () => {
    for (const row of DIRECTIVES) {
      assert.ok(row.doc.length > 3, row.name)
      assert.ok(row.within.length > 0, row.name)
      assert.ok(row.args[0] <= row.args[1], row.name)
      if (row.args[1] > 0) assert.notEqual(row.syntax, '', row.name)
    }
  })

  it('does not call unsupported what works', () => {
    const works = DIRECTIVES.filter(row => row.effect === 'works' && isUnsupported(row.name))
    assert.deepEqual(
      works.map(row => row.name),
      [],
    )
  })
})
