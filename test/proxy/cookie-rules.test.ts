// Cookies of peers under `proxy_cookie_domain`, `proxy_cookie_path` and `proxy_cookie_flags`, without a socket; beside a
// running nginx they stand in test/system/peer-words-beside-nginx.test.ts.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { defaultSettings } from '../../src/model/defaults.ts'
import type { ProxySettings } from '../../src/model/proxy-settings.ts'
import { literal } from '../../src/model/template.ts'
import { compileCookies } from '../../src/proxy/cookie-rules.ts'
import { compileTemplate } from '../../src/proxy/variables.ts'
import { makeExchange } from './exchange-fixture.ts'

type Rules = Partial<Pick<ProxySettings, 'cookieDomains' | 'cookiePaths' | 'cookieFlags'>>

const { proxy: PLAIN } = defaultSettings('nginx/1.30', '/')

function rewrite(rules: Rules, cookie: string, target = '/'): string {
  const compiled = compileCookies({ ...PLAIN, ...rules }, compileTemplate)
  const exchange = makeExchange([`GET ${target} HTTP/1.1`, 'Host: a'])
  return compiled === null ? assert.fail('no rules') : compiled(exchange, cookie)
}

const exact = (from: string, to: string) =>
  ({ kind: 'exact', from: literal(from), to: literal(to) }) as const
const prefix = (from: string, to: string) =>
  ({ kind: 'prefix', from: literal(from), to: literal(to) }) as const
const flags = (name: string, ...words: readonly string[]) => ({
  cookie: { kind: 'name', name: literal(name) } as const,
  flags: words.map(literal),
})

describe('compileCookies', () => {
  it('makes nothing of no rules', () => {
    assert.equal(compileCookies(PLAIN, compileTemplate), null)
  })

  const DOMAINS = { cookieDomains: [exact('one.test', 'two.test'), exact('b', 'c')] }
  for (const [name, cookie, expected] of [
    ['replaces a whole domain', 'a=b; Domain=one.test; Path=/', 'a=b; Domain=two.test; Path=/'],
    ['whatever its case', 'a=b; DOMAIN=ONE.test', 'a=b; DOMAIN=two.test'],
    ['and keeps the dot before it', 'a=b; Domain=.one.test', 'a=b; Domain=.two.test'],
    ['not a part of one', 'a=b; Domain=www.one.test', 'a=b; Domain=www.one.test'],
    ['by the rule that fits', 'a=b; Domain=b', 'a=b; Domain=c'],
    ['leaves a cookie without a value', 'a; Domain=one.test', 'a; Domain=one.test'],
    ['leaves other attributes as they are', 'a=b;Path=one.test', 'a=b;Path=one.test'],
    ['tidies only what it changes', 'a = b ;Domain = one.test', 'a=b; Domain=two.test'],
  ] as const) {
    it(`${name}: ${cookie}`, () => assert.equal(rewrite(DOMAINS, cookie), expected))
  }

  const PATHS = {
    cookiePaths: [
      prefix('/two/', '/'),
      {
        kind: 'regex',
        pattern: '^/re/(.*)$',
        isCaseInsensitive: true,
        to: ['/', { variable: '1' }, '?', { variable: 'arg_x' }],
      } as const,
    ],
  }
  for (const [name, cookie, expected] of [
    ['replaces the beginning of a path', 'a=b; Path=/two/x', 'a=b; Path=/x'],
    ['in its own case only', 'a=b; Path=/TWO/x', 'a=b; Path=/TWO/x'],
    ['or all of it by a regex', 'a=b; path=/RE/x', 'a=b; path=/x?y'],
  ] as const) {
    it(`${name}: ${cookie}`, () => assert.equal(rewrite(PATHS, cookie, '/?x=y'), expected))
  }

  for (const [cookie, expected, ...words] of [
    ['s=1', 's=1; Secure; HttpOnly; SameSite=Lax', 'samesite=lax', 'httponly', 'secure'],
    ['s=1; secure', 's=1; secure', 'secure'],
    ['s=1; Secure; HttpOnly; SameSite=None', 's=1', 'nosecure', 'nohttponly', 'nosamesite'],
    ['s=1; Secure; Secure', 's=1', 'nosecure'],
    ['s=1; samesite=lax', 's=1; SameSite=Strict', 'samesite=strict'],
    ['s=1; samesite=STRICT', 's=1; samesite=STRICT', 'samesite=strict'],
    ['S=1', 'S=1; Secure', 'SECURE'],
    ['s=1;Path=/', 's=1;Path=/', 'rubbish'],
    ['s=1;Path=/', 's=1;Path=/'],
    ['other=1;Path=/', 'other=1;Path=/', 'secure'],
    ['s=1', 's=1; Secure', 'secure', 'nosecure'],
  ] as const) {
    it(`flags [${words.join(' ')}] make ${cookie} into ${expected}`, () =>
      assert.equal(rewrite({ cookieFlags: [flags('s', ...words)] }, cookie), expected))
  }

  it('lets the first rule hold that names the cookie', () => {
    const rules = {
      cookieFlags: [
        { cookie: { kind: 'regex', pattern: '^s' } as const, flags: [literal('httponly')] },
        flags('session', 'secure'),
      ],
    }
    assert.equal(rewrite(rules, 'SESSION=1'), 'SESSION=1; HttpOnly')
  })

  it('lets no variable break the line', () => {
    const rules = {
      cookiePaths: [{ kind: 'prefix', from: literal('/'), to: [{ variable: 'uri' }] } as const],
    }
    assert.equal(
      rewrite(rules, 'a=b; Path=/', '/x%0d%0aSet-Cookie:%20c'),
      'a=b; Path=/x%0D%0ASet-Cookie: c',
    )
  })
})
