// Configurations that nobody would write, for properties of the YAML writer: every field of the
// model takes unusual values, and texts are made of what YAML and our dollar rules find special.

import { isIP } from 'node:net'
import fc from 'fast-check'
import { yamlCache, yamlKeepalive, yamlSettings } from '../../../src/config/yaml/defaults.ts'
import {
  type AccessSettings,
  type AddressRange,
  LIMITABLE_METHODS,
  limitedMethods,
} from '../../../src/model/access.ts'
import {
  CACHE_MODES,
  type CachePacing,
  type CachePath,
  type CacheSettings,
  IGNORABLE_FIELDS,
  LOADER_PACING,
  PURGER_PACING,
  STALE_CONDITIONS,
} from '../../../src/model/cache.ts'
import type { Config } from '../../../src/model/config.ts'
import { DEFAULT_LOG_FORMATS, defaultSettings } from '../../../src/model/defaults.ts'
import {
  CONNECTIONS_MAX,
  LIMIT_LOG_LEVELS,
  LIMIT_ZONE_BYTES_MIN,
  type LimitSettings,
  type LimitZone,
  type Rate,
} from '../../../src/model/limit-settings.ts'
import { addressText, type Listen, type ListenAddress } from '../../../src/model/listener.ts'
import { BUILT_IN } from '../../../src/model/origin.ts'
import {
  DEFAULT_OUTLIERS,
  FAIL_CONDITIONS,
  type PassiveHealth,
} from '../../../src/model/passive-health.ts'
import type {
  Alerts,
  HeaderTest,
  Probe,
  ProbeCheck,
  ProbeTls,
  StatusRange,
  TextTest,
} from '../../../src/model/probe.ts'
import { COOKIE_FLAGS, RETRY_CONDITIONS } from '../../../src/model/proxy-settings.ts'
import type { ResolverSettings } from '../../../src/model/resolver.ts'
import type {
  Action,
  Location,
  LocationMatch,
  Server,
  ServerName,
} from '../../../src/model/route.ts'
import { LOG_LEVELS, OLD_BROWSERS, type Settings } from '../../../src/model/settings.ts'
import {
  literal,
  literalText,
  type Template,
  type TemplatePart,
} from '../../../src/model/template.ts'
import {
  CLIENT_CHECKS,
  type PeerTls,
  type ServerTls,
  type SessionCache,
  TLS_VERSIONS,
} from '../../../src/model/tls.ts'
import {
  type Fallback,
  HASH_PLACEMENTS,
  type Keepalive,
  type Method,
  type Peer,
  PLAIN_PEER,
  PLAIN_UPSTREAM,
  PROXY_PROTOCOLS,
  type Sticky,
  type Upstream,
} from '../../../src/model/upstream.ts'
import { type DrawnSteps, makeSteps } from './rewrite-arbitraries.ts'
import { makeDefinitions } from './variable-arbitraries.ts'

const origin = BUILT_IN

const PIECES = [
  ...[
    'a',
    'B',
    '7',
    '_',
    ' ',
    '  ',
    '$',
    '$$',
    '${',
    '}',
    '${HOME}',
    '${x:-y}',
    '{',
    '[',
    ']',
    ',',
  ],
  ...[
    ':',
    ': ',
    '#',
    ' #',
    '&',
    '*',
    '!',
    '|',
    '>',
    '%',
    '@',
    '`',
    '"',
    "'",
    '\\',
    '/',
    '-',
    '?',
    '~',
    '=',
  ],
  ...[
    '\n',
    '\t',
    '\r',
    'é',
    '\u0085',
    '\u2028',
    '\u{1f600}',
    'null',
    'true',
    'off',
    '1.0',
    '0x1f',
    '<<',
  ],
]
const text = fc.array(fc.constantFrom(...PIECES), { maxLength: 6 }).map(pieces => pieces.join(''))
const someText = text.filter(value => value !== '')
const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/)
const token = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,8}$/)
const VARIABLES = ['host', 'uri', 'args', 'http_x_a', 'remote_addr', '1', 'upstream_http_b']
const variable = fc.constantFrom(...VARIABLES).map(name => ({ variable: name }))

/** Neighbouring texts are one part, as readers make them. */
function joined(parts: readonly TemplatePart[]): Template {
  const result: TemplatePart[] = []
  for (const part of parts) {
    const last = result.at(-1)
    if (part === '') continue
    if (typeof part === 'string' && typeof last === 'string')
      result[result.length - 1] = last + part
    else result.push(part)
  }
  return result
}

const template = fc.array(fc.oneof(text, variable), { maxLength: 4 }).map(joined)
const someTemplate = template.filter(value => value.length > 0)
const path = text.map(value => `/${value}`)
const pathTemplate = fc.oneof(
  fc.tuple(path, template).map(([first, rest]) => joined([first, ...rest])),
  template.map(rest => joined([{ variable: 'document_root' }, ...rest])),
)

const ms = fc.oneof(
  fc.nat({ max: 100_000 }),
  fc.nat({ max: 100 }).map(seconds => seconds * 1000),
  fc.nat({ max: 50 }).map(hours => hours * 3_600_000),
)
const seconds = fc.nat({ max: 100_000 })
const bytes = fc.oneof(
  fc.nat(),
  fc.nat({ max: 2000 }).map(kib => kib * 1024),
)
const someBytes = bytes.map(value => value + 1)
const count = fc.integer({ min: 1, max: 100_000 })
const status = fc.integer({ min: 300, max: 599 })

const tcp: fc.Arbitrary<ListenAddress> = fc.record({
  kind: fc.constant('tcp' as const),
  host: fc.constantFrom('0.0.0.0', '127.0.0.1', '::', '::1', 'fe80::1', 'example.com', 'a_b'),
  port: fc.integer({ min: 1, max: 65_535 }),
})
const unix: fc.Arbitrary<ListenAddress> = text.map(value => ({
  kind: 'unix' as const,
  path: `/run/${value}`,
}))
const address = fc.oneof(tcp, unix)

