// An exchange as the steps would have filled it, made from the bytes of a request, for what only reads exchanges.

import assert from 'node:assert/strict'

import { ErrorLog } from '../../src/base/error-log.ts'
import type { HeadLimits } from '../../src/http/request-parser.ts'
import { parseRequestHead, RequestHead } from '../../src/http/request-parser.ts'
import { parseResponseHead, ResponseHead } from '../../src/http/response-parser.ts'
import type { CompatProfile } from '../../src/model/config.ts'
import { defaultSettings } from '../../src/model/defaults.ts'
import type { LocationMatch } from '../../src/model/route.ts'
import type { Settings } from '../../src/model/settings.ts'
import { Exchange, type Try } from '../../src/proxy/exchange.ts'
import { readTarget } from '../../src/proxy/route.ts'
import type { LocationRuntime, ServerRuntime, Snapshot } from '../../src/proxy/runtime.ts'

const LIMITS: HeadLimits = {
  lineBytesMax: 8192,
  headBytesMax: 65536,
  fieldsMax: 1000,
  fieldLineBytesMax: 8192,
  allowUnderscores: true,
  ignoreInvalidFields: true,
}

/** 28 September 2001, 12:00:00.123 UTC. */
export const WALL_MS = 1_001_678_400_123

export interface FixtureOptions {
  /** Parts of the settings that are not the default ones. */
  readonly settings?: Partial<Settings>
  readonly match?: LocationMatch
  readonly connection?: Readonly<Record<string, unknown>>
  readonly compat?: CompatProfile
}

/** Makes the exchange of a request given as its lines, latin-1. */
export function makeExchange(lines: readonly string[], options: FixtureOptions = {}): Exchange {
  const bytes = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
  const head = new RequestHead()
  assert.equal(parseRequestHead(bytes, 0, bytes.length, head, LIMITS), null)
  const settings: Settings = { ...defaultSettings('nginx/1.30', '/prefix'), ...options.settings }
  const location = makeLocation(settings, options.match ?? null)
  const connection = {
    remoteAddress: '192.0.2.7',
    remotePort: 40_000,
    localAddress: '127.0.0.1',
    localPort: 8080,
    serial: 17,
    requests: 3,
    startedMs: 1000,
    isRequestRead: true,
    isPipelined: false,
    bodyBytesRead: 0,
    flow: null,
    ...options.connection,
  }
  const server = {
    config: { name: 'example.org', settings, action: { kind: 'files' } },
    locations: null,
    fallback: location,
  }
  // Only what variables, logs and files look at: the rest belongs to sockets.
  const exchange = new Exchange(
    connection as unknown as Exchange['connection'],
    head,
    makeSnapshot(options),
    server as unknown as ServerRuntime,
    5000,
  )
  exchange.requestBytes = bytes.length
  assert.equal(readTarget(exchange), null)
  exchange.location = location
  return exchange
}

/** Makes a location that has no handler of its own. */
export function makeLocation(settings: Settings, match: LocationMatch | null): LocationRuntime {
  const location = {
    config: match === null ? null : { match, settings, action: { kind: 'files' } },
    aliasMatch: settings.files.isAlias ? match : null,
    settings,
    signature: 'headgate',
    response: { wholeLines: () => '' },
    errorLog: new ErrorLog([]),
    accessLogs: [],
    errorPages: [],
  }
  return location as unknown as LocationRuntime
}

function makeSnapshot(options: FixtureOptions): Snapshot {
  const clock = { nowMs: 6234.9, wallMs: WALL_MS, wallSeconds: Math.floor(WALL_MS / 1000) }
  const services = { clock, pid: 4711, hostname: 'host.test', version: '0.0.0' }
  const compat = options.compat ?? 'nginx/1.30'
  return {
    services,
    compat,
    generation: 1,
    active: 1,
    isDraining: false,
    trace: null,
    definedVariables: new Map(),
  } as unknown as Snapshot
}

/** Gives the exchange the head of a peer's response. */
export function setResponse(exchange: Exchange, lines: readonly string[]): void {
  const bytes = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
  const head = new ResponseHead()
  assert.equal(parseResponseHead(bytes, 0, bytes.length, head, 'GET', LIMITS), null)
  exchange.responseHead = head
}

/** A try with nothing reached. */
export function makeTry(address: string, changes: Partial<Try> = {}): Try {
  return {
    address,
    startedMs: 0,
    queuedMs: -1,
    connectMs: -1,
    headerMs: -1,
    responseMs: -1,
    status: 0,
    bytesSent: 0,
    bytesReceived: 0,
    bodyBytes: 0,
    failure: null,
    ...changes,
  }
}
