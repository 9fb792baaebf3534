// `proxy_redirect` (http://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_redirect).

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { RedirectRule } from '../../src/model/proxy-settings.ts'
import { literal } from '../../src/model/template.ts'
import { compileRedirects, defaultRedirects } from '../../src/proxy/redirect-rules.ts'
import { compileTemplate } from '../../src/proxy/variables.ts'
import { makeExchange } from './exchange-fixture.ts'

const EXCHANGE = makeExchange(['GET / HTTP/1.1', 'Host: site.example'])

function rewrite(rules: readonly RedirectRule[], value: string): string {
  const compiled = compileRedirects(rules, compileTemplate)
  return compiled === null ? value : compiled(EXCHANGE, value)
}

const prefix = (from: string, to: string): RedirectRule => ({
  kind: 'prefix',
  from: literal(from),
  to: literal(to),
})

describe('compileRedirects', () => {
  it('makes nothing of no rules', () => {
    assert.equal(compileRedirects([], compileTemplate), null)
  })

  it('replaces a prefix and keeps the rest', () => {
    const rules = [prefix('http://peer:8080/two/', 'http://front/one/')]
    assert.equal(rewrite(rules, 'http://peer:8080/two/some?x=y'), 'http://front/one/some?x=y')
    assert.equal(rewrite(rules, 'http://peer:8080/other/'), 'http://peer:8080/other/')
    assert.equal(rewrite(rules, 'x http://peer:8080/two/'), 'x http://peer:8080/two/')
  })

  it('applies the first rule that matches, and only that', () => {
    const rules = [prefix('/a', '/b'), prefix('/b', '/c'), prefix('/a/x', '/never')]
    assert.equal(rewrite(rules, '/a/x'), '/b/x')
  })

  it('expands variables on both sides', () => {
    const rules: RedirectRule[] = [
      {
        kind: 'prefix',
        from: ['http://', { variable: 'host' }, '/'],
        to: ['https://', { variable: 'host' }, '/'],
      },
    ]
    assert.equal(rewrite(rules, 'http://site.example/a'), 'https://site.example/a')
  })

  it('replaces the whole value by what a regex makes of its captures', () => {
    const regex: RedirectRule = {
      kind: 'regex',
      pattern: '^http://([^:/]+):8080(?<path>/.*)$',
      isCaseInsensitive: true,
      to: ['http://', { variable: '1' }, { variable: 'path' }],
    }
    assert.equal(rewrite([regex], 'HTTP://peer:8080/a'), 'http://peer/a')
    assert.equal(rewrite([regex], 'http://peer/a'), 'http://peer/a')
  })
})

describe('defaultRedirects', () => {
  const rows: readonly (readonly [string, boolean, string, string, string])[] = [
    // location /one/ { proxy_pass http://peer:port/two/; }
    ['http://peer:8080/two/', true, '/one/', 'http://peer:8080/two/some', '/one/some'],
    ['http://peer:8080/two/', true, '/one/', 'http://peer:8080/three', 'http://peer:8080/three'],
    // location /one/ { proxy_pass http://peer:port; }
    ['http://peer:8080', false, '/one/', 'http://peer:8080/one/some', '/one/some'],
    ['http://peer:8080', false, '/one/', 'http://peer:80801/', 'http://peer:80801/'],
    ['http://peer:8080', false, '/', 'https://peer:8080/', 'https://peer:8080/'],
  ]
  for (const [target, hasUri, location, value, expected] of rows) {
    it(`turn ${value} of ${target} into ${expected}`, () => {
      assert.equal(rewrite(defaultRedirects(target, hasUri, location), value), expected)
    })
  }
})