const keepalive: fc.Arbitrary<Keepalive> = fc.oneof(
  fc.constant(yamlKeepalive()),
  fc.nat({ max: 100 }).map(idleMax => ({ ...yamlKeepalive(), idleMax })),
  fc.record({
    idleMax: fc.nat(),
    requestsMax: count,
    ageMaxMs: ms,
    idleTimeoutMs: ms,
    isLocal: fc.boolean(),
  }),
)

const peer: fc.Arbitrary<Peer> = fc
  .record({
    address,
    name: fc.option(word),
    weight: fc.integer({ min: 1, max: 65_535 }),
    maxConns: fc.nat({ max: 1000 }),
    maxFails: fc.nat({ max: 10 }),
    failTimeoutSeconds: seconds,
    isBackup: fc.boolean(),
    isDown: fc.boolean(),
    isDraining: fc.boolean(),
    slowStartSeconds: seconds,
    route: fc.option(fc.constantFrom('a', 'route-32')),
    isResolving: fc.boolean(),
    service: fc.option(word),
    isRaced: fc.boolean(),
  })
  .map(made => ({ ...made, origin, name: made.name ?? addressText(made.address) }))
  .map(made => {
    const { address } = made
    const isName = address.kind === 'tcp' && isIP(address.host) === 0
    const isResolving = made.isResolving && isName
    const isRaced = made.isRaced && isName
    const hasService = isResolving && !isRaced && address.kind === 'tcp' && address.port === 80
    return { ...made, isResolving, isRaced, service: hasService ? made.service : null }
  })

const listen: fc.Arbitrary<Listen> = fc.record({
  origin: fc.constant(origin),
  address,
  isDefault: fc.boolean(),
  backlog: fc.constantFrom(511, 1024),
  ipv6Only: fc.boolean(),
  expectsProxyHeader: fc.boolean(),
})

/** Some of the properties of a group, the others as they were. */
function partly<T extends object>(
  arbitraries: { [K in keyof T]: fc.Arbitrary<T[K]> },
): fc.Arbitrary<Partial<T>> {
  return fc.record(arbitraries, { requiredKeys: [] }) as fc.Arbitrary<Partial<T>>
}

const client = partly<Settings['client']>({
  headerBufferBytes: someBytes,
  largeHeaderBuffers: fc.record({ count, bytes: someBytes }),
  headerTimeoutMs: ms,
  bodyBytesMax: bytes,
  bodyBufferBytes: someBytes,
  bodyTimeoutMs: ms,
  bodyTempPath: path,
  sendTimeoutMs: ms,
  keepaliveTimeoutMs: ms,
  keepaliveHeaderSeconds: seconds,
  keepaliveRequestsMax: count,
  keepaliveAgeMaxMs: ms,
  keepaliveMinMs: ms,
  keepaliveDisable: fc.uniqueArray(fc.constantFrom(...OLD_BROWSERS)),
  fieldsMax: count,
  resetsTimedOut: fc.boolean(),
  sendsChunks: fc.boolean(),
  bodyFile: fc.constantFrom('off' as const, 'on' as const, 'clean' as const),
  allowsUnderscores: fc.boolean(),
  ignoresInvalidFields: fc.boolean(),
  lingering: fc.record({
    mode: fc.constantFrom('off' as const, 'on' as const, 'always' as const),
    timeMs: ms,
    timeoutMs: ms,
  }),
})

const files = partly<Omit<Settings['files'], 'isAlias'>>({
  root: pathTemplate,
  index: fc.array(someTemplate, { maxLength: 3 }),
  defaultType: someText,
  types: fc.dictionary(fc.constantFrom('html', 'gif', 'md', 'x7', 'on'), someText, {
    noNullPrototype: true,
  }),
  modifiedSince: fc.constantFrom('off' as const, 'exact' as const, 'before' as const),
  hasEtag: fc.boolean(),
  rangesMax: fc.option(fc.nat({ max: 100 })),
  hasAutoindex: fc.boolean(),
  autoindexFormat: fc.constantFrom('html' as const, 'json' as const, 'jsonp' as const),
  autoindexExact: fc.boolean(),
  autoindexLocal: fc.boolean(),
  symlinks: fc.option(
    fc.record({
      mode: fc.constantFrom('on' as const, 'if_not_owner' as const),
      from: fc.option(someTemplate),
    }),
  ),
})

const redirects: fc.Arbitrary<Settings['proxy']['redirects']> = fc.oneof(
  fc.constant('default' as const),
  fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant('prefix' as const), from: someTemplate, to: template }),
      fc.record({
        kind: fc.constant('regex' as const),
        pattern: someText,
        isCaseInsensitive: fc.boolean(),
        to: template,
      }),
    ),
    { maxLength: 2 },
  ),
)

/** Names of caches: words of YAML too. */
const CACHE_NAMES = ['files', 'off', 'true', 'a b', '${x}', '1:2']

/** The usual value as often as any other. */
function often<T>(usual: T, other: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof(fc.constant(usual), other)
}

const usual = yamlCache()
const templates = fc.array(template, { maxLength: 2 })
const cacheSettings: fc.Arbitrary<CacheSettings> = fc.record({
  cache: fc.oneof(
    fc.constantFrom(...CACHE_NAMES).map(literal),
    template.map(rest => joined([...rest, { variable: 'host' }])),
  ),
  mode: fc.constantFrom(...CACHE_MODES),
  key: often(usual.key, template),
  methods: fc.constantFrom(['GET', 'HEAD'], ['GET', 'HEAD', 'POST']),
  convertsHead: fc.boolean(),
  valid: fc.array(
    fc.record({
      statuses: fc.oneof(
        fc.constant([200, 301, 302]),
        fc.array(fc.integer({ min: 100, max: 599 }), { maxLength: 3 }),
      ),
      seconds,
    }),
    { maxLength: 3 },
  ),
  usesMin: often(usual.usesMin, fc.nat({ max: 100 })),
  isLocking: fc.boolean(),
  lockAgeMs: often(usual.lockAgeMs, ms),
  lockTimeoutMs: often(usual.lockTimeoutMs, ms),
  useStale: often(
    usual.useStale,
    fc.uniqueArray(fc.constantFrom(...STALE_CONDITIONS), { maxLength: 4 }),
  ),
  isUpdatedInBackground: fc.boolean(),
  isRevalidating: fc.boolean(),
  bypass: templates,
  noCache: templates,
  rangeOffsetMax: fc.option(bytes),
  purge: templates,
  sliceBytes: often(0, bytes),
  verifiesFastdfs: fc.boolean(),
})

