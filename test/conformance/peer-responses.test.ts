// Every row of the response tables through the whole proxy, in one piece and byte by byte: what the client sees, and
// whether the peer's connection is used again.

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { type Client, connectClient } from '../harness/client.ts'
import { type Origin, type OriginConnection, ok, startOrigin } from '../harness/origin.ts'
import { startProxy, type TestProxy, toPeers } from '../harness/proxy.ts'
import { bytewise } from '../harness/raw-connection.ts'
import { fieldOf } from '../harness/raw-message.ts'
import { MEANING_ROWS } from './peer-response-meanings.ts'
import { RESPONSE_ROWS, type ResponseRow } from './peer-responses.ts'

const ROWS = [...RESPONSE_ROWS, ...MEANING_ROWS]

/** Sends what the row says and ends as it says. */
async function play(row: ResponseRow, connection: OriginConnection, isBytewise: boolean) {
  const ending = /FIN$|RST$/.exec(row.bytes)?.[0]
  const bytes = row.bytes.slice(0, row.bytes.length - (ending?.length ?? 0))
  await connection.send(...(isBytewise ? bytewise(bytes) : [bytes]))
  if (ending === 'FIN') connection.end()
  if (ending === 'RST') connection.reset()
}

async function judge(row: ResponseRow, client: Client): Promise<void> {
  const { outcome } = row
  const response = await client.response(row.method)
  if (outcome.kind === 'refused') {
    assert.equal(response.status, 502)
    if (row.method !== 'HEAD') assert.match(response.body.toString(), /^<html>/)
    return
  }
  if (outcome.kind === 'cut') {
    if (response.status === 502 && response.isWhole) return
    assert.equal(response.isWhole, false, 'a body that broke off must not look whole')
    await client.ended()
    return
  }
  assert.equal(response.status, outcome.status)
  assert.equal(response.body.toString('latin1'), outcome.body)
  if (row.method !== 'HEAD') assert.equal(response.framing, outcome.framing)
  assert.ok(response.isWhole)
  const lines = response.fields.map(([name, value]) => `${name.toLowerCase()}: ${value}`)
  for (const line of outcome.has ?? []) assert.ok(lines.includes(line), `${line} in ${lines}`)
  for (const name of outcome.lacks ?? []) assert.equal(fieldOf(response, name), null, name)
  assert.notEqual(fieldOf(response, 'date'), null)
}

/** Whether the next request comes over the same connection as the one before. */
async function isPooled(t: TestContext, proxy: TestProxy, origin: Origin): Promise<boolean> {
  const before = origin.connections.length
  const client = await connectClient(t, proxy.port)
  const response = await client.ask('GET /after HTTP/1.1\r\nHost: a\r\n\r\n')
  assert.equal(response.body.toString(), 'after')
  client.destroy()
  return origin.connections.length === before
}

async function runRow(
  t: TestContext,
  row: ResponseRow,
  proxy: TestProxy,
  origin: Origin,
  isBytewise: boolean,
): Promise<void> {
  const played = Promise.withResolvers<void>()
  let isPlayed = false
  origin.run(async connection => {
    for (;;) {
      await connection.when(
        () => connection.unread.length > 0 || connection.isOver,
        'a request',
        true,
      )
      if (connection.unread.length === 0) return
      const { start } = await connection.request()
      if (start.includes('/after')) {
        await connection.send(ok('after'))
        continue
      }
      if (isPlayed) throw new Error(`asked twice for ${row.name}`)
      isPlayed = true
      await play(row, connection, isBytewise)
      played.resolve()
    }
  })
  const client = await connectClient(t, proxy.port)
  await client.send(`${row.method ?? 'GET'} /row HTTP/1.1\r\nHost: a\r\n\r\n`)
  await judge(row, client)
  await played.promise
  assert.equal(await isPooled(t, proxy, origin), row.isPooled, 'used again')
  client.destroy()
  for (const connection of origin.connections) connection.destroy()
}

describe('responses of peers', () => {
  it('are at least eighty rows, each with a name of its own', () => {
    assert.ok(ROWS.length >= 80)
    assert.equal(new Set(ROWS.map(row => row.name)).size, ROWS.length)
  })

  for (const [mode, isBytewise] of [
    ['in one piece', false],
    ['byte by byte', true],
  ] as const) {
    it(`come to what the table says, sent ${mode}`, async t => {
      const origin = await startOrigin(t)
      const proxy = await startProxy(t, toPeers([origin.address]))
      for (const row of ROWS) {
        await t.test(row.name, t => runRow(t, row, proxy, origin, isBytewise))
      }
    })
  }
})
