// One location of the configuration made into what a request indexes: its handler, the templates of both heads, its logs.

import { unreachable } from '../base/assert.ts'
import type { ErrorLog } from '../base/error-log.ts'
import { makePolicy } from '../cache/policy/make-policy.ts'
import type { CacheStore } from '../cache/store/cache-store.ts'
import type { RewriteStep } from '../model/rewrite.ts'
import type {
  Action,
  Location,
  LocationMatch,
  ProxyTarget,
  Return,
  TryFiles,
} from '../model/route.ts'
import type { AddedField, Settings } from '../model/settings.ts'
import { literalText, type Template } from '../model/template.ts'
import { PLAIN_EGRESS } from '../upstream/egress.ts'
import type { AccessLogger } from './access-log.ts'
import { makeCacheHandler } from './cache-lookup.ts'
import { compileRequest, FETCH_DROPS, prefixOf } from './compile-request.ts'
import { compileCookies } from './cookie-rules.ts'
import { compileEgress } from './egress-rules.ts'
import type { Exchange } from './exchange.ts'
import { compileExpires, parseExpires } from './expires.ts'
import { makeFileHandler } from './files.ts'
import { Forward } from './forward.ts'
import { isStable } from './head-memo.ts'
import { limitMethods } from './limit-methods.ts'
import { compileLimits, type LimitZones } from './limits.ts'
import { lookUpPeer } from './name-lookup.ts'
import type { ForwardRules } from './peer-call.ts'
import { compilePhases } from './phases.ts'
import { compileRate, compileReadRate } from './rate-limit.ts'
import { compileRedirects, defaultRedirects } from './redirect-rules.ts'
import type { AddField } from './response-extras.ts'
import { ResponseTemplate } from './response-head.ts'
import { makeReturn } from './return.ts'
import { compileRewrite } from './rewrite-script.ts'
import type {
  CacheRuntime,
  Handler,
  LocationRuntime,
  Render,
  Services,
  UpstreamRuntime,
} from './runtime.ts'
import { makeSliceHandler } from './sliced-entry.ts'
import { makeStoreHandler } from './store-fetch.ts'
import { type Trace, traced } from './trace.ts'
import { TrailerRules } from './trailers.ts'
import { makeTryFiles } from './try-files.ts'
import { compileTemplate } from './variables.ts'

/** Field lines of one response head from a peer, at most. */
const RESPONSE_FIELDS_MAX = 512

const NO_FIELDS: readonly string[] = []

/** What compiling needs besides the location itself. */
export interface CompileContext {
  readonly services: Services
  readonly upstreams: ReadonlyMap<string, UpstreamRuntime>
  accessLogs(settings: Settings): readonly AccessLogger[]
  errorLog(settings: Settings): ErrorLog
  readonly caches: CacheStores
  readonly limits: LimitZones
  /** Watches what becomes of a request, and asks no peer; null where requests are served. */
  readonly trace: Trace | null
}

/** The caches of a configuration in one worker, by name. */
export interface CacheStores {
  find(name: string): CacheStore | null
}

/** A location, or a server's own level (`location` null). */
export interface LocationSource {
  readonly location: Location | null
  /** What the location with the `alias` that holds here matched; null without one. */
  readonly aliasMatch: LocationMatch | null
  readonly settings: Settings
  readonly returns: Return | null
  readonly rewrite: readonly RewriteStep[]
  readonly tryFiles: TryFiles | null
  readonly action: Action
}

function compileField({ name, value, isAlways }: AddedField): AddField {
  return { name, render: compileTemplate(value), isAlways }
}

/** What there is to compile of a location; `around` is the one that it stands in. */
export function sourceOf(location: Location, around: LocationSource | null = null): LocationSource {
  const { settings, returns, rewrite = [], tryFiles = null, action } = location
  const aliasMatch = findAliasMatch(location, around)
  return { location, aliasMatch, settings, returns, rewrite, tryFiles, action }
}

/** As in nginx an inherited `alias` replaces what its own location matched; written again it is another object. */
function findAliasMatch(location: Location, around: LocationSource | null): LocationMatch | null {
  const { isAlias, root } = location.settings.files
  if (!isAlias) return null
  return around?.settings.files.root === root ? around.aliasMatch : location.match
}

