// Nobody ends the process, and nobody leaves anything in it: resets and ends from either side at every place of an
// exchange, after which the worker still answers, and holds no timer and no socket more than before.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { askOnce, type Client, connectClient } from '../harness/client.ts'
import { type Origin, type OriginConnection, ok, startOrigin } from '../harness/origin.ts'
import { filesLeft, openFiles, startProxy, type TestProxy } from '../harness/proxy.ts'

type Side = 'client' | 'peer'
type Ending = 'end' | 'reset' | 'destroy'

interface Place {
  readonly name: string
  /** Brings the exchange to the place. */
  reach(client: Client, origin: Origin): Promise<OriginConnection | null>
}

const BODY = 'x'.repeat(200_000)
const POST = `POST /buffered HTTP/1.1\r\nHost: a\r\nContent-Length: ${BODY.length}\r\n\r\n`
const STREAM = POST.replace('buffered', 'streamed')
const UPGRADE = 'GET /up HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

let places = 0

/** The request reaches the origin, which then sends `answer`. */
function asked(request: string, answer: string): Place['reach'] {
  return async (client, origin) => {
    const mark = `X-Place: ${++places}\r\n`
    await client.send(request.replace('Host: a\r\n', `Host: a\r\n${mark}`))
    let connection: OriginConnection
    // A request that was behind the one before may still come, on a connection of its own.
    do {
      connection = await origin.accept()
      await connection.when(() => connection.bytesReceived > 0 || connection.isOver, 'a request')
    } while (!connection.received.includes(mark))
    if (answer !== '') await connection.send(answer)
    if (answer.includes('\r\n\r\n'))
      await client.when(() => client.bytesReceived > 0 || client.isOver, 'an answer')
    return connection
  }
}

function sent(text: string): Place['reach'] {
  return async client => {
    await client.send(text)
    return null
  }
}

const PLACES: readonly Place[] = [
  { name: 'before a byte', reach: sent('') },
  { name: 'in the request line', reach: sent('GET / HT') },
  { name: 'in the head', reach: sent('GET / HTTP/1.1\r\nHost: ') },
  { name: 'before a buffered body', reach: sent(POST) },
  { name: 'in a buffered body', reach: sent(POST + BODY.slice(0, 150_000)) },
  { name: 'after a buffered body', reach: asked(POST + BODY, '') },
  { name: 'in a streamed body', reach: asked(STREAM + BODY.slice(0, 150_000), '') },
  {
    name: 'in a streamed body, the answer begun',
    reach: asked(STREAM + BODY.slice(0, 100), 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc'),
  },
  { name: 'before the answer', reach: asked(GET, '') },
  { name: 'in the head of the answer', reach: asked(GET, 'HTTP/1.1 200 OK\r\nX: ') },
  { name: 'after an interim answer', reach: asked(GET, 'HTTP/1.1 103 E\r\n\r\n') },
  {
    name: 'in a body with a length',
    reach: asked(GET, 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc'),
  },
  {
    name: 'in a chunk',
    reach: asked(GET, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc'),
  },
  { name: 'in a body until the end', reach: asked(GET, 'HTTP/1.1 200 OK\r\n\r\nabc') },
  {
    name: 'in a large body',
    reach: asked(GET, `HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n${BODY}`),
  },
  { name: 'with the connection idle', reach: asked(GET, ok('yes')) },
  { name: 'with a second request behind the first', reach: asked(GET + GET, '') },
  {
    name: 'in a tunnel',
    reach: asked(UPGRADE, 'HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhello'),
  },
  { name: 'while a tunnel is asked for', reach: asked(UPGRADE, '') },
]

const ENDINGS: readonly Ending[] = ['end', 'reset', 'destroy']

async function play(
  t: TestContext,
  proxy: TestProxy,
  origin: Origin,
  place: Place,
  side: Side,
  ending: Ending,
) {
  origin.skipToNew()
  const client = await connectClient(t, proxy.port)
  const connection = await place.reach(client, origin)
  const who = side === 'client' ? client : connection
  if (who === null) return
  who[ending]()
  // The other side is told, or was never part of it; what remains is ended too, as it would be some time.
  if (side === 'peer' && ending === 'reset')
    await client.when(() => client.bytesReceived > 0 || client.isOver, 'an answer')
  client.destroy()
  connection?.destroy()
}

const PARTS = (origin: Origin) => ({
  http: `upstream peers { server ${origin.address}; }`,
  server: `
    location / { proxy_pass http://peers; proxy_read_timeout 5s; }
    location /streamed { proxy_pass http://peers; proxy_request_buffering off; }
    location /up { proxy_pass http://peers; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; }
    location /own { return 200 "alive"; }`,
})

describe('a worker', () => {
  for (const side of ['client', 'peer'] as const) {
    for (const ending of ENDINGS) {
      it(`lives on, and holds nothing, after every "${ending}" of a ${side}`, async t => {
        const origin = await startOrigin(t)
        const proxy = await startProxy(t, PARTS(origin))
        await askOnce(t, proxy.port, GET.replace('/', '/own'))
        const before = openFiles()
        for (const place of PLACES) {
          await t.test(place.name, async t => {
            await play(t, proxy, origin, place, side, ending)
            const own = await askOnce(t, proxy.port, GET.replace('/', '/own'))
            assert.equal(own.body.toString(), 'alive')
          })
        }
        for (const connection of origin.connections) connection.destroy()
        assert.equal(await proxy.timersLeft(), 0, 'timers')
        assert.ok((await filesLeft(before)) <= before, 'sockets and files')
      })
    }
  }

  it('lets a configuration go although its last clients left while their files were opened', async t => {
    const proxy = await startProxy(t, { server: 'root DIR; location / { try_files /page =404; }' })
    writeFileSync(join(proxy.directory, 'page'), BODY)
    const asked = GET.replace('/', '/page')
    assert.equal((await askOnce(t, proxy.port, asked)).body.length, BODY.length)
    for (let i = 0; i < 100; i++) {
      const client = await connectClient(t, proxy.port)
      await client.send(asked)
      client.reset()
    }
    await proxy.reload({ server: 'return 204;' })
    await proxy.whenReleased(1)
  })
})
