// Every row of the request tables through the whole proxy, each in one piece, in halves and byte by byte, before an origin
// that records every byte: what must not go on has not, what goes on is exactly what the row says.

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { type Client, connectClient } from '../harness/client.ts'
import { type Origin, ok, startOrigin } from '../harness/origin.ts'
import { startProxy, type TestProxy, toPeers } from '../harness/proxy.ts'
import { bytewise, inHalves } from '../harness/raw-connection.ts'
import { fieldOf } from '../harness/raw-message.ts'
import { REFUSED_ROWS, type RefusedRow } from './client-requests.ts'
import { FORWARDED_ROWS, type ForwardedRow } from './forwarded-requests.ts'

const MODES = [
  ['in one piece', (text: string) => [text]],
  ['in halves', inHalves],
  ['byte by byte', bytewise],
] as const

const NEXT = 'GET /next HTTP/1.1\r\nHost: a\r\n\r\n'

/** What a mode makes of a row; long ones are not sent byte by byte for the sake of time. */
function piecesOf(text: string, split: (text: string) => string[]): string[] {
  return text.length > 3_000 && split === bytewise ? inHalves(text) : split(text)
}

async function send(client: Client, pieces: readonly string[]): Promise<void> {
  for (const [index, piece] of pieces.entries()) {
    if (client.isOver) return
    await (index === pieces.length - 1 ? client.send(piece) : client.send(piece, ''))
  }
}

async function refused(
  t: TestContext,
  proxy: TestProxy,
  origin: Origin,
  row: RefusedRow,
  pieces: string[],
) {
  const before = origin.bytesReceived
  const client = await connectClient(t, proxy.port)
  const sent = send(client, pieces)
  const response = await client.response()
  const expected = typeof row.status === 'number' ? [row.status] : row.status
  assert.ok(expected.includes(response.status), `status ${response.status}`)
  assert.equal(fieldOf(response, 'connection'), 'close')
  // What follows on the connection is not read: it is closed after one answer.
  assert.equal((await client.rest()).length, 0)
  await sent
  client.destroy()
  assert.equal(origin.bytesReceived, before, 'bytes reached the peer')
}

async function forwarded(
  t: TestContext,
  proxy: TestProxy,
  origin: Origin,
  row: ForwardedRow,
  pieces: string[],
) {
  const before = origin.requests.length
  const client = await connectClient(t, proxy.port)
  await client.send(...pieces)
  const method = row.bytes.trimStart().split(' ')[0]!
  assert.equal((await client.response(method)).status, 200)
  const [message, ...more] = origin.requests.slice(before)
  assert.equal(more.length, 0)
  const lines = message!.head.slice(0, -4).split('\r\n')
  const expected = row.head.map(line => line.replace('HOST', 'peers'))
  assert.deepEqual(withoutLength(lines), withoutLength(expected))
  assert.equal(fieldOf(message!, 'transfer-encoding'), null)
  assert.equal(message!.body.toString('latin1'), row.body ?? '')
  assert.deepEqual(lines.filter(isLength), expected.filter(isLength))
  // Both connections have kept their place: the next request is read where it begins.
  if (!row.bytes.includes('HTTP/1.0') && !row.bytes.includes('close')) {
    await client.send(NEXT)
    await client.response()
    assert.equal(origin.requests.at(-1)?.start, 'GET /next HTTP/1.1')
  }
  client.destroy()
}

const isLength = (line: string) => line.toLowerCase().startsWith('content-length')

/** Where the length stands among the fields is the writer's business. */
function withoutLength(lines: readonly string[]): string[] {
  return lines.filter(line => !isLength(line))
}

describe('requests of clients', () => {
  it('are at least a hundred and fifty rows, each with a name of its own', () => {
    const names = [...REFUSED_ROWS, ...FORWARDED_ROWS].map(row => row.name)
    assert.ok(names.length >= 150)
    assert.equal(new Set(names).size, names.length)
  })

  for (const [mode, split] of MODES) {
    it(`are refused as the table says, sent ${mode}`, async t => {
      const origin = await startOrigin(t)
      origin.answerWith(() => ok('never'))
      const proxy = await startProxy(t, toPeers([origin.address]))
      for (const row of REFUSED_ROWS) {
        await t.test(row.name, t => refused(t, proxy, origin, row, piecesOf(row.bytes, split)))
      }
      const client = await connectClient(t, proxy.port)
      await client.ask(NEXT)
      assert.equal(origin.requests.length, 1)
    })

    it(`are passed on as the table says, sent ${mode}`, async t => {
      const origin = await startOrigin(t)
      origin.answerWith(({ start }) =>
        start.startsWith('HEAD') ? 'HTTP/1.1 200 OK\r\n\r\n' : ok('yes'),
      )
      const proxy = await startProxy(t, toPeers([origin.address]))
      for (const row of FORWARDED_ROWS) {
        await t.test(row.name, t => forwarded(t, proxy, origin, row, piecesOf(row.bytes, split)))
      }
    })
  }

  it('that are refused say so in an answer that the client gets, however much it goes on sending', async t => {
    const proxy = await startProxy(t, { server: 'location / { return 200 "ok"; }' })
    const client = await connectClient(t, proxy.port)
    const sent = client.send(`GET / HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(500_000)}`)
    assert.equal((await client.response()).status, 431)
    await sent
    assert.equal(await client.ended(), 'end')
  })
})
