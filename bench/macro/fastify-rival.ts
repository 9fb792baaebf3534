/**
 * The program measured as "@fastify/http-proxy": one process, its own pool of kept connections,
 * the two servers of the origin in turn. Started by the benchmark with its own port and the
 * origin's ports.
 */

import httpProxy from '@fastify/http-proxy'
import fastify from 'fastify'

const [port = 0, ...originPorts] = process.argv.slice(2).map(Number)
const targets = originPorts.map(originPort => `http://127.0.0.1:${originPort}`)
let turn = 0

const server = fastify({ logger: false, bodyLimit: 8 * 1024 * 1024 })
await server.register(httpProxy, {
  upstream: '',
  replyOptions: {
    getUpstream: () => {
      turn = (turn + 1) % targets.length
      return targets[turn] ?? ''
    },
    // Else the origin's "Connection: keep-alive" is told to a client that asked to close.
    rewriteHeaders: ({ connection: _, ...headers }) => headers,
  },
})
await server.listen({ host: '127.0.0.1', port, backlog: 4096 })

process.once('SIGTERM', () => process.exit(0))
