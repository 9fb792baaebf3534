// What holds where nothing was written: nginx's defaults (http://nginx.org/en/docs/), with a page
// of 4 kilobytes and a 64-bit machine. The compat profile decides the ones that nginx 1.29.7
// changed: the protocol and Connection towards peers, and idle connections to explicit groups.

import { join } from 'node:path'

import { OPEN_ACCESS } from './access.ts'
import { type CompatProfile, NO_FILE_WATCH, type ProcessSettings } from './config.ts'
import { NO_LIMITS } from './limit-settings.ts'
import { BUILT_IN } from './origin.ts'
import type { FieldTemplate, ProxySettings } from './proxy-settings.ts'
import { DEFAULT_REAL_IP } from './real-ip.ts'
import { DEFAULT_RESOLVER } from './resolver.ts'
import type { AccessLog, ClientSettings, ErrorLog, LogFormat, Settings } from './settings.ts'
import { literal } from './template.ts'
import { DEFAULT_PEER_TLS, DEFAULT_SERVER_TLS } from './tls.ts'
import type { Keepalive } from './upstream.ts'

const KIB = 1024
const MIB = 1024 * KIB
const SECOND = 1000
const HOUR = 3600 * SECOND

/** The profile that holds where a configuration names none. */
export const DEFAULT_COMPAT: CompatProfile = 'nginx/1.30'

/** Response fields of peers that nginx keeps to itself, lower case. */
export const HIDDEN_FIELDS: readonly string[] = [
  'date',
  'server',
  'x-pad',
  'x-accel-expires',
  'x-accel-redirect',
  'x-accel-limit-rate',
  'x-accel-buffering',
  'x-accel-charset',
]

/** nginx's media types where no `types` block is written. */
export const DEFAULT_TYPES: Readonly<Record<string, string>> = {
  html: 'text/html',
  gif: 'image/gif',
  jpg: 'image/jpeg',
}

/** Log formats that exist without being written: nginx's `combined`. */
export const DEFAULT_LOG_FORMATS: readonly LogFormat[] = [
  {
    name: 'combined',
    escape: 'default',
    text: [
      { variable: 'remote_addr' },
      ' - ',
      { variable: 'remote_user' },
      ' [',
      { variable: 'time_local' },
      '] "',
      { variable: 'request' },
      '" ',
      { variable: 'status' },
      ' ',
      { variable: 'body_bytes_sent' },
      ' "',
      { variable: 'http_referer' },
      '" "',
      { variable: 'http_user_agent' },
      '"',
    ],
  },
]

/** The fields that nginx sets towards peers where the user set none of that name. */
export function defaultSetFields(profile: CompatProfile): readonly FieldTemplate[] {
  return [
    { name: 'Host', value: [{ variable: 'proxy_host' }] },
    { name: 'Connection', value: profile === 'nginx/1.28' ? literal('close') : [] },
  ]
}

/** The access log where none is written. */
export function defaultAccessLog(prefix: string): AccessLog {
  return {
    path: literal(join(prefix, 'logs/access.log')),
    format: 'combined',
    bufferBytes: 0,
    flushMs: 0,
    condition: null,
  }
}

/** The error log where none is written. */
export function defaultErrorLog(prefix: string): ErrorLog {
  return { path: join(prefix, 'logs/error.log'), level: 'error', format: 'text' }
}

/**
 * Makes the settings of a location where nothing was written at any level.
 *
 * @param prefix absolute directory that relative paths stand under
 */
export function defaultSettings(profile: CompatProfile, prefix: string): Settings {
  return {
    client: defaultClient(prefix),
    files: {
      root: literal(join(prefix, 'html')),
      isAlias: false,
      index: [literal('index.html')],
      defaultType: 'text/plain',
      types: DEFAULT_TYPES,
      modifiedSince: 'exact',
      hasEtag: true,
      rangesMax: null,
      symlinks: null,
      hasAutoindex: false,
      autoindexFormat: 'html',
      autoindexExact: true,
      autoindexLocal: false,
    },
    proxy: defaultProxy(profile, prefix),
    tls: DEFAULT_SERVER_TLS,
    access: OPEN_ACCESS,
    resolver: DEFAULT_RESOLVER,
    limits: NO_LIMITS,
    realIp: DEFAULT_REAL_IP,
    addFields: [],
    addTrailers: [],
    expires: { kind: 'off' },
    errorPages: [],
    nestsErrorPages: false,
    accessLogs: [defaultAccessLog(prefix)],
    errorLogs: [defaultErrorLog(prefix)],
    serverTokens: 'on',
    mergesSlashes: true,
    absoluteRedirect: true,
    portInRedirect: true,
    serverNameInRedirect: false,
    logsNotFound: true,
    logsRewrites: false,
    warnsUnset: true,
  }
}

