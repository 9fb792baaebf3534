// docs/ldirectord.md is generated from the tables: it must be up to date, and must name every directive of the manual
// page. UPDATE_SNAPSHOTS=1 rewrites it.

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'

import { DIRECTIVE_NAMES } from '../../../src/config/ldirectord/directive-table.ts'
import { ldirectordDocument } from '../../../src/config/ldirectord/directives-document.ts'

const FILE = new URL('../../../docs/ldirectord.md', import.meta.url)

/** ldirectord(8), "SYNTAX" and "Section virtual". */
const MANUAL_PAGE =
  'checktimeout negotiatetimeout checkinterval checkcount failurecount autoreload callback fallback fallbackcommand ' +
  'logfile emailalert emailalertfrom emailalertfreq emailalertstatus smtp execute supervised fork quiescent ' +
  'readdquiescent cleanstop maintenancedir real checktype service checkcommand checkport request receive httpmethod ' +
  'virtualhost login passwd database secret scheduler persistent netmask protocol monitorfile ops servicename comment ' +
  'real6 fallback6'

describe('ldirectordDocument', () => {
  it('is what docs/ldirectord.md holds', () => {
    const text = ldirectordDocument()
    if (process.env.UPDATE_SNAPSHOTS === '1') writeFileSync(FILE, text)
    assert.equal(readFileSync(FILE, 'utf8'), text)
  })

  it('names every directive once', () => {
    const text = ldirectordDocument()
    for (const name of DIRECTIVE_NAMES) {
      assert.equal(text.split(`| \`${name}=`).length, 2, name)
    }
  })
})

describe('DIRECTIVES', () => {
  for (const name of MANUAL_PAGE.split(' ')) {
    it(`has ${name}`, () => {
      const known: readonly string[] = DIRECTIVE_NAMES
      assert.ok(known.includes(name))
    })
  }
})
