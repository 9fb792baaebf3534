// Variables that are known and never have a value: a configuration with them loads, and says so, in both dialects.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { readConfigText } from '../../src/config/read.ts'
import { isBlindVariable, VARIABLES } from '../../src/model/variables.ts'

const WORLD = { prefix: '/prefix', env: {}, globals: '', hostname: 'here' }

// http://nginx.org/en/docs/http/ngx_http_core_module.html#var_tcpinfo_
const NAMES = ['tcpinfo_rcv_space', 'tcpinfo_rtt', 'tcpinfo_rttvar', 'tcpinfo_snd_cwnd']

describe('isBlindVariable', () => {
  it('names the properties of a connection that Node does not tell', () => {
    const blind = VARIABLES.map(variable => variable.name).filter(isBlindVariable)
    assert.deepEqual(blind, NAMES)
  })
})

describe('a configuration with such a variable', () => {
  for (const name of NAMES) {
    it(`loads from nginx.conf with a warning that names $${name}`, () => {
      const text = `events { }
http { log_format f '$status $${name}'; server { listen 80; return 200 $${name}; } }
`
      const { config, diagnostics } = readConfigText('nginx.conf', text, WORLD)
      assert.notEqual(config, null)
      const message = `variable "$${name}" never has a value here`
      assert.deepEqual(
        diagnostics.map(found => [found.severity, found.message]),
        [
          ['warning', message],
          ['warning', message],
        ],
      )
    })

    it(`loads from YAML with a warning that names $${name}`, () => {
      const text = `servers: [{ listen: 80, return: { status: 200, body: "$${name}" } }]\n`
      const { config, diagnostics } = readConfigText('headgate.yaml', text, WORLD)
      assert.notEqual(config, null)
      assert.deepEqual(
        diagnostics.map(found => [found.severity, found.message]),
        [['warning', `Variable "$${name}" never has a value here`]],
      )
    })
  }

  it('is refused where the name is none of them', () => {
    const text = 'events { } http { server { listen 80; return 200 $tcpinfo_rto; } }'
    const { config, diagnostics } = readConfigText('nginx.conf', text, WORLD)
    assert.equal(config, null)
    assert.match(diagnostics[0]!.message, /unknown "tcpinfo_rto" variable/)
  })
})
