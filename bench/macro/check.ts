/**
 * Proves that a proxy gives the right answers before its speed is looked at.
 * Status, length and hash of the body are compared for the kind of work to come, the body of a
 * POST is echoed back by the origin, and both servers of the upstream must have been used.
 */

import { createHash } from 'node:crypto'
import { Agent, type IncomingMessage, request } from 'node:http'
import { ECHO_PATH, ORIGIN_FIELD } from './origin.ts'
import { makeBody, SINK_ANSWER, type WorkItem } from './work.ts'

/** Enough for each of two servers to have its turn several times. */
const CHECK_REQUESTS = 6

const ANSWER_MS_MAX = 10_000

interface Answer {
  readonly status: number
  readonly origin: string
  readonly connection: string
  readonly body: Buffer
}

interface Exchange {
  readonly method: string
  readonly path: string
  readonly sent: Buffer
  readonly expected: Buffer
}

/**
 * Checks a proxy's answers to one kind of work.
 *
 * @returns what is wrong, in one line; null when all is well
 */
export async function findWrongAnswer(port: number, item: WorkItem): Promise<string | null> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const origins = new Set<string>()
  try {
    for (let count = 0; count < CHECK_REQUESTS; count++) {
      for (const exchange of makeExchanges(item)) {
        const answer = await send(port, item, exchange, agent)
        origins.add(answer.origin)
        const fault = findFault(exchange, answer) ?? findConnectionFault(item, answer)
        if (fault !== null) return `${item.method} ${exchange.path}: ${fault}`
      }
    }
  } catch (error) {
    return `${item.method} ${item.path}: ${error instanceof Error ? error.message : error}`
  } finally {
    agent.destroy()
  }
  if (origins.size === 2 || item.cache !== 'none') return null
  return `${item.path}: ${origins.size} of the 2 servers of the upstream were used`
}

function makeExchanges(item: WorkItem): Exchange[] {
  const { method, path } = item
  const sent = makeBody(item.requestBytes)
  if (method === 'GET') return [{ method, path, sent, expected: makeBody(item.responseBytes) }]
  return [
    { method, path, sent, expected: Buffer.from(SINK_ANSWER) },
    { method, path: ECHO_PATH, sent, expected: sent },
  ]
}

function findFault({ expected }: Exchange, { status, body, origin }: Answer): string | null {
  if (status !== 200) return `status ${status}, expected 200`
  if (body.length !== expected.length) {
    return `body of ${body.length} bytes, expected ${expected.length}`
  }
  if (hash(body) !== hash(expected)) return 'the body differs from what the origin has'
  return origin === '' ? `the field ${ORIGIN_FIELD} of the origin is missing` : null
}

/** A client that is told "keep-alive" uses the connection again and finds it closed. */
function findConnectionFault(item: WorkItem, { connection }: Answer): string | null {
  if (!item.isNewConnectionEach || connection.toLowerCase() === 'close') return null
  return `Connection is "${connection}", although the client asked to close`
}

function hash(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex')
}

function send(port: number, item: WorkItem, exchange: Exchange, agent: Agent): Promise<Answer> {
  const { method, path, sent } = exchange
  const headers = {
    host: 'bench.test',
    ...(method === 'POST' ? { 'content-type': 'application/octet-stream' } : {}),
    ...(method === 'POST' ? { 'content-length': String(sent.length) } : {}),
    ...(item.isNewConnectionEach ? { connection: 'close' } : {}),
  }
  const signal = AbortSignal.timeout(ANSWER_MS_MAX)
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, method, path, headers, agent, signal })
    call.once('error', reject)
    call.once('response', response => {
      readBody(response).then(body => {
        const origin = String(response.headers[ORIGIN_FIELD] ?? '')
        const connection = String(response.headers.connection ?? '')
        resolve({ status: response.statusCode ?? 0, origin, connection, body })
      }, reject)
    })
    call.end(sent)
  })
}

async function readBody(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return Buffer.concat(chunks)
}