const pacing: fc.Arbitrary<CachePacing> = fc.oneof(
  fc.constantFrom(LOADER_PACING, PURGER_PACING),
  fc.record({ files: fc.integer({ min: 1, max: 1_000_000 }), thresholdMs: ms, sleepMs: ms }),
)

/** All caches that a route may name, none inside another. */
const caches: fc.Arbitrary<readonly CachePath[]> = fc.tuple(
  ...CACHE_NAMES.map((name, index) =>
    fc.record({
      origin: fc.constant(origin),
      name: fc.constant(name),
      path: text.map(value => `/cache/${index}${value.replaceAll('/', '')}`),
      zoneBytes: fc.integer({ min: 8192, max: 2_147_483_647 }),
      levels: fc.array(fc.constantFrom(1, 2), { maxLength: 3 }),
      inactiveMs: ms,
      bytesMax: bytes,
      freeBytesMin: bytes,
      manager: pacing,
      loader: pacing,
      purger: pacing,
      usesTempPath: fc.boolean(),
      memoryBytes: bytes,
    }),
  ),
)

const regexRule = fc.record({
  kind: fc.constant('regex' as const),
  pattern: fc.constantFrom('^/a(.*)$', 'x$'),
  isCaseInsensitive: fc.boolean(),
  to: template,
})

/** Bytes per second, or what comes to that. */
const rate: fc.Arbitrary<Rate> = fc.oneof(
  bytes,
  variable.map(part => [part]),
)

/** Zones that a configuration has, all of them. */
const limitZones: fc.Arbitrary<readonly LimitZone[]> = fc.uniqueArray(
  fc
    .record({
      origin: fc.constant(origin),
      name: word,
      key: someTemplate,
      bytes: bytes.map(value => LIMIT_ZONE_BYTES_MIN + (value % LIMIT_ZONE_BYTES_MIN)),
      rate: fc.oneof(
        fc.constant(0),
        fc.integer({ min: 1, max: 1000 }).map(value => value * 1000),
        fc.integer({ min: 1, max: 1000 }).map(value => Math.floor((value * 1000) / 60)),
      ),
    })
    .map((made): LimitZone => ({ ...made, kind: made.rate === 0 ? 'connections' : 'requests' })),
  { maxLength: 3, selector: made => made.name },
)

const limits: fc.Arbitrary<LimitSettings> = fc.record({
  requests: fc.array(
    fc.record({
      origin: fc.constant(origin),
      zone: word,
      burst: count,
      delay: fc.option(fc.integer({ min: 0, max: 1000 })),
    }),
    { maxLength: 2 },
  ),
  requestStatus: fc.integer({ min: 400, max: 599 }),
  requestLogLevel: fc.constantFrom(...LIMIT_LOG_LEVELS),
  isRequestDryRun: fc.boolean(),
  connections: fc.array(
    fc.record({
      origin: fc.constant(origin),
      zone: word,
      max: fc.integer({ min: 1, max: CONNECTIONS_MAX }),
    }),
    { maxLength: 2 },
  ),
  connectionStatus: fc.integer({ min: 400, max: 599 }),
  connectionLogLevel: fc.constantFrom(...LIMIT_LOG_LEVELS),
  isConnectionDryRun: fc.boolean(),
  rate,
  rateAfter: rate,
})

/** Without the dot before it, which means nothing. */
const domain = someTemplate.filter(([first]) => typeof first !== 'string' || !first.startsWith('.'))

const versions = fc.uniqueArray(fc.constantFrom(...TLS_VERSIONS))
const optionalPath = fc.oneof(fc.constant(''), path)
const tlsFile = fc.oneof(pathTemplate, fc.constant(literal('data:---a: b---\n')))

const peerTls: fc.Arbitrary<PeerTls> = fc.record({
  certificate: fc.option(tlsFile),
  certificateKey: fc.option(tlsFile),
  ciphers: text,
  commands: fc.array(fc.tuple(token, text), { maxLength: 2 }),
  crl: optionalPath,
  name: template,
  passwordFile: optionalPath,
  versions,
  sendsName: fc.boolean(),
  reusesSessions: fc.boolean(),
  trustedCertificates: optionalPath,
  isVerified: fc.boolean(),
  verifyDepth: count,
})

const sessionCache: fc.Arbitrary<SessionCache> = fc.oneof(
  fc.constantFrom({ kind: 'off' } as const, { kind: 'none' } as const),
  fc.record({
    kind: fc.constant('memory' as const),
    builtInSessions: fc.option(count),
    shared: fc.option(
      fc.record({ name: someText, bytes: fc.integer({ min: 32_768, max: 2_147_483_647 }) }),
    ),
  }),
)

const serverTls: fc.Arbitrary<ServerTls> = fc.record({
  certificates: fc.array(tlsFile, { maxLength: 2 }),
  keys: fc.array(tlsFile, { maxLength: 2 }),
  passwordFile: optionalPath,
  versions,
  ciphers: text,
  prefersOwnCiphers: fc.boolean(),
  curves: text,
  dhParameters: optionalPath,
  rejectsHandshake: fc.boolean(),
  sessionCache,
  sessionTimeoutMs: ms,
  hasTickets: fc.boolean(),
  ticketKeys: fc.array(path, { maxLength: 2 }),
  clientCheck: fc.constantFrom(...CLIENT_CHECKS),
  verifyDepth: count,
  clientCertificates: optionalPath,
  trustedCertificates: optionalPath,
  crl: optionalPath,
  isHttp2: fc.boolean(),
  http2PrereadBytes: bytes,
  http2ChunkBytes: someBytes,
  http2StreamsMax: count,
})

