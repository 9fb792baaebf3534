import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { parseHostsFile } from '../../src/dns/hosts-file.ts'
import { parseResolvFile, searchedNames } from '../../src/dns/resolv-file.ts'

describe('parseHostsFile', () => {
  it('finds every address of a name, in lower case, without comments', () => {
    const hosts = parseHostsFile(
      [
        '127.0.0.1\tlocalhost',
        '::1 localhost ip6-localhost # the other one',
        '# 10.0.0.9 app',
        '10.0.0.1  App app.example.',
        '10.0.0.2 app',
        '10.0.0.2 app',
        'not-an-address app',
        '10.0.0.3',
        '',
      ].join('\n'),
    )
    assert.deepEqual(Object.fromEntries(hosts), {
      localhost: ['127.0.0.1', '::1'],
      'ip6-localhost': ['::1'],
      app: ['10.0.0.1', '10.0.0.2'],
      'app.example': ['10.0.0.1'],
    })
  })
})

describe('parseResolvFile', () => {
  it('reads servers, search and ndots', () => {
    const text =
      '; made by hand\nnameserver 10.0.0.2\nnameserver fe80::1%eth0 # second\n' +
      'search Prod.Example svc.example.\noptions timeout:1 ndots:5 rotate\n'
    assert.deepEqual(parseResolvFile(text), {
      servers: [
        { host: '10.0.0.2', port: 53 },
        { host: 'fe80::1%eth0', port: 53 },
      ],
      searchDomains: ['prod.example', 'svc.example'],
      dotsMin: 5,
    })
  })

  it('asks this machine where the file says nothing, and passes over what it does not know', () => {
    for (const text of [
      '',
      'nameserver\nnameserver ns.example\nsortlist 10/8\noptions ndots:x\n',
    ]) {
      assert.deepEqual(parseResolvFile(text), {
        servers: [{ host: '127.0.0.1', port: 53 }],
        searchDomains: [],
        dotsMin: 1,
      })
    }
  })

  it('takes the last list of domains, at most 32, and at most 15 dots', () => {
    const many = Array.from({ length: 40 }, (_, n) => `d${n}.example`)
    const file = parseResolvFile(`search a.example\ndomain ${many.join(' ')}\noptions ndots:99\n`)
    assert.deepEqual(file.searchDomains, many.slice(0, 32))
    assert.equal(file.dotsMin, 15)
  })
})

describe('searchedNames', () => {
  const file = parseResolvFile('search a.example b.example\noptions ndots:2\n')
  const ROWS = [
    { name: 'app', expected: ['app.a.example', 'app.b.example', 'app'] },
    { name: 'app.ns', expected: ['app.ns.a.example', 'app.ns.b.example', 'app.ns'] },
    { name: 'a.b.C', expected: ['a.b.c', 'a.b.c.a.example', 'a.b.c.b.example'] },
    { name: 'app.', expected: ['app'] },
  ]
  for (const { name, expected } of ROWS) {
    it(`asks for ${expected.join(', then ')} when it is ${name}`, () => {
      assert.deepEqual(searchedNames(name, file), expected)
    })
  }
})