/** Compiles one location. */
export function compileLocation(source: LocationSource, context: CompileContext): LocationRuntime {
  const { settings, location } = source
  const { services } = context
  const isProxying = source.action.kind === 'proxy'
  const target = source.action.kind === 'proxy' ? source.action.target : null
  const request = target === null ? null : compileRequest(target, location, settings)
  const signature = settings.serverTokens === 'on' ? `headgate/${services.version}` : 'headgate'
  const { passesTrailers, hideFields } = settings.proxy
  const passes = isProxying && passesTrailers
  const trailers =
    passes || settings.addTrailers.length > 0
      ? new TrailerRules(hideFields, passes, settings.addTrailers.map(compileField))
      : null
  const runtime: LocationRuntime = {
    config: location,
    aliasMatch: source.aliasMatch,
    settings,
    signature,
    handler: exchange => handler(exchange),
    rewrite:
      source.rewrite.length === 0
        ? null
        : compileRewrite(source.rewrite, settings.logsRewrites, branch =>
            compileLocation(sourceOf(branch, source), context),
          ),
    request,
    trailers,
    earlyHints: settings.proxy.earlyHints?.map(compileTemplate) ?? null,
    cache: target === null ? null : compileCache(target, location, settings, context),
    limits: compileLimits(settings.limits, context.limits),
    rate: compileRate(settings.limits),
    readRate: isProxying ? compileReadRate(settings.proxy) : null,
    response: new ResponseTemplate({
      clock: services.clock,
      server: settings.serverTokens === '' ? '' : signature,
      hideFields: isProxying ? hideFields : NO_FIELDS,
      addFields: settings.addFields.map(compileField),
      expires: compileExpires(settings.expires, services.clock, compileTemplate, parseExpires),
      rewriteLocation: target === null ? null : compileRedirectRules(target, location, settings),
      rewriteCookie: target === null ? null : compileCookies(settings.proxy, compileTemplate),
      keepaliveHeaderSeconds: settings.client.keepaliveHeaderSeconds,
      trailers,
    }),
    accessLogs: context.accessLogs(settings),
    errorLog: context.errorLog(settings),
    errorPages: settings.errorPages.map(page => ({
      statuses: page.statuses,
      status: page.status,
      target: compileTemplate(page.target),
    })),
  }
  const { trace } = context
  const compiled = compileHandler(source, runtime, context)
  const own = trace === null ? compiled : traced(trace, runtime, compiled)
  const handler = limitMethods(location?.limitExcept, own, other =>
    compileLocation(sourceOf(other, source), context),
  )
  return runtime
}

function compileHandler(
  source: LocationSource,
  runtime: LocationRuntime,
  context: CompileContext,
): Handler {
  if (source.returns !== null) return makeReturn(source.returns)
  const own = compileAction(source.action, runtime, context)
  const { store } = runtime.settings.proxy
  const kept =
    runtime.request === null || store === null || context.trace !== null
      ? own
      : makeStoreHandler(runtime, store, own, context.services.clock)
  const isCached = runtime.cache !== null && context.trace === null
  const content = isCached ? makeCached(runtime, runtime.cache, own) : kept
  const tried = source.tryFiles === null ? content : makeTryFiles(source.tryFiles, runtime, content)
  return compilePhases(runtime, tried, context.trace)
}

function makeCached(runtime: LocationRuntime, cache: CacheRuntime, forward: Handler): Handler {
  const handler = makeCacheHandler(runtime, cache, forward)
  cache.forward = forward
  cache.lookUp = handler
  const bytes = cache.settings.sliceBytes
  if (bytes === 0) return handler
  cache.slices = { bytes, handler }
  return makeSliceHandler(cache.slices)
}

function compileAction(action: Action, runtime: LocationRuntime, context: CompileContext): Handler {
  switch (action.kind) {
    case 'proxy':
      return compileProxy(action.target, runtime, context)
    case 'files':
      return makeFileHandler(runtime)
    default:
      return unreachable(action)
  }
}

// ── proxy_pass ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** Null where nothing is cached. */
function compileCache(
  target: ProxyTarget,
  location: Location | null,
  settings: Settings,
  { caches }: CompileContext,
): CacheRuntime | null {
  const { cache } = settings.proxy
  if (cache === null) return null
  const name = compileTemplate(cache.cache)
  const literal = literalText(cache.cache)
  const known = literal === null ? null : caches.find(literal)
  return {
    settings: cache,
    policy: makePolicy(settings.proxy, cache),
    nameOf: name,
    storeOf: literal === null ? exchange => caches.find(name(exchange)) : () => known,
    key: compileKey(cache.key),
    isKeyStable: cache.sliceBytes === 0 && isStable(cache.key) && isStable(target.address),
    proxyHost: compileProxyHost(target),
    bypass: cache.bypass.map(compileTemplate),
    noCache: cache.noCache.map(compileTemplate),
    purge: cache.purge.map(compileTemplate),
    request: compileRequest(target, location, settings, FETCH_DROPS),
    slices: null,
    forward: null,
    lookUp: null,
  }
}

