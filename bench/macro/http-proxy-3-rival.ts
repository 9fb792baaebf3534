/**
 * The program measured as "http-proxy-3": one process, a keep-alive agent, the two servers of the
 * origin in turn. Started by the benchmark with its own port and the origin's ports.
 */

import { Agent, createServer } from 'node:http'
import { createProxyServer } from 'http-proxy-3'

const [port = 0, ...originPorts] = process.argv.slice(2).map(Number)
const targets = originPorts.map(originPort => `http://127.0.0.1:${originPort}`)

const proxy = createProxyServer({
  agent: new Agent({ keepAlive: true, maxFreeSockets: 1024 }),
  // Else a client's "Connection: close" is passed on, and the agent has nothing to keep.
  headers: { connection: 'keep-alive' },
})
// Else the origin's "Connection: keep-alive" is told to a client that asked to close.
proxy.on('proxyRes', response => {
  delete response.headers.connection
})
let turn = 0

const server = createServer((request, response) => {
  turn = (turn + 1) % targets.length
  const target = targets[turn]
  if (target === undefined) return
  proxy.web(request, response, { target }, () => {
    if (!response.headersSent) response.writeHead(502)
    response.end()
  })
})
// As with every other proxy here: no limit on the requests of one connection.
server.maxRequestsPerSocket = 0
server.listen({ host: '127.0.0.1', port, backlog: 4096 })

process.once('SIGTERM', () => process.exit(0))