const proxy = partly<Settings['proxy']>({
  tls: peerTls,
  httpVersion: fc.constantFrom('1.0' as const, '1.1' as const),
  setFields: fc.array(fc.record({ name: token, value: template }), { maxLength: 4 }),
  hideFields: fc.uniqueArray(
    token.map(name => name.toLowerCase()),
    { maxLength: 4 },
  ),
  redirects,
  limitRate: rate,
  cookieDomains: fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant('exact' as const), from: domain, to: domain }),
      regexRule,
    ),
    { maxLength: 2 },
  ),
  cookiePaths: fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant('prefix' as const), from: someTemplate, to: template }),
      regexRule,
    ),
    { maxLength: 2 },
  ),
  cookieFlags: fc.array(
    fc.record({
      cookie: fc.oneof(
        fc.record({ kind: fc.constant('name' as const), name: someTemplate }),
        fc.record({ kind: fc.constant('regex' as const), pattern: fc.constant('^s(.*)$') }),
      ),
      flags: fc.array(
        fc.oneof(
          fc.constantFrom(...COOKIE_FLAGS).map(flag => literal(flag)),
          variable.map(part => [part]),
        ),
        { maxLength: 3 },
      ),
    }),
    { maxLength: 2 },
  ),
  method: fc.option(fc.constantFrom(literal('POST'), [{ variable: 'host' }])),
  body: fc.option(template),
  passesFields: fc.boolean(),
  passesBody: fc.boolean(),
  forcesRanges: fc.boolean(),
  earlyHints: fc.option(fc.array(someTemplate, { maxLength: 2 })),
  isBuffering: fc.boolean(),
  isRequestBuffering: fc.boolean(),
  bufferBytes: someBytes,
  buffersBytes: someBytes,
  busyBuffersBytes: someBytes,
  tempFileBytesMax: bytes,
  tempFileWriteBytes: someBytes,
  tempPath: path,
  bind: fc.option(
    fc.oneof(fc.constantFrom(['10.0.0.1'], ['[::1]:80']), fc.constant([{ variable: 'host' }])),
  ),
  isSocketKeptAlive: fc.boolean(),
  connectTimeoutMs: ms,
  sendTimeoutMs: ms,
  readTimeoutMs: ms,
  retry: fc.record({
    on: fc.uniqueArray(fc.constantFrom(...RETRY_CONDITIONS), { maxLength: 4 }),
    triesMax: fc.nat({ max: 9 }),
    timeoutMs: ms,
    tryTimeoutMs: ms,
    deadlineMs: ms,
    backoffMs: ms,
    backoffMaxMs: ms,
    budgetPercent: fc.nat({ max: 100 }),
    budgetMin: fc.nat({ max: 9 }),
    connectHedgeMs: ms,
    hedgePercentile: fc.nat({ max: 99 }),
    hedgeMinMs: ms,
  }),
  ignoresClientAbort: fc.boolean(),
  interceptsErrors: fc.boolean(),
  allowsUpgrade: fc.uniqueArray(word, { maxLength: 2 }),
  passesTrailers: fc.boolean(),
  ignoreFields: fc.uniqueArray(fc.constantFrom(...IGNORABLE_FIELDS), { maxLength: 3 }),
  cache: fc.option(cacheSettings),
  store: fc.option(
    fc.record({
      path: fc.oneof(fc.constant('root' as const), pathTemplate),
      mode: fc.integer({ min: 0, max: 0o777 }),
    }),
  ),
})

const errorLogs = fc.array(
  fc.record({
    path: fc.oneof(path, fc.constant('stderr')),
    level: fc.constantFrom(...LOG_LEVELS),
    format: fc.constantFrom('text' as const, 'json' as const),
  }),
  { minLength: 1, maxLength: 2 },
)

const expires: fc.Arbitrary<Settings['expires']> = fc.oneof(
  fc.constantFrom({ kind: 'off' as const }, { kind: 'epoch' as const }, { kind: 'max' as const }),
  fc.record({
    kind: fc.constantFrom('access' as const, 'modified' as const),
    seconds: fc.integer({ min: -90_000, max: 90_000 }),
  }),
  fc.record({ kind: fc.constant('daily' as const), secondOfDay: fc.nat({ max: 86_400 }) }),
  fc.tuple(template, fc.boolean()).map(([rest, isModified]) => ({
    kind: 'variable' as const,
    value: joined([...rest, { variable: 'host' }]),
    isModified,
  })),
)

const resolver: fc.Arbitrary<ResolverSettings> = fc.record({
  origin: fc.constant(origin),
  servers: fc.uniqueArray(
    fc.constantFrom(
      { origin, name: '10.0.0.2', host: '10.0.0.2', port: 53 },
      { origin, name: '[::1]:5353', host: '::1', port: 5353 },
      { origin, name: 'ns.example', host: 'ns.example', port: 53 },
    ),
    { maxLength: 2 },
  ),
  validMs: ms,
  asksIpv4: fc.constant(true),
  asksIpv6: fc.boolean(),
  // Not the default: a group without a resolver of its own has none in the model.
  holdMs: ms.map(value => value + 1),
  statusZone: text,
  timeoutMs: ms,
})

const addedFields = fc.array(fc.record({ name: token, value: template, isAlways: fc.boolean() }), {
  maxLength: 3,
})

