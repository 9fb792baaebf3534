// Many clients at once, their requests and the answers cut into random pieces, some cut off for good: nobody may get a byte
// that was meant for another, and at the end nothing is left. A failing run names its seed; SEED=n plays it again.

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { type Client, connectClient } from '../harness/client.ts'
import { type Origin, type OriginConnection, startOrigin } from '../harness/origin.ts'
import { filesLeft, openFiles, startProxy, type TestProxy } from '../harness/proxy.ts'
import { fieldOf, type RawMessage } from '../harness/raw-message.ts'
import { SeededRandom, seedFor } from '../harness/seeded-random.ts'

/** What a request says of itself: the origin answers with it, so that a mix-up shows. */
interface Tag {
  readonly id: string
  readonly method: string
  readonly body: string
}

function makeTag(random: SeededRandom, id: string): Tag {
  const method = random.pick(['GET', 'GET', 'POST', 'PUT', 'DELETE', 'HEAD'])
  const size = random.pick([0, 0, 1, 20, 3_000, 20_000, 70_000])
  const body =
    method === 'POST' || method === 'PUT' ? `${id};`.repeat(Math.ceil(size / (id.length + 1))) : ''
  return { id, method, body }
}

function chunksOf(random: SeededRandom, body: string): string {
  if (body === '') return '0\r\n\r\n'
  const pieces = random.split(body, 6)
  return `${pieces.map(piece => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('')}0\r\n\r\n`
}

function requestOf(random: SeededRandom, tag: Tag): string {
  const path = random.pick(['/', '/stream', '/slow/../x', '/own'])
  const lines = [`${tag.method} ${path}?${tag.id} HTTP/1.1`, 'Host: a', `X-Id: ${tag.id}`]
  if (random.oneIn(3)) lines.push(`X-Filler: ${'f'.repeat(random.below(900))}`)
  if (tag.body === '') return `${lines.join('\r\n')}\r\n\r\n`
  if (random.oneIn(2))
    return `${[...lines, 'Transfer-Encoding: chunked'].join('\r\n')}\r\n\r\n${chunksOf(random, tag.body)}`
  return `${[...lines, `Content-Length: ${tag.body.length}`].join('\r\n')}\r\n\r\n${tag.body}`
}

/** The answer's body: the id over and over. */
function answerBody(id: string): string {
  const seed = [...id].reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) >>> 0, 7)
  const size = [0, 1, 50, 5_000, 40_000, 150_000][seed % 6]!
  return `${id}:`.repeat(Math.ceil(size / (id.length + 1)))
}

async function answer(
  random: SeededRandom,
  connection: OriginConnection,
  message: RawMessage,
): Promise<boolean> {
  const id = fieldOf(message, 'x-id') ?? ''
  const body = answerBody(id)
  const head = ['HTTP/1.1 200 OK', `X-Id: ${id}`, `X-Got: ${message.body.length}`]
  if (random.oneIn(8)) await connection.send('HTTP/1.1 102 Wait\r\n\r\n')
  const isHead = message.start.startsWith('HEAD')
  const kind = random.below(3)
  let text: string
  if (kind === 0)
    text = `${[...head, `Content-Length: ${body.length}`].join('\r\n')}\r\n\r\n${isHead ? '' : body}`
  else if (kind === 1)
    text = `${[...head, 'Transfer-Encoding: chunked'].join('\r\n')}\r\n\r\n${isHead ? '' : chunksOf(random, body)}`
  else text = `${[...head, 'Connection: close'].join('\r\n')}\r\n\r\n${isHead ? '' : body}`
  if (random.oneIn(25)) {
    await connection.send(...random.split(text.slice(0, random.below(text.length)), 4))
    // A body that ends with the connection looks whole at every FIN: only RST tells.
    if (kind === 2 || random.oneIn(2)) connection.reset()
    else connection.end()
    return false
  }
  await connection.send(...random.split(text, 5))
  if (kind !== 2) return true
  connection.end()
  return false
}

