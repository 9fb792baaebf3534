// A snapshot made from nginx.conf text, in this thread and without a socket: requests go in as their lines, answers come
// out as the text that the connection was told to write.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { Logins } from '../../src/auth/logins.ts'
import { SystemClock } from '../../src/base/clock.ts'
import { ErrorLog } from '../../src/base/error-log.ts'
import { TimerWheel } from '../../src/base/timer-wheel.ts'
import { renderDiagnostics } from '../../src/config/diagnostic.ts'
import { readConfigText } from '../../src/config/read.ts'
import { readFallbackPages } from '../../src/control/fallback-pages.ts'
import { Generations } from '../../src/control/generations.ts'
import { listPeers } from '../../src/control/peer-lines.ts'
import { listenAddresses } from '../../src/control/reload-plan.ts'
import { resolveLines } from '../../src/control/resolve.ts'
import type { ClientConnection } from '../../src/downstream/client-connection.ts'
import type { ExchangeFlow } from '../../src/downstream/client-handler.ts'
import { parseRequestHead, RequestHead } from '../../src/http/request-parser.ts'
import { withFallbackGroups } from '../../src/model/fallback-group.ts'
import { beginExchange } from '../../src/proxy/begin.ts'
import { LogFiles } from '../../src/proxy/log-files.ts'
import type { Services } from '../../src/proxy/runtime.ts'
import { WorkerCaches } from '../../src/worker/cache-stores.ts'
import type { Generation } from '../../src/worker/messages.ts'
import { WorkerSnapshot } from '../../src/worker/snapshot.ts'
import { WaitLines } from '../../src/worker/wait-lines.ts'
import { createPeerZone, PeerZone } from '../../src/zone/peer-zone.ts'
import { afterTest } from '../harness/after-test.ts'

/** A snapshot and what it stands on. */
export interface SnapshotFixture {
  readonly snapshot: WorkerSnapshot
  readonly directory: string
  /** What was written to the error log of the process. */
  readonly errors: string[]
  /** Asks the address whose `addressText` is given; resolves when the exchange has ended. */
  ask(request: string, options?: AskOptions): Promise<FakeConnection>
}

export interface AskOptions {
  /** `addressText` of the listening address; without it the first. */
  readonly address?: string
  /** Called while the exchange may still wait for something. */
  onBegun?(connection: FakeConnection): void
}

/** Stands for a client's connection, and keeps what it is told. */
export class FakeConnection {
  readonly serial = 1
  readonly requests = 1
  readonly startedMs: number
  readonly requestStartedMs: number
  readonly remoteAddress = '192.0.2.7'
  readonly remotePort = 40_000
  readonly localAddress = '127.0.0.1'
  readonly localPort = 8080
  readonly mayServeNext = true
  readonly isHalfClosed = false
  phase = 'busy'
  flow: ExchangeFlow | null = null
  written = ''
  /** Milliseconds for which the connection is kept; 0 = closed, null = the exchange did not end so. */
  keptMs: number | null = null
  /** `reset`, `closed`, or null when it was not cut. */
  cut: string | null = null
  readonly ended: Promise<void>
  readonly head: RequestHead
  readonly #end: () => void

  constructor(head: RequestHead, nowMs: number) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.head = head
    this.startedMs = nowMs
    this.requestStartedMs = nowMs
    this.ended = promise
    this.#end = resolve
  }

  get status(): number {
    return Number(this.written.slice(9, 12))
  }

  /** The body of the answer. */
  get body(): string {
    const end = this.written.indexOf('\r\n\r\n')
    return this.written.slice(end + 4)
  }

  /** The value of a field of the answer; null when there is none. */
  field(name: string): string | null {
    const head = this.written.slice(0, this.written.indexOf('\r\n\r\n'))
    const line = head.split('\r\n').find(each => each.toLowerCase().startsWith(`${name}:`))
    return line === undefined ? null : line.slice(name.length + 1).trim()
  }

  writeText(text: string): boolean {
    this.written += text
    return true
  }

  writeBytes(bytes: Buffer): boolean {
    this.written += bytes.toString('latin1')
    return true
  }

  setSendTimeout(): void {}

  finishResponse(keepaliveMs: number): void {
    assert.equal(this.keptMs ?? this.cut, null, 'ended twice')
    this.keptMs = keepaliveMs
    this.#end()
  }

  abort(isReset: boolean): void {
    assert.equal(this.keptMs ?? this.cut, null, 'ended twice')
    this.cut = isReset ? 'reset' : 'closed'
    this.#end()
  }
}

