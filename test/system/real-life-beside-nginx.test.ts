// Three configurations as people publish them, of more than a hundred lines each, by the real nginx and by the program in
// front of one origin: every kind of request that they are written for comes to the same.

import assert from 'node:assert/strict'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'

import { type Pair, startPair, withoutNginx } from '../harness/beside-nginx.ts'
import { freePort } from '../harness/ports.ts'
import { compareLines, converse, describeExchange, RecordingOrigin, replyOf } from './transcript.ts'

const MODIFIED = 1_000_000_000

const FILES: Readonly<Record<string, string>> = {
  'index.html': '<p>the page</p>',
  '404.html': 'not here',
  '50x.html': 'broken',
  'maintenance.html': 'back soon',
  'robots.txt': 'User-agent: *',
  'style.css': 'body {}',
  'assets/app.js': 'go()',
  'assets/app.js.map': '{}',
  'about/index.html': 'about',
  // staff:secret, as `openssl passwd -apr1 -salt 12345678 secret` makes it.
  users: 'staff:$apr1$12345678$0lqb/6VUFP8JY/s/jTrIk0\n',
  'store/a.txt': 'a file of the store',
}

interface Row {
  readonly host: string
  readonly asks: readonly (readonly [line: string, fields?: readonly string[], reply?: string])[]
}

const HTML = replyOf(
  '200 OK',
  'Content-Type: text/html',
  'X-Powered-By: PHP',
  'Set-Cookie: s=1; Path=/',
  'page',
)
const JSON_REPLY = replyOf(
  '200 OK',
  'Content-Type: application/json',
  'Set-Cookie: session=1; Domain=localhost',
  '{"a":1}',
)
const PICTURE = replyOf(
  '200 OK',
  'Content-Type: image/jpeg',
  'Last-Modified: Sun, 09 Sep 2001 01:46:40 GMT',
  'ETag: "x"',
  'jpegjpegjpeg',
)
const BUSY = replyOf('503 Service Unavailable', 'Retry-After: 5', 'busy')
const GONE = replyOf('404 Not Found', 'Content-Type: text/html', 'nothing')
const STAFF = `Authorization: Basic ${Buffer.from('staff:secret').toString('base64')}`

const CONFIGURATIONS: Readonly<Record<string, readonly Row[]>> = {
  wordpress: [
    { host: 'example.org', asks: [['GET /a?b=c']] },
    {
      host: 'www.example.org',
      asks: [
        ['GET /', [], HTML],
        ['GET /hello-world/', [], HTML],
        ['GET /hello-world/', [], HTML],
        ['HEAD /hello-world/', [], HTML],
        ['GET /hello-world/?preview=1', [], HTML],
        ['GET /hello-world/', ['Cookie: wordpress_logged_in_1=x'], HTML],
        ['POST /comments', ['Content-Length: 0'], HTML],
        ['GET /missing-post/', [], GONE],
        ['GET /busy/', [], BUSY],
        [
          'GET /moved/',
          [],
          replyOf('301 Moved Permanently', 'Location: http://wordpress/new/', ''),
        ],
        ['GET /archives/12'],
        ['GET /archives/12?x=y'],
        ['GET /category/news/feed/', [], HTML],
        ['GET /style.css'],
        ['GET /style.css', ['If-Modified-Since: Sun, 09 Sep 2001 01:46:40 GMT']],
        ['GET /missing.css', [], GONE],
        ['GET /robots.txt'],
        ['GET /favicon.ico'],
        ['GET /.git/config'],
        ['GET /xmlrpc.php'],
        ['GET /50x.html'],
        ['GET /wp-content/uploads/x.php'],
        ['GET /wp-admin/', [], HTML],
        ['POST /wp-login.php', ['Content-Length: 0'], HTML],
        ['GET /', ['User-Agent: sqlmap/1'], HTML],
        ['GET /about', [], HTML],
      ],
    },
    { host: 'my.blog.example.org', asks: [['GET /about/'], ['GET /feed/', [], HTML]] },
  ],
  'node-app': [
    { host: 'unknown.example.com', asks: [['GET /']] },
    {
      host: 'app.example.com',
      asks: [
        ['GET /'],
        ['GET /healthz'],
        ['GET /deep/link?x=1'],
        ['GET /about'],
        ['GET /assets/app.js'],
        ['GET /assets/app.js.map'],
        ['GET /assets/none.js'],
        ['GET /api/users', [], JSON_REPLY],
        ['GET /api/v1/users?page=2', ['Origin: https://app.example.com'], JSON_REPLY],
        ['GET /api/users', ['Origin: https://x.preview.example.com'], JSON_REPLY],
        ['GET /api/users', ['Origin: https://evil.example.com'], JSON_REPLY],
        ['PATCH /api/users/1', ['Content-Length: 0'], JSON_REPLY],
        ['DELETE /api/users/1', [], 'HTTP/1.1 204 No Content\r\n\r\n'],
        ['GET /api/broken', [], replyOf('500 Oops', 'trace')],
        ['GET /socket/plain', [], JSON_REPLY],
        ['GET /maintenance.html'],
        ['POST /upload', ['Content-Length: 0', 'Content-Type: image/png'], JSON_REPLY],
        [
          'GET /api/file',
          [],
          replyOf('200 OK', 'X-Accel-Redirect: /download/app.js', 'Content-Type: text/x', ''),
        ],
        ['GET /admin/'],
        ['GET /admin/', [STAFF], JSON_REPLY],
        ['GET /admin/', ['Authorization: Basic c3RhZmY6d3Jvbmc=']],
        ['GET /admin/', ['X-Forwarded-For: 203.0.113.9', STAFF]],
        ['GET /admin/', ['X-Forwarded-For: 203.0.113.9, 10.1.1.1', STAFF], JSON_REPLY],
      ],
    },
  ],
  'file-store': [
    {
      host: 'files.example.com',
      asks: [
        ['GET /group1/M00/00/00/a.jpg', [], PICTURE],
        ['GET /group1/M00/00/00/a.jpg', [], PICTURE],
        ['GET /group1/M00/00/00/a.jpg', ['Range: bytes=0-3'], PICTURE],
        ['HEAD /group1/M00/00/00/a.jpg', [], PICTURE],
        ['GET //group1/M00/00/00/a.jpg', [], PICTURE],
        ['GET /group1/M00/00/00/none.jpg', [], GONE],
        ['GET /group2/M00/00/00/b.jpg', [], PICTURE],
        ['GET /dfs/group1/M00/00/00/a.jpg?attname=x.jpg', [], PICTURE],
        ['GET /thumb/100x100/group1/M00/a.jpg', [], PICTURE],
        ['GET /thumb/9999x1/group1/M00/a.jpg', [], PICTURE],
        ['GET /thumb/100x100/group1/M00/a.jpg', ['Referer: https://other.org/'], PICTURE],
        ['GET /thumb/100x100/group1/M00/a.jpg', ['Referer: https://www.example.com/'], PICTURE],
        ['GET /download/a.jpg?attname=report.pdf', [], PICTURE],
        ['GET /download/a.jpg?attname=report.pdf&from=172.16.5.9', ['Range: bytes=4-'], PICTURE],
        ['GET /download/a.jpg?attname=bad%20name', [], PICTURE],
        ['GET /purge'],
        ['GET /local/a.txt'],
        ['GET /local/a.txt', ['Range: bytes=0-1,4-5,7-8']],
        ['GET /local/none.txt', [], PICTURE],
        ['GET /private/a.txt'],
        ['GET /nothing'],
        ['GET /group3/M00/x'],
      ],
    },
    {
      host: 's3.files.example.com',
      asks: [['GET /local/a.txt'], ['GET /group1/M00/s.jpg', [], PICTURE]],
    },
  ],
}

