// Addresses of peers and listeners.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import {
  isAddressProblem,
  parseListenAddress,
  parsePeerAddress,
} from '../../../src/config/nginx/address.ts'
import { addressText } from '../../../src/model/listener.ts'

type Row = readonly [text: string, shown: string]

function table(parse: typeof parsePeerAddress, rows: readonly Row[]): void {
  for (const [text, shown] of rows) {
    it(`reads "${text}" as ${shown}`, () => {
      const parsed = parse(text)
      assert.equal(isAddressProblem(parsed) ? parsed.problem : addressText(parsed.address), shown)
    })
  }
}

describe('parsePeerAddress', () => {
  table(parsePeerAddress, [
    ['10.0.0.1', '10.0.0.1:80'],
    ['10.0.0.1:8080', '10.0.0.1:8080'],
    ['App.Internal:81', 'app.internal:81'],
    ['a_b', 'a_b:80'],
    ['8080', '8080:80'],
    ['[::1]', '[::1]:80'],
    ['[FD00::1]:443', '[fd00::1]:443'],
    ['unix:/run/x.sock', 'unix:/run/x.sock'],
    ['unix:', 'no path in the unix domain socket'],
    [`unix:/${'x'.repeat(120)}`, 'too long path in the unix domain socket'],
    ['', 'no host'],
    [':80', 'no host'],
    ['a:', 'invalid port'],
    ['a:0', 'invalid port'],
    ['a:65536', 'invalid port'],
    ['a:http', 'invalid port'],
    ['a/b', 'invalid host'],
    ['*', 'invalid host'],
    ['10.0.0.256', 'invalid host'],
    ['[::1', 'invalid host'],
    ['[::1]x', 'invalid host'],
    ['[10.0.0.1]', 'invalid IPv6 address'],
    ['[]', 'invalid IPv6 address'],
  ])
})

describe('parseListenAddress', () => {
  table(parseListenAddress, [
    ['80', '0.0.0.0:80'],
    ['0', '0.0.0.0:0'],
    ['*:81', '0.0.0.0:81'],
    ['*', '0.0.0.0:80'],
    ['127.0.0.1', '127.0.0.1:80'],
    ['localhost:82', 'localhost:82'],
    ['[::]:83', '[::]:83'],
    ['unix:/x', 'unix:/x'],
    ['70000', 'invalid port'],
    ['a:b', 'invalid port'],
    [':80', 'no host'],
    ['a:20-10', 'invalid port range'],
    ['a:1-', 'invalid port'],
    ['80x', 'host not found'],
    ['8080s', 'host not found'],
    ['80x:80', '80x:80'],
    ['7up.example', '7up.example:80'],
  ])

  it('keeps the last port of a range', () => {
    const parsed = parseListenAddress('9000-9003')
    assert.ok(!isAddressProblem(parsed))
    assert.equal(parsed.lastPort, 9003)
  })
})
