import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { canonicalName, hostNameProblem, serviceName } from '../../src/dns/host-name.ts'

const LONG_LABEL = 'a'.repeat(63)
const LONG_NAME = `${LONG_LABEL}.${LONG_LABEL}.${LONG_LABEL}.${'a'.repeat(61)}`

describe('hostNameProblem', () => {
  const GOOD = [
    'a',
    'app.example',
    'APP.example.',
    '_http._tcp.app_1',
    'xn--bcher-kva.example',
    '1.2',
  ]
  for (const name of [...GOOD, LONG_NAME, `${LONG_NAME}.`]) {
    it(`has nothing against ${name.slice(0, 30)}`, () => {
      assert.equal(hostNameProblem(name), '')
    })
  }

  const BAD = [
    { name: '', problem: 'the name is empty' },
    { name: '.', problem: 'the name is empty' },
    { name: 'a..b', problem: 'a label is empty' },
    { name: '.a', problem: 'a label is empty' },
    { name: 'a..', problem: 'a label is empty' },
    { name: `a${LONG_LABEL}`, problem: 'a label has 64 characters, and 63 is the limit' },
    { name: `a${LONG_NAME}`, problem: 'the name has 254 characters, and 253 is the limit' },
    { name: 'a*b', problem: 'the label "a*b" has other characters than a-z, 0-9, - and _' },
    {
      name: 'büro.example',
      problem: 'only ASCII is asked for: write an international name as xn--…',
    },
    { name: 'a\u0000b', problem: 'only ASCII is asked for: write an international name as xn--…' },
  ]
  for (const { name, problem } of BAD) {
    it(`says of ${JSON.stringify(name.slice(0, 20))}: ${problem}`, () => {
      assert.equal(hostNameProblem(name), problem)
    })
  }
})

describe('canonicalName', () => {
  it('is in lower case, without the dot at the end', () => {
    assert.equal(canonicalName('APP.Example.'), 'app.example')
    assert.equal(canonicalName('app.example'), 'app.example')
  })
})

describe('serviceName', () => {
  it('puts a plain service into the form of RFC 2782, and one with a dot as it is', () => {
    assert.equal(serviceName('http', 'app.example'), '_http._tcp.app.example')
    assert.equal(serviceName('_http._udp', 'app.example'), '_http._udp.app.example')
    assert.equal(serviceName('server1.web', 'app.example'), 'server1.web.app.example')
  })
})
