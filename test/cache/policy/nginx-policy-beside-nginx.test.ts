// The policy beside a real nginx that caches: for every row of the table, nginx must say on the
// second request what the policy says. Where newer versions do otherwise than the installed one,
// the row says what each does.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { withoutNginx } from '../../harness/beside-nginx.ts'
import { CachingNginx, nginxVersion } from './caching-nginx.ts'
import { fillIn, placeOf } from './nginx-places.ts'
import { Predicted, requestOf, responseOf } from './nginx-predicted.ts'
import type { ResponseRow } from './nginx-response-row.ts'
import { RESPONSES } from './nginx-responses.ts'

describe('NginxPolicy beside nginx', { skip: withoutNginx(), timeout: 120_000 }, () => {
  let nginx: CachingNginx
  before(async () => {
    nginx = await CachingNginx.start()
  })
  after(() => nginx.end())
  const version = nginxVersion()

  for (const row of RESPONSES) {
    it(`says ${row.want} after ${row.name}`, async () => {
      const now = Math.floor(Date.now() / 1000)
      const lines = row.lines.map(line => fillIn(line, now))
      const target = nginx.target(row.place, () => answerOf(row, lines))
      assert.equal((await nginx.ask(target, row.asked[0])).word, 'MISS')
      const want = isOlder(row, version) ? row.older!.want : row.want
      if (want !== 'MISS') await nginx.stored(target)
      const second = await nginx.ask(target, row.asked[1])
      const predicted = new Predicted(placeOf(row.place).settings)
      predicted.store(requestOf(row.asked[0]), responseOf(row.status, lines), now * 1000)
      assert.equal(predicted.word(requestOf(row.asked[1]), now * 1000), row.want, 'policy')
      assert.equal(second.word, want, 'nginx')
    })
  }
})

function isOlder({ older }: ResponseRow, version: readonly number[]): boolean {
  if (older === undefined) return false
  const at = older.since.findIndex((number, i) => number !== version[i])
  return at >= 0 && version[at]! < older.since[at]!
}

function answerOf(row: ResponseRow, lines: readonly string[]): string {
  const hasBody = row.status !== 204 && row.status !== 304
  const all = [`HTTP/1.1 ${row.status} X`, ...lines, 'Connection: close']
  if (hasBody) all.push('Content-Length: 2')
  return `${all.join('\r\n')}\r\n\r\n${hasBody ? 'ok' : ''}`
}
