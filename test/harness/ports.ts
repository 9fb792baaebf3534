// Ports on loopback that nobody listens on.

import { connect, createServer } from 'node:net'

/** Below the ports that connections go out from: one of those may be taken the moment after it was found free. */
const FIRST = 10_240
const LAST = 32_767

// Processes that look at the same time begin at different places.
let next = FIRST + ((process.pid * 97) % (LAST - FIRST))

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 1000; tries++) {
    next = next >= LAST ? FIRST : next + 1
    const port = next
    if (await isFree(port)) return port
  }
  throw new Error('no free port was found')
}

function isFree(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer().on('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

/** Whether somebody accepts connections on it. */
export function accepts(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