function startFuzzedOrigin(origin: Origin, random: SeededRandom): void {
  origin.run(async (connection, index) => {
    const own = new SeededRandom(random.seed + index * 7919)
    for (;;) {
      await connection.when(
        () => connection.unread.length > 0 || connection.isOver,
        'a request',
        true,
      )
      if (connection.unread.length === 0) break
      const message = await connection.request().catch(() => null)
      if (message === null || !message.isWhole) break
      const id = fieldOf(message, 'x-id')
      assert.ok(id !== null && message.start.includes(`?${id} `), 'a request in pieces of others')
      const isOwn =
        message.body.toString() === `${id};`.repeat(message.body.length / (id.length + 1))
      assert.ok(isOwn, `the body of ${id} is not its own`)
      if (!(await answer(own, connection, message))) return
    }
    connection.destroy()
  })
}

function differ(got: string, expected: string): string {
  let at = 0
  while (at < got.length && got[at] === expected[at]) at++
  const around = (text: string) => JSON.stringify(text.slice(Math.max(0, at - 30), at + 60))
  return `${got.length} bytes for ${expected.length}, at ${at} ${around(got)} for ${around(expected)}`
}

/** Judges one answer; false when the connection is at its end. */
async function judge(client: Client, tag: Tag): Promise<boolean> {
  const response = await client.response(tag.method).catch(error => {
    assert.ok(client.isOver, String(error))
    return null
  })
  if (response === null) return false
  if (response.status === 200 && fieldOf(response, 'x-own') === null) {
    assert.equal(fieldOf(response, 'x-id'), tag.id)
    assert.equal(fieldOf(response, 'x-got'), String(tag.body.length))
    const expected = tag.method === 'HEAD' ? '' : answerBody(tag.id)
    const got = response.body.toString()
    if (response.isWhole) assert.ok(got === expected, `body of ${tag.id}: ${differ(got, expected)}`)
    else assert.ok(expected.startsWith(got), `cut body of ${tag.id}`)
  } else {
    assert.ok([200, 502, 504].includes(response.status), `status ${response.status}`)
  }
  return response.isWhole && fieldOf(response, 'connection') !== 'close'
}

async function runClient(
  t: TestContext,
  proxy: TestProxy,
  random: SeededRandom,
  name: string,
): Promise<number> {
  let judged = 0
  for (let turn = 0; turn < 6; turn++) {
    const client = await connectClient(t, proxy.port)
    const tags = Array.from({ length: 1 + random.below(4) }, (_, i) =>
      makeTag(random, `${name}-${turn}-${i}`),
    )
    const text = tags.map(tag => requestOf(random, tag)).join('')
    const isCut = random.oneIn(8)
    const sending = client.send(
      ...random.split(isCut ? text.slice(0, random.below(text.length)) : text, 8),
    )
    if (isCut) {
      await sending
      if (random.oneIn(2)) client.reset()
      else client.destroy()
      continue
    }
    for (const tag of tags) {
      judged++
      if (!(await judge(client, tag))) break
    }
    client.destroy()
    await sending
  }
  return judged
}

const CLIENTS = 24

describe('fuzzed traffic', () => {
  it('is never mixed up, and leaves nothing behind', async t => {
    const random = seedFor(t)
    const [first, second] = [await startOrigin(t), await startOrigin(t)]
    for (const origin of [first, second]) startFuzzedOrigin(origin, random)
    const proxy = await startProxy(t, {
      http: `upstream peers { server ${first.address} max_fails=0; server ${second.address} max_fails=0; }`,
      server: `client_max_body_size 0; client_body_buffer_size 16k;
        location / { proxy_pass http://peers; }
        location /stream { proxy_pass http://peers; proxy_request_buffering off; proxy_buffering off; }
        location /own { add_header X-Own 1; return 200 "own"; }`,
    })
    const before = openFiles()
    const counts = await Promise.all(
      Array.from({ length: CLIENTS }, (_, i) =>
        runClient(t, proxy, new SeededRandom(random.seed + i), `c${i}`),
      ),
    )
    assert.ok(counts.reduce((sum, count) => sum + count, 0) > CLIENTS)
    for (const origin of [first, second])
      for (const connection of origin.connections) connection.destroy()
    assert.equal(await proxy.timersLeft(), 0, 'timers')
    assert.ok((await filesLeft(before)) <= before, 'sockets and files')
  })
})
