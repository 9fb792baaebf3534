// Heads that are too large: 431 by themselves, and whatever the pages for nginx's own code 494 say (seen beside nginx 1.22:
// without a status of its own such a page goes out with 400, and pages for 400 are not meant).

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { askOnce, get } from '../harness/client.ts'
import { startProxy } from '../harness/proxy.ts'
import { fieldOf } from '../harness/raw-message.ts'

const LARGE = `GET /x HTTP/1.1\r\nHost: a\r\nX-Large: ${'a'.repeat(60_000)}\r\n\r\n`
const PAGE = 'location = /page { return 200 "our page"; } location = /other { return 200 "other"; }'

describe('a head that is too large', () => {
  const rows: readonly (readonly [string, string, number, RegExp])[] = [
    ['no page', '', 431, /431 Request Header Fields Too Large/],
    ['a page for 494', 'error_page 494 /page;', 400, /^our page$/],
    ['a page for 494 with a status', 'error_page 494 =413 /page;', 413, /^our page$/],
    ['a page for 494 with its own', 'error_page 494 = /page;', 200, /^our page$/],
    [
      'a page with a name',
      'error_page 494 @n; location @n { return 200 "named"; }',
      400,
      /^named$/,
    ],
    ['pages for 494 and 431', 'error_page 431 /other; error_page 494 /page;', 400, /^our page$/],
    ['a page for 431', 'error_page 431 /page;', 431, /^our page$/],
    ['a page for 400', 'error_page 400 /page;', 431, /431 Request Header Fields Too Large/],
  ]
  for (const [name, lines, status, body] of rows) {
    it(`is answered with ${status} (${name})`, async t => {
      const proxy = await startProxy(t, { server: `${PAGE} ${lines}` })
      const answer = await askOnce(t, proxy.port, LARGE)
      assert.equal(answer.status, status)
      assert.match(answer.body.toString(), body)
      assert.equal(fieldOf(answer, 'connection'), 'close')
    })
  }

  it('is sent elsewhere by a page with a URL', async t => {
    const proxy = await startProxy(t, { server: 'error_page 494 http://help.test/cookies;' })
    const answer = await askOnce(t, proxy.port, LARGE)
    assert.equal(answer.status, 302)
    assert.equal(fieldOf(answer, 'location'), 'http://help.test/cookies')
  })
})

describe('return with a code that only nginx has', () => {
  for (const code of [494, 495, 496, 497]) {
    it(`is 400 for the client (${code}), and has its page`, async t => {
      const server = `${PAGE} location / { return ${code}; } location /paged { error_page ${code} /page; return ${code}; }`
      const proxy = await startProxy(t, { server })
      assert.equal((await askOnce(t, proxy.port, get('/'))).status, 400)
      const paged = await askOnce(t, proxy.port, get('/paged'))
      assert.deepEqual([paged.status, paged.body.toString()], [400, 'our page'])
    })
  }
})
