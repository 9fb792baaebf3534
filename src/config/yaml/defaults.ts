// What holds in YAML where nothing is written. nginx's defaults, but where they are traps for
// today's applications: docs/yaml.md lists both side by side. A configuration in nginx's language
// keeps nginx's.

import {
  type CachePath,
  type CacheSettings,
  PLAIN_CACHE,
  PLAIN_CACHE_PATH,
  STANDARD_RANGE_OFFSET_MAX,
} from '../../model/cache.ts'
import type { CompatProfile, ProcessSettings } from '../../model/config.ts'
import {
  DEFAULT_COMPAT,
  defaultKeepalive,
  defaultProcess,
  defaultSettings,
} from '../../model/defaults.ts'
import type { Settings } from '../../model/settings.ts'
import { literal } from '../../model/template.ts'
import type { Keepalive } from '../../model/upstream.ts'

const KIB = 1024
const MIB = 1024 * KIB
const SECOND = 1000
const DAY = 86_400 * SECOND

/** The settings at the top of a file. */
export function yamlSettings(profile: CompatProfile, prefix: string): Settings {
  const nginx = defaultSettings(profile, prefix)
  return {
    ...nginx,
    files: { ...nginx.files, defaultType: 'application/octet-stream', types: WEB_TYPES },
    proxy: {
      ...nginx.proxy,
      httpVersion: '1.1',
      setFields: [
        { name: 'Host', value: [{ variable: 'http_host' }] },
        { name: 'Connection', value: [] },
        { name: 'X-Real-IP', value: [{ variable: 'remote_addr' }] },
        { name: 'X-Forwarded-For', value: [{ variable: 'proxy_add_x_forwarded_for' }] },
        { name: 'X-Forwarded-Proto', value: [{ variable: 'scheme' }] },
      ],
      // Response heads with a few cookies pass 4 kilobytes soon: "peer sent too big header".
      bufferBytes: 16 * KIB,
      busyBuffersBytes: 32 * KIB,
      buffersBytes: 64 * KIB,
      connectTimeoutMs: 5 * SECOND,
      allowsUpgrade: ['websocket'],
    },
    accessLogs: [
      {
        path: literal('/dev/stdout'),
        format: 'combined',
        bufferBytes: 0,
        flushMs: 0,
        condition: null,
      },
    ],
    errorLogs: [{ path: 'stderr', level: 'error', format: 'text' }],
    serverTokens: 'off',
  }
}

/**
 * The process at the top of a file: in the foreground, one worker per processor, logs to the
 * console.
 */
export function yamlProcess(prefix: string): ProcessSettings {
  return {
    ...defaultProcess(prefix),
    workerProcesses: 'auto',
    workerConnectionsMax: 1024,
    isDaemon: false,
    pidPath: '',
    errorLogs: [{ path: 'stderr', level: 'error', format: 'text' }],
  }
}

/** A cache: bounded, in directories that stay small, and not emptied by one quiet quarter of an hour. */
export function yamlCachePath(): Omit<CachePath, 'origin' | 'name' | 'path'> {
  return {
    ...PLAIN_CACHE_PATH,
    zoneBytes: 10 * MIB,
    levels: [1, 2],
    inactiveMs: DAY,
    bytesMax: 1024 * MIB,
    // A file that is renamed on its own file system is not copied.
    usesTempPath: false,
  }
}

/** What a route does with its cache: the RFCs, and nobody waits for a peer without need. */
export function yamlCache(): Omit<CacheSettings, 'cache'> {
  return {
    ...PLAIN_CACHE,
    mode: 'standard',
    // Peers get the client's Host, so two hosts are two answers.
    key: ['scheme', 'proxy_host', 'http_host', 'request_uri'].map(variable => ({ variable })),
    isLocking: true,
    isUpdatedInBackground: true,
    isRevalidating: true,
    rangeOffsetMax: STANDARD_RANGE_OFFSET_MAX,
    useStale: ['error', 'timeout', 'http_500', 'http_502', 'http_503', 'http_504'],
  }
}

/** Idle connections of a group, also of one that `proxy: { address: … }` makes. */
export function yamlKeepalive(): Keepalive {
  return { ...defaultKeepalive(DEFAULT_COMPAT), idleMax: 32 }
}

/** The media types that browsers insist on. */
const WEB_TYPES: Readonly<Record<string, string>> = {
  html: 'text/html',
  htm: 'text/html',
  css: 'text/css',
  js: 'text/javascript',
  mjs: 'text/javascript',
  json: 'application/json',
  map: 'application/json',
  txt: 'text/plain',
  xml: 'text/xml',
  svg: 'image/svg+xml',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  ico: 'image/x-icon',
  woff: 'font/woff',
  woff2: 'font/woff2',
  pdf: 'application/pdf',
  mp4: 'video/mp4',
  webm: 'video/webm',
  wasm: 'application/wasm',
  zip: 'application/zip',
}