describe('published configurations beside nginx', {
  skip: withoutNginx(),
  timeout: 120_000,
}, () => {
  const kinds = ['headgate', 'converted'] as const
  const runs = Object.entries(CONFIGURATIONS).flatMap(([name, rows]) =>
    kinds.map(kind => ({ name, rows, kind })),
  )
  for (const { name, rows, kind } of runs) {
    describe(kind === 'converted' ? `${name} as YAML` : name, () => {
      const origin = new RecordingOrigin()
      const root = mkdtempSync(join(tmpdir(), 'real-life-'))
      let pair: Pair | null = null

      before(async () => {
        chmodSync(root, 0o755)
        for (const [file, text] of Object.entries(FILES)) {
          mkdirSync(dirname(join(root, file)), { recursive: true })
          writeFileSync(join(root, file), text)
          utimesSync(join(root, file), MODIFIED, MODIFIED)
        }
        await origin.open()
        const text = readFileSync(new URL(`real-life/${name}.conf`, import.meta.url), 'utf8')
        assert.ok(text.split('\n').length > 100)
        const http = text
          .replaceAll('ORIGIN', origin.address)
          .replaceAll('CLOSED', `127.0.0.1:${await freePort()}`)
          .replaceAll('ROOT', root)
        pair = await startPair(http, 'compat nginx/1.28 strict;', kind)
      })

      after(async () => {
        await pair?.end()
        pair?.remove()
        origin.close()
        rmSync(root, { recursive: true, force: true })
      })

      const run = async (port: number, request: string, reply: string | undefined) => {
        const answer = await origin.during(reply, () => converse('127.0.0.1', port, request))
        return describeExchange(origin.take(), answer).map(line =>
          line.replaceAll(`:${port}`, ':PORT').replaceAll(origin.address, 'ORIGIN'),
        )
      }

      for (const { host, asks } of rows) {
        it(`answers ${host} alike`, async () => {
          for (const [line, fields = [], reply] of asks) {
            const lines = [`${line} HTTP/1.1`, `Host: ${host}`, 'Connection: close', ...fields]
            const request = `${lines.join('\r\n')}\r\n\r\n`
            const theirs = await run(pair!.nginx.port, request, reply)
            const ours = await run(pair!.headgate.port, request, reply)
            assert.deepEqual(compareLines(theirs, ours), [], `${line} ${fields.join()}`)
          }
        })
      }
    })
  }
})
