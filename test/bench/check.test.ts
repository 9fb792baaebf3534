/**
 * Tests of the check that stands before every measurement: it must find each way in which a proxy
 * can answer wrongly, or a fast and wrong proxy would win.
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { describe, it } from 'node:test'
import { findWrongAnswer } from '../../bench/macro/check.ts'
import { makeBody, SINK_ANSWER, WORK, type WorkItem } from '../../bench/macro/work.ts'

type Handler = (request: IncomingMessage, body: Buffer, response: ServerResponse) => void

function findWork(name: string): WorkItem {
  const item = WORK.find(candidate => candidate.name === name)
  assert.ok(item, name)
  return item
}

/** Checks a server that hands each request, its body read, to the handler. */
async function checkServer(item: WorkItem, handler: Handler): Promise<string | null> {
  let count = 0
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      // Two exchanges make up one check of a POST, so the turn changes every second request.
      response.setHeader('x-origin', String((count++ >> 1) % 2))
      handler(request, Buffer.concat(chunks), response)
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  try {
    return await findWrongAnswer(address.port, item)
  } finally {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
}

const answerSmall: Handler = (_request, _body, response) => response.end(makeBody(100))

const answerPost: Handler = (request, body, response) => {
  response.end(request.url === '/echo' ? body : SINK_ANSWER)
}

describe('findWrongAnswer', () => {
  it('finds nothing wrong with right answers to a GET', async () => {
    assert.equal(await checkServer(findWork('small'), answerSmall), null)
  })

  it('finds nothing wrong with right answers to a POST', async () => {
    assert.equal(await checkServer(findWork('post-1m'), answerPost), null)
  })

  it('finds nothing wrong with connections closed as asked', async () => {
    assert.equal(await checkServer(findWork('connect'), answerSmall), null)
  })

  const faults: { name: string; work: string; handler: Handler; message: RegExp }[] = [
    {
      name: 'a wrong status with the right body',
      work: 'small',
      handler: (_request, _body, response) => response.writeHead(203).end(makeBody(100)),
      message: /^GET \/small: status 203, expected 200$/,
    },
    {
      name: 'a body cut short',
      work: 'small',
      handler: (_request, _body, response) => response.end(makeBody(99)),
      message: /body of 99 bytes, expected 100$/,
    },
    {
      name: 'a body of the right length with one byte changed',
      work: 'small',
      handler: (_request, _body, response) => response.end(makeBody(100).fill('A', 50, 51)),
      message: /the body differs/,
    },
    {
      name: 'a POST answered without its body having arrived',
      work: 'post-1k',
      handler: (request, _body, response) => {
        response.end(request.url === '/echo' ? Buffer.alloc(1024, 'a') : SINK_ANSWER)
      },
      message: /^POST \/echo: the body differs/,
    },
    {
      name: 'an answer that did not come from the origin',
      work: 'small',
      handler: (_request, _body, response) => {
        response.removeHeader('x-origin')
        response.end(makeBody(100))
      },
      message: /x-origin of the origin is missing/,
    },
    {
      name: 'only one server of the upstream used',
      work: 'small',
      handler: (_request, _body, response) => {
        response.setHeader('x-origin', 'always-this')
        response.end(makeBody(100))
      },
      message: /1 of the 2 servers/,
    },
    {
      name: 'a client told to keep a connection it asked to close',
      work: 'connect',
      handler: (_request, _body, response) => {
        response.setHeader('connection', 'keep-alive')
        response.end(makeBody(100))
      },
      message: /Connection is "keep-alive"/,
    },
    {
      name: 'a connection broken instead of an answer',
      work: 'small',
      handler: (_request, _body, response) => response.destroy(),
      message: /^GET \/small: socket hang up$/,
    },
  ]
  for (const { name, work, handler, message } of faults) {
    it(`finds ${name}`, async () => {
      assert.match((await checkServer(findWork(work), handler)) ?? 'nothing', message)
    })
  }
})
