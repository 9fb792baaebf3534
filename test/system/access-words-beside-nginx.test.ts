// What the error log says of those who may not, in nginx and in the program: alarms and fail2ban look for these words.

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'

import {
  ask,
  getRequest,
  type Pair,
  type Served,
  startPair,
  withoutNginx,
} from '../harness/beside-nginx.ts'

const HTTP = `
access_log off;
server {
  listen 127.0.0.1:PORT;
  auth_basic "x"; auth_basic_user_file DIRECTORY/users;
  location /basic/ { }
  location /none/ { auth_basic_user_file DIRECTORY/none; }
  location /directory/ { auth_basic_user_file DIRECTORY; }
  location /deny/ { deny all; }
  location /any/ { satisfy any; deny all; auth_basic off; }
  location /both/ { satisfy any; deny all; }
  location /delay/ { auth_delay 10ms; }
  location /asked/ { auth_basic off; auth_request /teapot; }
  location /refused/ { auth_basic off; auth_request /no; }
  location = /teapot { return 418; }
  location = /no { return 403; }
  location /methods/ { limit_except GET { deny all; } auth_basic off; }
}
`

const USERS = 'plain:{PLAIN}secret\napr1:$apr1$saltsalt$LrttParrLPdxvgutaSXWJ0\n'

const login = (user: string, password: string) =>
  `Authorization: Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

const ROWS: readonly {
  readonly what: string
  readonly target: string
  readonly fields?: readonly string[]
  readonly method?: string
}[] = [
  { what: 'nobody', target: '/basic/' },
  { what: 'no Basic', target: '/basic/', fields: ['Authorization: Bearer x'] },
  { what: 'an unknown user', target: '/basic/', fields: [login('nobody', 'x')] },
  { what: 'a name with a quote', target: '/basic/', fields: [login('a"b', 'x')] },
  { what: 'a wrong password', target: '/basic/', fields: [login('plain', 'x')] },
  { what: 'a wrong slow password', target: '/basic/', fields: [login('apr1', 'x')] },
  { what: 'a missing file', target: '/none/', fields: [login('plain', 'x')] },
  { what: 'a directory', target: '/directory/', fields: [login('plain', 'x')] },
  { what: 'a denied address', target: '/deny/x?y' },
  { what: 'a denied address, where any is enough', target: '/any/' },
  { what: 'a denied address without a password', target: '/both/' },
  {
    what: 'a denied address with a wrong password',
    target: '/both/',
    fields: [login('plain', 'x')],
  },
  { what: 'a delay', target: '/delay/' },
  { what: 'another location that answers anything', target: '/asked/' },
  { what: 'another location that refuses', target: '/refused/' },
  { what: 'another method', target: '/methods/', method: 'DELETE' },
]

describe('the error log of access beside nginx', { skip: withoutNginx() }, () => {
  let pair: Pair
  const said = new Map<string, readonly string[]>()

  before(async () => {
    pair = await startPair(HTTP, 'compat nginx/1.28 strict;')
    for (const served of [pair.nginx, pair.headgate]) {
      writeFileSync(join(served.directory, 'users'), USERS)
      for (const { what, target, fields = [], method = 'GET' } of ROWS) {
        const start = logText(served).length
        await ask(served.port, getRequest(target, fields, method))
        said.set(`${served.name} ${what}`, linesOf(logText(served).slice(start), served))
      }
    }
  })
  after(async () => {
    await pair.end()
    pair.remove()
  })

  for (const { what } of ROWS) {
    it(`says the same of ${what}`, () => {
      assert.deepEqual(said.get(`headgate ${what}`), said.get(`nginx ${what}`))
    })
  }

  it('says something of nearly all', () => {
    const silent = ROWS.filter(({ what }) => said.get(`nginx ${what}`)?.length === 0)
    assert.deepEqual(
      silent.map(({ what }) => what),
      ['another location that refuses'],
    )
  })
})

function logText({ directory }: Served): string {
  return readFileSync(join(directory, 'logs/error.log'), 'latin1')
}

/** Without time, process and connection, and without what only we add. */
function linesOf(text: string, { directory, port }: Served): string[] {
  return text
    .split('\n')
    .filter(line => line.includes(', client: '))
    .map(line =>
      line
        .replace(/^\S+ \S+ (\[\w+\]) \d+#\d+: (\*\d+ )?/, '$1 ')
        .replace(/(, reason: .*)?, step: \w+$/, '')
        .replaceAll(directory, 'DIRECTORY')
        .replaceAll(`:${port}`, ':PORT'),
    )
    .filter(line => !line.includes('keepalive connection'))
}
