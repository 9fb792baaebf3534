// One request in a snapshot that serves nobody: no listener, no socket, no peer, no log file; memory of its own in place of
// what workers share. It goes through the functions that requests go through, and ends where the first byte would go to
// its client or a peer would be asked.

import { Logins } from '../auth/logins.ts'
import { SystemClock } from '../base/clock.ts'
import { ErrorLog } from '../base/error-log.ts'
import { type Failure, fail } from '../base/failure.ts'
import { TimerWheel } from '../base/timer-wheel.ts'
import { VERSION } from '../base/version.ts'
import type { ClientConnection } from '../downstream/client-connection.ts'
import { type ClientFacts, DetachedClient } from '../downstream/detached-client.ts'
import { findHeadEnd, parseRequestHead, RequestHead } from '../http/request-parser.ts'
import { beginExchange, refuseRequest } from '../proxy/begin.ts'
import { LogFiles } from '../proxy/log-files.ts'
import type { Services } from '../proxy/runtime.ts'
import type { Trace } from '../proxy/trace.ts'
import { PeerZone } from '../zone/peer-zone.ts'
import { WorkerCaches } from './cache-stores.ts'
import type { Generation } from './messages.ts'
import { type AddressRuntime, WorkerSnapshot } from './snapshot.ts'
import { WaitLines } from './wait-lines.ts'

/** What the client is told first: the head of the answer, or nothing where its connection is closed. */
export interface Told {
  /** Latin-1, with the empty line; empty = the connection is closed without an answer. */
  readonly head: string
  /** What of the body came with it. */
  readonly body: string
}

/** Stands for a client; what it is told ends the exchange. */
class RehearsalClient extends DetachedClient {
  readonly told = Promise.withResolvers<Told>()

  override writeText(text = ''): boolean {
    const end = text.indexOf('\r\n\r\n') + 4
    this.told.resolve({ head: text.slice(0, end), body: text.slice(end) })
    // Nobody waits for the rest of a file.
    queueMicrotask(() => this.flow?.onClientGone(fail('client_gone')))
    return true
  }

  override writeBytes(bytes: Buffer = Buffer.alloc(0)): boolean {
    return this.writeText(bytes.toString('latin1'))
  }

  override finishResponse(): void {
    super.finishResponse()
    this.told.resolve({ head: '', body: '' })
  }

  override abort(): void {
    super.abort()
    this.told.resolve({ head: '', body: '' })
  }
}

/** For who only wants to know whether it compiles. */
const DEAF: Trace = {
  onLocation: () => {},
  onForward: () => {},
  onUnserved: () => {},
  onPhase: () => {},
  onErrorPage: () => {},
  onDecision: () => {},
}

export class Rehearsal {
  readonly snapshot: WorkerSnapshot
  readonly #clock = new SystemClock()

  /**
   * @param generation without access logs and error logs: their files would be opened
   * @param peerZone holds the generation's peers
   */
  constructor(
    generation: Generation,
    peerZone: SharedArrayBuffer,
    hostname: string,
    trace: Trace = DEAF,
  ) {
    const clock = this.#clock
    const wheel = new TimerWheel(clock)
    const errorLog = new ErrorLog([])
    let number = 0
    const services: Services = {
      clock,
      wheel,
      errorLog,
      workerIndex: 0,
      logins: new Logins(clock),
      pid: process.pid,
      hostname,
      version: VERSION,
      nextExchangeNumber: () => ++number,
      purgePrefix: (_cache, _prefix, onDone) => onDone(0),
    }
    this.snapshot = new WorkerSnapshot(generation, {
      services,
      clock,
      zone: new PeerZone(peerZone, 0),
      waitLines: new WaitLines(clock, wheel, 0),
      logFiles: new LogFiles(errorLog, clock),
      caches: new WorkerCaches({
        clock,
        wheel,
        errorLog,
        workerIndex: 0,
        workerCount: 1,
        descriptorsMax: 0,
        threadId: 0,
      }),
      trace,
    })
  }

  /**
   * Lets one request begin.
   *
   * @param text its head, latin-1
   * @returns what its client would be told first; never settles when the trace is told of a peer in place of that
   */
  begin(
    text: string,
    address: AddressRuntime,
    client: Omit<ClientFacts, 'startedMs'>,
  ): Promise<Told> {
    this.#clock.refresh()
    const { nowMs } = this.#clock
    const bytes = Buffer.from(text, 'latin1')
    const head = new RequestHead()
    const end = findHeadEnd(bytes, 0, bytes.length)
    const failure = parseRequestHead(bytes, 0, end, head, address.limits.head)
    const fake = new RehearsalClient({ ...client, startedMs: nowMs }, head, nowMs)
    // Beginning reads nothing of a connection but what every client has.
    const connection = fake as unknown as ClientConnection
    if (failure === null) beginExchange(connection, this.snapshot, address.servers)
    else this.#refuse(connection, failure, address)
    return fake.told.promise
  }

  #refuse(connection: ClientConnection, failure: Failure, address: AddressRuntime): void {
    refuseRequest(connection, failure, this.snapshot, address.servers)
  }

  close(): void {
    this.snapshot.retire(() => {})
  }
}