/**
 * Makes the idle connections of an explicit group where nothing was written: 32 from nginx 1.29.7
 * on, none before. Implicit groups are never pooled (`implicitKeepalive`).
 */
export function defaultKeepalive(profile: CompatProfile): Keepalive {
  return {
    idleMax: profile === 'nginx/1.28' ? 0 : 32,
    requestsMax: 1000,
    ageMaxMs: HOUR,
    idleTimeoutMs: 60 * SECOND,
    isLocal: false,
  }
}

/** The idle connections of an implicit group: none, in every profile. */
export function implicitKeepalive(profile: CompatProfile): Keepalive {
  return { ...defaultKeepalive(profile), idleMax: 0 }
}

/**
 * Makes the process settings where nothing was written. A worker for every core, where nginx has one; as in nginx in the
 * background.
 */
export function defaultProcess(prefix: string): ProcessSettings {
  return {
    origin: BUILT_IN,
    workerProcesses: 'auto',
    workerConnectionsMax: 512,
    isDaemon: true,
    pidPath: join(prefix, 'logs/headgate.pid'),
    shutdownTimeoutMs: 0,
    errorLogs: [defaultErrorLog(prefix)],
    controlPath: null,
    fileWatch: NO_FILE_WATCH,
  }
}

function defaultClient(prefix: string): ClientSettings {
  return {
    headerBufferBytes: KIB,
    largeHeaderBuffers: { count: 4, bytes: 8 * KIB },
    headerTimeoutMs: 60 * SECOND,
    bodyBytesMax: MIB,
    bodyBufferBytes: 16 * KIB,
    bodyTimeoutMs: 60 * SECOND,
    bodyTempPath: join(prefix, 'client_body_temp'),
    bodyFile: 'off',
    sendTimeoutMs: 60 * SECOND,
    keepaliveTimeoutMs: 75 * SECOND,
    keepaliveHeaderSeconds: 0,
    keepaliveRequestsMax: 1000,
    keepaliveAgeMaxMs: HOUR,
    keepaliveMinMs: 0,
    keepaliveDisable: ['msie6'],
    fieldsMax: 1000,
    resetsTimedOut: false,
    sendsChunks: true,
    allowsUnderscores: false,
    ignoresInvalidFields: true,
    lingering: { mode: 'on', timeMs: 30 * SECOND, timeoutMs: 5 * SECOND },
  }
}

function defaultProxy(profile: CompatProfile, prefix: string): ProxySettings {
  return {
    httpVersion: profile === 'nginx/1.28' ? '1.0' : '1.1',
    setFields: defaultSetFields(profile),
    hideFields: HIDDEN_FIELDS,
    redirects: 'default',
    cookieDomains: [],
    cookiePaths: [],
    cookieFlags: [],
    method: null,
    body: null,
    passesFields: true,
    passesBody: true,
    forcesRanges: false,
    earlyHints: null,
    tls: DEFAULT_PEER_TLS,
    isBuffering: true,
    isRequestBuffering: true,
    limitRate: 0,
    bufferBytes: 4 * KIB,
    buffersBytes: 8 * 4 * KIB,
    busyBuffersBytes: 8 * KIB,
    tempFileBytesMax: 1024 * MIB,
    tempFileWriteBytes: 8 * KIB,
    tempPath: join(prefix, 'proxy_temp'),
    bind: null,
    isSocketKeptAlive: false,
    connectTimeoutMs: 60 * SECOND,
    sendTimeoutMs: 60 * SECOND,
    readTimeoutMs: 60 * SECOND,
    retry: {
      on: ['error', 'timeout'],
      triesMax: 0,
      timeoutMs: 0,
      tryTimeoutMs: 0,
      deadlineMs: 0,
      backoffMs: 0,
      backoffMaxMs: 250,
      budgetPercent: 0,
      budgetMin: 3,
      connectHedgeMs: 250,
      hedgePercentile: 0,
      hedgeMinMs: 10,
    },
    ignoresClientAbort: false,
    interceptsErrors: false,
    allowsUpgrade: [],
    passesTrailers: false,
    ignoreFields: [],
    cache: null,
    store: null,
  }
}
