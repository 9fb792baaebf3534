// Which server answers to a Host (http://nginx.org/en/docs/http/server_names.html).

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ServerName } from '../../src/model/route.ts'
import type { ServerRuntime } from '../../src/proxy/runtime.ts'
import { ServerTable } from '../../src/proxy/server-table.ts'

function server(name: string, ...names: readonly ServerName[]): ServerRuntime {
  // What the table looks at: the names.
  return { config: { name, names } } as unknown as ServerRuntime
}

const exact = (name: string): ServerName => ({ kind: 'exact', name })
const suffix = (name: string, isApexToo = false): ServerName => ({
  kind: 'suffix',
  name,
  isApexToo,
})
const prefix = (name: string): ServerName => ({ kind: 'prefix', name })
const regex = (pattern: string): ServerName => ({
  kind: 'regex',
  pattern,
  isCaseInsensitive: false,
})

const DEFAULT = server('default')
const TABLE = new ServerTable(DEFAULT, [
  DEFAULT,
  server('exact', exact('www.example.com')),
  server('again', exact('www.example.com')),
  server('star', suffix('.example.com')),
  server('longer star', suffix('.sub.example.com')),
  server('apex', suffix('.example.net', true)),
  server('end', prefix('www.example.')),
  server('longer end', prefix('www.example.co.')),
  server('regex', regex('^(?<user>\\w+)\\.users\\.test$')),
  server('second regex', regex('\\.test$')),
  server('nameless', exact('')),
])

describe('ServerTable', () => {
  const rows: readonly (readonly [host: string, name: string])[] = [
    ['www.example.com', 'exact'],
    ['other.example.com', 'star'],
    ['a.b.example.com', 'star'],
    ['a.sub.example.com', 'longer star'],
    ['sub.example.com', 'star'],
    ['example.com', 'default'],
    ['xexample.com', 'default'],
    ['example.net', 'apex'],
    ['a.example.net', 'apex'],
    ['www.example.org', 'end'],
    ['www.example.co.uk', 'longer end'],
    ['www.example', 'default'],
    ['bob.users.test', 'regex'],
    ['a.test', 'second regex'],
    ['', 'nameless'],
    ['127.0.0.1', 'default'],
    ['[::1]', 'default'],
  ]
  for (const [host, name] of rows) {
    it(`gives "${host}" to ${name}`, () => {
      assert.equal(TABLE.find(host).server.config.name, name)
    })
  }

  it('gives the captures of a regex, and none otherwise', () => {
    assert.equal(TABLE.find('bob.users.test').captures!.groups!.user, 'bob')
    assert.equal(TABLE.find('www.example.com').captures, null)
  })
})