const access: fc.Arbitrary<AccessSettings> = fc.record({
  satisfy: fc.constantFrom('all' as const, 'any' as const),
  rules: fc.array(
    fc.record({
      action: fc.constantFrom('allow' as const, 'deny' as const),
      from: fc.constantFrom<AddressRange>(
        { kind: 'all' },
        { kind: 'unix' },
        ...['10.0.0.0/8', '192.0.2.1', '0.0.0.0/0', '2001:db8::/32', '::1'].map(network => ({
          kind: 'network' as const,
          network,
        })),
      ),
    }),
    { maxLength: 5 },
  ),
  realm: fc.option(template.filter(value => literalText(value) !== 'off')),
  usersPath: fc.option(pathTemplate),
  delayMs: ms,
  request: fc.option(path),
  requestSets: fc.uniqueArray(
    fc.record({ name: fc.stringMatching(/^own_[a-z0-9]{1,4}$/), value: template }),
    { maxLength: 2, selector: set => set.name },
  ),
})

const network = fc.constantFrom('10.0.0.0/8', '10.1.2.3', '2001:db8::/32', '::1', '0.0.0.0/0')

const realIp = fc.record({
  from: fc.array(
    fc.oneof(network, fc.constantFrom('unix:', 'proxy.example')).map(text => ({
      origin,
      network: text,
    })),
    { maxLength: 3 },
  ),
  header: fc.oneof(
    fc.constantFrom('x-forwarded-for' as const, 'proxy-protocol' as const),
    fc.constantFrom('x-real-ip', 'cf-connecting-ip').map(field => ({ field })),
  ),
  isRecursive: fc.boolean(),
})

const plain = partly<Omit<Settings, 'client' | 'files' | 'proxy'>>({
  tls: serverTls,
  access,
  addFields: addedFields,
  addTrailers: addedFields,
  nestsErrorPages: fc.boolean(),
  expires,
  resolver,
  realIp,
  limits,
  errorPages: fc.array(
    fc.record({
      statuses: fc.array(status, { minLength: 1, maxLength: 3 }),
      status: fc.option(fc.constantFrom(0, 200, 404)),
      target: someTemplate,
    }),
    { maxLength: 2 },
  ),
  accessLogs: fc.array(
    fc.record({
      path: pathTemplate,
      format: fc.oneof(word, fc.constant('combined'), someText),
      bufferBytes: bytes,
      flushMs: ms,
      condition: fc.option(someTemplate),
    }),
    { maxLength: 2 },
  ),
  errorLogs,
  serverTokens: fc.constantFrom('on' as const, 'off' as const, '' as const),
  mergesSlashes: fc.boolean(),
  absoluteRedirect: fc.boolean(),
  portInRedirect: fc.boolean(),
  serverNameInRedirect: fc.boolean(),
  logsNotFound: fc.boolean(),
  logsRewrites: fc.boolean(),
  warnsUnset: fc.boolean(),
})

type Change = (settings: Settings, isRoute: boolean) => Settings

/** What a level changes of the settings around it. */
const change: fc.Arbitrary<Change> = fc
  .record({ client, files, proxy, plain, isAlias: fc.boolean(), isSame: fc.boolean() })
  .map(made => (settings, isRoute) => {
    if (made.isSame) return settings
    const isAlias = isRoute && made.isAlias
    return {
      ...settings,
      ...made.plain,
      client: { ...settings.client, ...made.client },
      files: { ...settings.files, ...made.files, ...(isRoute ? { isAlias } : {}) },
      proxy: { ...settings.proxy, ...made.proxy },
    }
  })

const prefix = someText.map(value => ({
  kind: 'prefix' as const,
  path: value,
  isFinal: value.length % 2 === 0,
}))
const match: fc.Arbitrary<LocationMatch> = fc.oneof(
  prefix,
  fc
    .tuple(word, word)
    .map(words => ({ kind: 'prefix' as const, path: `/${words.join('/')}`, isFinal: false })),
  someText.map(value => ({ kind: 'exact' as const, path: value })),
  someText.map(pattern => ({
    kind: 'regex' as const,
    pattern,
    isCaseInsensitive: pattern.length % 2 === 0,
  })),
  someText.filter(value => !value.startsWith('@')).map(name => ({ kind: 'named' as const, name })),
)

const serverName: fc.Arbitrary<ServerName> = fc.oneof(
  fc.oneof(word, fc.constant('')).map(name => ({ kind: 'exact' as const, name })),
  fc
    .tuple(word, fc.boolean())
    .map(([name, isApexToo]) => ({ kind: 'suffix' as const, name: `.${name}`, isApexToo })),
  word.map(name => ({ kind: 'prefix' as const, name: `${name}.` })),
  someText.map(pattern => ({ kind: 'regex' as const, pattern, isCaseInsensitive: true })),
)

const steps = makeSteps({ template, pattern: fc.constantFrom('^/a(.*)$', 'x'), change })

const level = fc.record({
  change,
  steps,
  returns: fc.option(
    fc
      .record({ status: fc.constantFrom(200, 301, 302, 404, 444, 503), text: fc.option(template) })
      .map(made => ({ origin, ...made })),
  ),
  tryFiles: fc.option(
    fc
      .record({
        paths: fc.array(someTemplate, { minLength: 1, maxLength: 2 }),
        fallback: fc.oneof(
          path.map(literal),
          fc.integer({ min: 100, max: 999 }).map(code => ({ status: code })),
        ),
      })
      .map(made => ({ origin, ...made })),
  ),
  target: fc.option(
    fc.record({
      group: fc.nat(),
      uri: fc.option(someTemplate),
      host: fc.option(someTemplate),
      isDynamic: fc.boolean(),
    }),
  ),
})
type Drawn<T> = T extends fc.Arbitrary<infer V> ? V : never
type DrawnLevel = Drawn<typeof level>

interface DrawnRoute {
  readonly match: LocationMatch
  readonly level: DrawnLevel
  readonly isInternal: boolean
  readonly limit: { readonly methods: readonly string[]; readonly access: AccessSettings } | null
  readonly inner: readonly DrawnRoute[]
}
const { route } = fc.letrec<{ route: DrawnRoute }>(tie => ({
  route: fc.record({
    match,
    level,
    isInternal: fc.boolean(),
    limit: fc.option(
      fc.record({
        methods: fc.subarray([...LIMITABLE_METHODS], { minLength: 1 }).map(limitedMethods),
        access,
      }),
      { freq: 4 },
    ),
    inner: fc.oneof({ maxDepth: 2 }, fc.constant([]), fc.array(tie('route'), { maxLength: 2 })),
  }),
}))