const clock = new SystemClock()

/** Reads `http` (with `DIR` for a directory of the test) and compiles it. */
export async function makeSnapshot(
  t: TestContext,
  http: string,
  main = '',
): Promise<SnapshotFixture> {
  const directory = mkdtempSync(join(tmpdir(), 'headgate-snapshot-'))
  afterTest(t, () => rmSync(directory, { recursive: true, force: true }))
  const errors: string[] = []
  const errorLog = new ErrorLog([])
  t.mock.method(errorLog, 'write', (level: string, text: string) => errors.push(`${level} ${text}`))
  const services: Services = {
    clock,
    wheel: new TimerWheel(clock),
    errorLog,
    workerIndex: 0,
    pid: 1,
    hostname: 'host.test',
    version: '1.2.3',
    logins: new Logins(clock),
    nextExchangeNumber: () => 1,
    purgePrefix: (_cache, _prefix, onDone) => onDone(0),
  }
  const zone = createPeerZone()
  const generation = await makeGeneration(
    `${main} error_log DIR/error.log;
events { }
http { access_log off; ${http} }`.replaceAll('DIR', directory),
    directory,
    new Generations(new PeerZone(zone, -1)),
  )
  const logFiles = new LogFiles(errorLog, clock)
  const snapshot = new WorkerSnapshot(generation, {
    services,
    clock,
    zone: new PeerZone(zone, 0),
    waitLines: new WaitLines(clock, services.wheel, 0),
    logFiles,
    caches: new WorkerCaches({
      clock,
      wheel: services.wheel,
      errorLog,
      workerIndex: 0,
      threadId: 1,
      workerCount: 1,
      descriptorsMax: 1024,
    }),
  })
  afterTest(t, () => {
    snapshot.retire(() => {})
    logFiles.closeAll()
  })
  return { snapshot, directory, errors, ask: (request, options) => ask(snapshot, request, options) }
}

async function makeGeneration(
  text: string,
  prefix: string,
  generations: Generations,
): Promise<Generation> {
  const {
    config: written,
    diagnostics,
    sources,
  } = readConfigText('test.conf', text, {
    prefix,
    env: {},
    globals: '',
    hostname: 'test',
    format: 'nginx',
  })
  if (written === null) throw new Error(renderDiagnostics(diagnostics, sources))
  const config = withFallbackGroups(readFallbackPages(written).config)
  const { lines } = await resolveLines(config.upstreams)
  const generation = generations.make(config, lines.map(listPeers), listenAddresses(config))
  assert.ok(generation !== null)
  return generation
}

async function ask(
  snapshot: WorkerSnapshot,
  request: string,
  options: AskOptions = {},
): Promise<FakeConnection> {
  const [first] = snapshot.addresses.keys()
  const address = snapshot.addresses.get(options.address ?? first!)
  assert.ok(address !== undefined, `nobody listens on ${options.address}`)
  clock.refresh()
  const head = new RequestHead()
  const bytes = Buffer.from(request, 'latin1')
  assert.equal(parseRequestHead(bytes, 0, bytes.length, head, address.limits.head), null)
  const connection = new FakeConnection(head, clock.nowMs)
  // Only what exchanges ask of a connection: the rest belongs to sockets.
  beginExchange(connection as unknown as ClientConnection, snapshot, address.servers)
  options.onBegun?.(connection)
  await connection.ended
  return connection
}

/** The bytes of a request without body. */
export function requestTo(
  target: string,
  method = 'GET',
  fields: readonly string[] = [],
  version = '1.1',
): string {
  return `${[`${method} ${target} HTTP/${version}`, 'Host: a.test', ...fields].join('\r\n')}\r\n\r\n`
}