/** What the usual keys are made of; others mean what they say. */
const USUAL_KEY_PARTS = new Set(['scheme', 'proxy_host', 'http_host', 'request_uri'])

/** The usual keys go with an internal redirect, as the request that they stand for does (ngx_http_proxy_create_key). */
function compileKey(key: Template): Render {
  const render = compileTemplate(key)
  const isUsual = key.every(
    part => typeof part !== 'string' && USUAL_KEY_PARTS.has(part.variable as string),
  )
  if (!isUsual) return render
  const target = ['uri', 'is_args', 'args'].map(variable => ({ variable }))
  const moved = compileTemplate(
    key.flatMap(part =>
      typeof part !== 'string' && part.variable === 'request_uri' ? target : [part],
    ) as Template,
  )
  return exchange => (exchange.isInternal ? moved(exchange) : render(exchange))
}

function compileProxyHost({ address }: ProxyTarget): Render {
  const literal = literalText(address)
  if (literal !== null) return () => literal
  const render = compileTemplate(address)
  return exchange => splitAddress(render(exchange)).name
}

const SCHEME = /^http:\/\//i

/** Without the protocol before what variables came to, and the path behind it. */
function splitAddress(written: string): { readonly name: string; readonly path: string } {
  const text = written.replace(SCHEME, '')
  const slash = text.startsWith('unix:') ? -1 : text.indexOf('/')
  return slash === -1
    ? { name: text, path: '' }
    : { name: text.slice(0, slash), path: text.slice(slash) }
}

function compileRedirectRules(target: ProxyTarget, location: Location | null, settings: Settings) {
  const { redirects } = settings.proxy
  if (redirects !== 'default') return compileRedirects(redirects, compileTemplate)
  const address = literalText(target.address)
  const uri = target.uri === null ? '' : literalText(target.uri)
  if (address === null || uri === null) return null
  return compileRedirects(
    defaultRedirects(
      `${target.scheme}://${address}${uri}`,
      target.uri !== null,
      prefixOf(location),
    ),
    compileTemplate,
  )
}

function compileProxy(
  target: ProxyTarget,
  runtime: LocationRuntime,
  context: CompileContext,
): Handler {
  const { proxy } = runtime.settings
  const rules: ForwardRules = {
    timeouts: {
      connectMs: proxy.connectTimeoutMs,
      sendMs: proxy.sendTimeoutMs,
      readMs: proxy.readTimeoutMs,
      quietMs: 2 * proxy.retry.connectHedgeMs,
    },
    headLimits: {
      lineBytesMax: proxy.bufferBytes,
      headBytesMax: proxy.bufferBytes,
      fieldLineBytesMax: proxy.bufferBytes,
      fieldsMax: RESPONSE_FIELDS_MAX,
      allowUnderscores: true,
      ignoreInvalidFields: true,
    },
  }
  const egressOf = compileEgress(runtime)
  const rulesFor = (exchange: Exchange, { config }: UpstreamRuntime): ForwardRules => {
    const egress = egressOf(exchange, config)
    if (egress === PLAIN_EGRESS) return rules
    return { ...rules, timeouts: { ...rules.timeouts, egress } }
  }
  const { trace } = context
  const start = (exchange: Exchange, to: UpstreamRuntime): void => {
    if (trace === null) new Forward(exchange, runtime, rulesFor(exchange, to), to).start()
    else trace.onForward(exchange, runtime, to)
  }
  const upstream = target.upstream === null ? undefined : context.upstreams.get(target.upstream)
  const address = compileTemplate(target.address)
  if (upstream !== undefined) {
    const proxyHost = literalText(target.address) ?? upstream.config.name
    return exchange => {
      exchange.proxyHost = proxyHost
      start(exchange, upstream)
    }
  }
  return exchange => {
    const { name, path } = splitAddress(address(exchange))
    exchange.proxyHost = name
    exchange.proxyTarget = path
    const found = context.upstreams.get(name) ?? exchange.snapshot.findDynamicUpstream(name)
    if (found !== null) start(exchange, found)
    else if (trace !== null) trace.onForward(exchange, runtime, null)
    else lookUpPeer(exchange, runtime, name, to => start(exchange, to))
  }
}