function actionOf({ target }: DrawnLevel, upstreams: readonly Upstream[]): Action {
  if (target === null) return { kind: 'files' }
  const { uri, host } = target
  const base = { origin, scheme: 'http' as const, uri }
  const upstream = upstreams[target.group % Math.max(1, upstreams.length)]
  if (target.isDynamic || upstream === undefined) {
    const dynamic = joined([...(host ?? []), { variable: 'host' }])
    return { kind: 'proxy', target: { ...base, upstream: null, address: dynamic } }
  }
  return {
    kind: 'proxy',
    target: { ...base, upstream: upstream.name, address: host ?? literal(upstream.name) },
  }
}

function stepsOf(
  { steps: draw }: DrawnLevel,
  place: Parameters<DrawnSteps>[0],
): Pick<Location, 'rewrite'> {
  const rewrite = draw(place)
  return rewrite.length === 0 ? {} : { rewrite }
}

function limitOf(
  { match, limit }: DrawnRoute,
  around: Settings,
  action: Action,
): Pick<Location, 'limitExcept'> {
  if (limit === null) return {}
  const { methods, access } = limit
  const settings = { ...around, access }
  const location: Location = {
    origin,
    match,
    settings,
    returns: null,
    action,
    isInternal: false,
    locations: [],
  }
  return { limitExcept: { methods, location } }
}

function locationOf(drawn: DrawnRoute, above: Settings, upstreams: readonly Upstream[]): Location {
  const settings = drawn.level.change(above, true)
  const { returns, tryFiles } = drawn.level
  const action = actionOf(drawn.level, upstreams)
  return {
    origin,
    match: drawn.match,
    settings,
    returns,
    ...stepsOf(drawn.level, { settings, action, match: drawn.match }),
    ...(tryFiles === null ? {} : { tryFiles }),
    action,
    isInternal: drawn.isInternal,
    ...limitOf(drawn, settings, action),
    locations: drawn.inner.map(inner => locationOf(inner, settings, upstreams)),
  }
}

const method: fc.Arbitrary<Method> = fc.oneof(
  fc.constantFrom<Method>(
    { kind: 'round_robin' },
    { kind: 'least_conn' },
    { kind: 'ip_hash' },
    { kind: 'peak_ewma' },
    { kind: 'least_time', by: 'header', countsInflight: false },
    { kind: 'least_time', by: 'last_byte', countsInflight: true },
    { kind: 'random', isTwo: false, by: 'least_conn' },
    { kind: 'random', isTwo: true, by: 'least_conn' },
    { kind: 'random', isTwo: true, by: 'least_time=last_byte' },
  ),
  fc
    .record({
      key: template,
      placement: fc.constantFrom(...HASH_PLACEMENTS),
      boundedPercent: fc.option(fc.integer({ min: 101, max: 1000 })),
    })
    .map(({ key, placement, boundedPercent }): Method => {
      const bound = placement === 'modulo' ? null : boundedPercent
      return { kind: 'hash', key, placement, boundedPercent: bound }
    }),
)

const filled = template.filter(parts => parts.length > 0)

const sticky: fc.Arbitrary<Sticky> = fc.oneof(
  fc.record({
    kind: fc.constant('cookie' as const),
    name: word,
    expires: fc.option(fc.oneof(seconds, fc.constant('max' as const))),
    domain: fc.oneof(fc.constant([]), template),
    path: fc.constantFrom('', '/', '/app'),
    httpOnly: fc.boolean(),
    secure: fc.boolean(),
    sameSite: fc.constantFrom<Template>([], ['lax'], ['Strict'], [{ variable: 'args' }]),
  }),
  fc.record({
    kind: fc.constant('route' as const),
    values: fc.array(filled, { minLength: 1, maxLength: 3 }),
  }),
  fc.record({
    kind: fc.constant('learn' as const),
    create: fc.array(filled, { minLength: 1, maxLength: 2 }),
    lookup: fc.array(filled, { minLength: 1, maxLength: 2 }),
    zone: fc.record({ name: word, bytes: fc.integer({ min: 32_768, max: 10_000_000 }) }),
    timeoutMs: ms,
    isAfterHeader: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('source' as const),
    prefix4: fc.integer({ min: 1, max: 32 }),
    prefix6: fc.integer({ min: 1, max: 128 }),
    zone: fc.record({ name: word, bytes: fc.integer({ min: 32_768, max: 10_000_000 }) }),
    timeoutMs: ms,
  }),
)

const fallbackStatus = fc.constantFrom(200, 204, 404, 503, 599)
const fallback: fc.Arbitrary<Fallback> = fc.record({
  origin: fc.constant(origin),
  answer: fc.oneof(
    address.map(at => ({ kind: 'address' as const, name: addressText(at), address: at })),
    fc.record({ kind: fc.constant('page' as const), path, status: fallbackStatus }),
    fc.record({ kind: fc.constant('status' as const), status: fallbackStatus, text }),
  ),
  retryAfterSeconds: fc.nat({ max: 10_000 }),
  command: fc.option(fc.oneof(word, path)),
})

const percent = fc.integer({ min: 1, max: 100 })
const atLeastOne = fc.integer({ min: 1, max: 1000 })
const passiveHealth: fc.Arbitrary<PassiveHealth> = fc.record({
  failOn: fc.option(fc.subarray([...FAIL_CONDITIONS])),
  slowMs: ms,
  outliers: fc.option(
    fc.oneof(
      fc.constant(DEFAULT_OUTLIERS),
      fc.record({
        consecutive: fc.nat(),
        intervalSeconds: atLeastOne,
        baseSeconds: atLeastOne,
        maxSeconds: fc.integer({ min: 1000, max: 9000 }),
        maxEjectedPercent: percent,
        deviation: fc.constantFrom(0, 1, 1.9, 2.125),
        peersMin: fc.nat(),
        requestsMin: fc.nat(),
        failurePercent: fc.nat({ max: 100 }),
        failureRequestsMin: fc.nat(),
      }),
    ),
  ),
  panicPercent: fc.nat({ max: 100 }),
})

