// `return` with a status that nginx sends and that HTTP does not have (RFC 9110 §15).

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { checkConfig } from '../../src/model/check.ts'
import type { Config } from '../../src/model/config.ts'
import { DEFAULT_LOG_FORMATS } from '../../src/model/defaults.ts'
import type { Origin } from '../../src/model/origin.ts'
import { sampleConfig } from '../harness/sample-config.ts'

const at = (line: number): Origin => ({ file: 'a.conf', line, column: 1, endColumn: 2 })

function withReturn(status: number): Config {
  const config = sampleConfig()
  const returns = { status, text: null, origin: at(9) }
  const servers = [{ ...config.servers[0]!, returns }]
  return { ...config, servers, logFormats: DEFAULT_LOG_FORMATS }
}

const findings = (config: Config) =>
  checkConfig(config).map(({ severity, message, origin }) => [severity, message, origin.line])

describe('checkConfig', () => {
  for (const status of [200, 404, 444, 599]) {
    it(`takes the status ${status} to return`, () => {
      assert.deepEqual(findings(withReturn(status)), [])
    })
  }

  it('warns of a status that HTTP does not have, which nginx sends', () => {
    const message = 'Status 999 is none of HTTP: clients take it for an error 500'
    assert.deepEqual(findings(withReturn(999)), [['warning', message, 9]])
  })
})
