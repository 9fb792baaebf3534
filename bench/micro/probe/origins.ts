// The peers of the probe benchmark, in a process of their own: so many HTTP servers on loopback
// ports, each with a page of some kilobytes. Tells its ports to the process that started it, and
// ends with it.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const count = Number(process.argv[2])
const page = `<html><title>Test Page</title>${'<p>line</p>\n'.repeat(400)}</html>`
let requests = 0

const ports = await Promise.all(
  Array.from({ length: count }, async () => {
    const server = createServer((_request, response) => {
      requests++
      response.setHeader('content-type', 'text/html')
      response.end(page)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    // A server on a TCP port has an address of this kind.
    return (server.address() as AddressInfo).port
  }),
)
process.send?.({ ports })
process.on('message', () => process.send?.({ requests }))
process.on('disconnect', () => process.exit())