const textTest: fc.Arbitrary<TextTest> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('contains' as const, 'equal' as const),
    text: fc.oneof(someText, fc.constantFrom('present', 'absent', 'any')),
    isCaseInsensitive: fc.boolean(),
    isNegated: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('regex' as const),
    text: fc.constantFrom('^OK$', 'a|b', '\\d+ \\$', '${x}'),
    isCaseInsensitive: fc.boolean(),
    isNegated: fc.boolean(),
  }),
)
const headerTests: fc.Arbitrary<readonly HeaderTest[]> = fc
  .uniqueArray(
    token.map(name => name.toLowerCase()),
    { maxLength: 3 },
  )
  .chain(names =>
    fc.tuple(
      ...names.map(name =>
        fc.array(
          fc.oneof(
            textTest.map((test): HeaderTest => ({ name, test, isAbsent: false })),
            fc.boolean().map((isAbsent): HeaderTest => ({ name, test: null, isAbsent })),
          ),
          { minLength: 1, maxLength: 2 },
        ),
      ),
    ),
  )
  .map(lists => lists.flat())
const statusRange: fc.Arbitrary<StatusRange> = fc
  .tuple(fc.integer({ min: 100, max: 999 }), fc.integer({ min: 100, max: 999 }))
  .map(([a, b]) => [Math.min(a, b), Math.max(a, b)])
const statuses = fc.oneof(
  fc.constantFrom<readonly StatusRange[]>([[100, 999]], [[200, 399]], [[200, 200]]),
  fc.array(statusRange, { minLength: 1, maxLength: 3 }),
)
const tls: fc.Arbitrary<ProbeTls | null> = fc.option(
  fc.record({
    serverName: fc.option(someText),
    isVerified: fc.boolean(),
    trustedPath: fc.option(path),
    certificatePath: fc.constantFrom('/c.pem'),
    keyPath: fc.constantFrom('/k.pem'),
    daysLeftMin: fc.nat({ max: 10_000 }),
  }),
)
const command = fc.oneof(path, word)
const pair = fc.tuple(token, text.filter(isSentAsField))
const full: fc.Arbitrary<ProbeCheck> = fc.oneof(
  fc.record({
    kind: fc.constant('http' as const),
    tls,
    isHttp2: fc.boolean(),
    method: fc.constantFrom('GET', 'HEAD', 'true', 'X-1'),
    path: fc.constantFrom('/', '/health', '/a?b=$c', '/${d}', '/#"\''),
    host: fc.option(fc.constantFrom('app.internal', 'off', '10.0.0.1:80', '${h}')),
    headers: fc.array(pair, { maxLength: 3 }),
    body: text,
    redirectsMax: fc.nat({ max: 20 }),
    keepaliveMs: ms,
    expect: fc.record({
      statuses,
      isStatusNegated: fc.boolean(),
      headers: headerTests,
      body: fc.array(textTest, { maxLength: 3 }),
      withinMs: ms,
    }),
  }),
  fc.record({
    kind: fc.constant('tcp' as const),
    tls,
    send: text,
    expect: fc.option(textTest),
  }),
  fc.record({
    kind: fc.constant('external' as const),
    command,
    arguments: fc.array(text, { maxLength: 3 }),
    environment: fc.array(fc.tuple(fc.constantFrom('A', 'a', '_B7'), text), { maxLength: 3 }),
  }),
  fc.record({ kind: fc.constant('ping' as const), tries: fc.integer({ min: 1, max: 100 }) }),
  fc.record({ kind: fc.constant('function' as const), modulePath: path }),
  fc.record({ kind: fc.constant('fixed' as const), isUp: fc.boolean() }),
)
const check: fc.Arbitrary<ProbeCheck> = fc
  .record({ full, connects: fc.oneof(fc.constant(0), count) })
  .map(made => {
    const isAlone = made.connects === 0 || made.full.kind === 'fixed'
    return isAlone ? made.full : { kind: 'combined', connects: made.connects, full: made.full }
  })

/** Control characters that no field may hold. */
function isSentAsField(value: string): boolean {
  return !/[^\t\x20-\x7e\x80-\xff]/.test(value)
}

/** The names of probes are often the usual ones, and their times those of YAML. */
const probe: fc.Arbitrary<Probe> = fc
  .record({
    name: fc.oneof(someText, fc.constantFrom('/', '/health', 'tcp')),
    check,
    checksOfPeers: fc.option(fc.dictionary(fc.constantFrom('0', '1'), check)),
    port: fc.option(fc.integer({ min: 1, max: 65_535 })),
    intervalMs: fc.oneof(fc.constantFrom(5000, 1000, 500), ms).map(value => value + 50),
    jitterMs: fc.oneof(fc.constantFrom(500, 505, 105, 55, 0), ms),
    doubtIntervalMs: fc.option(fc.oneof(fc.constant(1000), ms).map(value => Math.max(50, value))),
    downIntervalMs: fc.option(ms.map(value => Math.max(50, value))),
    timeoutMs: fc.oneof(fc.constant(2000), ms).map(value => value + 1),
    rise: count,
    fall: count,
    isMandatory: fc.boolean(),
    isPersistent: fc.boolean(),
    isAskedOnFailure: fc.boolean(),
    keepsSessions: fc.boolean(),
    virtual: fc.option(address),
  })
  .map(({ checksOfPeers, ...made }) => ({
    origin,
    ...made,
    ...(checksOfPeers === null ? {} : { checksOfPeers: { ...checksOfPeers } }),
  }))

