// A name server on loopback that answers as a test says, over datagrams and over connections.

import { createSocket, type Socket as DatagramSocket, type RemoteInfo } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'

import { type Answer, type DecodedPacket, decode, encode, type Packet } from 'dns-packet'

import type { NameServer } from '../../src/dns/name-server.ts'

/** What a question gets: datagrams, one after the other; none is silence. */
export type Script = (query: DecodedPacket, from: RemoteInfo) => readonly Buffer[]

export interface ScriptedServer extends AsyncDisposable {
  readonly server: NameServer
  readonly queries: DecodedPacket[]
  /** Waits for the next question. */
  nextQuery(): Promise<void>
}

/** A reply to a query, with what the test changes in it. */
export function replyTo(query: DecodedPacket, changes: ReplyChanges = {}): Buffer {
  const { code = 0, ...packet } = changes
  return encode({
    type: 'response',
    id: query.id,
    questions: query.questions,
    ...packet,
    flags: (packet.flags ?? 0) | code,
  })
}

export type ReplyChanges = Packet & { readonly code?: number }

/** An address record for the name of the query. */
export function address(query: DecodedPacket, data: string, ttl = 60): Answer {
  const { name } = query.questions![0]!
  return { type: data.includes(':') ? 'AAAA' : 'A', name, ttl, data }
}

/** What a connection gets for the question that came over it. */
export type StreamScript = (query: DecodedPacket, socket: Socket) => void

/** Starts a server for datagrams, and for connections on the same port where it has a script for them. */
export async function scriptedServer(
  script: Script,
  streamScript: StreamScript | null = null,
): Promise<ScriptedServer> {
  const [socket, stream] = await openBoth(streamScript)
  const queries: DecodedPacket[] = []
  let onQuery = (): void => {}
  socket.on('message', (bytes, from) => {
    const query = decode(bytes)
    queries.push(query)
    for (const reply of script(query, from)) socket.send(reply, from.port, from.address)
    onQuery()
  })
  return {
    server: { host: '127.0.0.1', port: socket.address().port },
    queries,
    nextQuery: () => new Promise(resolve => (onQuery = resolve)),
    [Symbol.asyncDispose]: async () => {
      socket.close()
      await Promise.all([once(socket, 'close'), stream?.[Symbol.asyncDispose]()])
    },
  }
}

/** A port that is free for one kind may be taken for the other: then the next one. */
async function openBoth(
  streamScript: StreamScript | null,
): Promise<[socket: DatagramSocket, stream: ScriptedStream | null]> {
  for (;;) {
    const stream = streamScript === null ? null : await openStream(streamScript)
    const socket = createSocket('udp4')
    socket.bind(stream?.port ?? 0, '127.0.0.1')
    try {
      await once(socket, 'listening')
      return [socket, stream]
    } catch (error) {
      socket.close()
      await stream?.[Symbol.asyncDispose]()
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    }
  }
}

interface ScriptedStream extends AsyncDisposable {
  readonly port: number
}

async function openStream(script: StreamScript): Promise<ScriptedStream> {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('data', bytes => script(decode(bytes.subarray(2)), socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** A message as a stream carries it. */
export function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(message.length)
  return Buffer.concat([length, message])
}