const mailAddress = fc.constantFrom('root', 'a@example.com', 'b+c@[10.0.0.1]')
const alerts: fc.Arbitrary<Alerts> = fc.record({
  command: fc.option(command),
  webhook: fc.option(fc.constantFrom('http://10.0.0.1/', 'https://example.com/${a}?b=$c')),
  mailTo: fc.array(mailAddress, { maxLength: 3 }),
  mailFrom: fc.oneof(fc.constant(''), mailAddress),
  smtp: fc.constantFrom('', 'mail.example.com', '10.0.0.1:25', '[::1]:25'),
  repeatMs: ms,
})

const explicit = fc
  .record({
    origin: fc.constant(origin),
    name: word,
    method,
    passiveHealth,
    probes: fc.array(probe, { maxLength: 2 }),
    alerts: fc.option(alerts),
    maintenancePath: fc.option(path),
    sticky: fc.option(sticky),
    queue: fc.option(fc.record({ size: count, timeoutMs: ms })),
    fallback: fc.option(fallback),
    proxyProtocol: fc.option(fc.constantFrom(...PROXY_PROTOCOLS)),
    statePath: fc.option(path),
    peers: fc.array(peer, { minLength: 1, maxLength: 3 }),
    keepalive,
    resolver: fc.option(resolver),
    isImplicit: fc.constant(false),
  })
  .map(made => ({ ...made, probes: made.probes.map(one => asked(one, made.peers.length)) }))

/** Without questions for peers that are not there: no reader makes them. */
function asked(probe: Probe, count: number): Probe {
  const { checksOfPeers, ...others } = probe
  if (checksOfPeers === undefined) return probe
  const own = Object.entries(checksOfPeers).filter(([index]) => Number(index) < count)
  return { ...others, checksOfPeers: Object.fromEntries(own) }
}
const implicit = fc
  .record({
    host: fc.constantFrom('10.0.0.1', '[::1]', 'peer.example'),
    port: fc.integer({ min: 81, max: 90 }),
    keepalive,
    probes: fc.array(
      probe.map(({ checksOfPeers: _, ...made }): Probe => made),
      { maxLength: 1 },
    ),
  })
  .map((made): Upstream => {
    const name = `${made.host}:${made.port}`
    const bare = made.host.replaceAll(/[[\]]/g, '')
    const only: Peer = {
      origin,
      name,
      address: { kind: 'tcp', host: bare, port: made.port },
      ...PLAIN_PEER,
    }
    return {
      origin,
      name,
      ...PLAIN_UPSTREAM,
      peers: [only],
      keepalive: made.keepalive,
      probes: made.probes,
      isImplicit: true,
    }
  })

/**
 * Whole configurations. Implicit groups are in it only where a target leads to them, as readers
 * make them.
 */
export const anyConfig: fc.Arbitrary<Config> = fc
  .record({
    isNginx: fc.boolean(),
    compat: fc.constantFrom('nginx/1.28' as const, 'nginx/1.30' as const),
    isStrict: fc.boolean(),
    process: fc.record({
      workerProcesses: fc.oneof(fc.constant('auto' as const), fc.integer({ min: 1, max: 512 })),
      workerConnectionsMax: count,
      isDaemon: fc.boolean(),
      pidPath: fc.oneof(path, fc.constant('')),
      shutdownTimeoutMs: ms,
      errorLogs,
      controlPath: fc.option(fc.oneof(path, fc.constant(''))),
      fileWatch: fc.record({ isReloading: fc.boolean(), command: fc.option(command) }),
    }),
    explicit: fc.uniqueArray(explicit, { maxLength: 3, selector: made => made.name }),
    implicit: fc.uniqueArray(implicit, { maxLength: 2, selector: made => made.name }),
    formats: fc.uniqueArray(
      fc.record({
        name: word.filter(name => name !== 'json'),
        escape: fc.constantFrom('default' as const, 'json' as const, 'none' as const),
        text: someTemplate,
      }),
      { maxLength: 2, selector: made => made.name },
    ),
    common: change,
    caches,
    limitZones,
    variables: makeDefinitions(template, text),
    hasAllCaches: fc.boolean(),
    servers: fc.array(
      fc.record({
        listens: fc.array(listen, { minLength: 1, maxLength: 2 }),
        names: fc.array(serverName, { minLength: 1, maxLength: 3 }),
        name: fc.oneof(word, text),
        level,
        routes: fc.array(route, { maxLength: 2 }),
      }),
      { maxLength: 2 },
    ),
  })
  .map(made => {
    const base = made.isNginx
      ? defaultSettings(made.compat, '/prefix')
      : yamlSettings(made.compat, '/prefix')
    const common = made.common(base, false)
    const upstreams = [...made.explicit, ...made.implicit]
    const servers = made.servers.map((drawn): Server => {
      const settings = drawn.level.change(common, false)
      const { returns, tryFiles } = drawn.level
      return {
        origin,
        listens: drawn.listens,
        names: drawn.names,
        name: drawn.name,
        settings,
        returns,
        ...stepsOf(drawn.level, { settings, action: { kind: 'files' }, match: null }),
        ...(tryFiles === null ? {} : { tryFiles }),
        action: actionOf(drawn.level, upstreams),
        locations: drawn.routes.map(inner => locationOf(inner, settings, upstreams)),
      }
    })
    const used = JSON.stringify(servers)
    return {
      format: made.isNginx ? 'nginx' : 'yaml',
      file: 'generated',
      files: ['generated'],
      compat: made.compat,
      isStrict: made.isStrict,
      process: { origin, ...made.process },
      upstreams: upstreams.filter(
        ({ isImplicit, name }) => !isImplicit || used.includes(`"upstream":"${name}"`),
      ),
      servers,
      logFormats: [...DEFAULT_LOG_FORMATS, ...made.formats],
      caches: made.caches.filter(
        ({ name }) => made.hasAllCaches || used.includes(`"cache":${JSON.stringify([name])}`),
      ),
      limitZones: made.limitZones,
      variables: made.variables,
    }
  })
