// Inheritance: lays what a level wrote over the settings of the level above, as nginx merges its
// configurations. Lists (`proxy_set_header`, `add_header`, `error_page`, logs) are replaced as a
// whole. A level that wrote nothing shares the object of its parent, and so does each group of
// settings.

import { defaultSetFields, HIDDEN_FIELDS } from '../../model/defaults.ts'
import type { FieldTemplate, ProxySettings, RedirectRule } from '../../model/proxy-settings.ts'
import type { LocationMatch, ProxyTarget } from '../../model/route.ts'
import type { AddedField, ClientSettings, FileSettings, Settings } from '../../model/settings.ts'
import { literal, templateText } from '../../model/template.ts'
import { ACCESS_KEYS, buildAccess } from './access-directives.ts'
import { bufferSizes } from './buffer-sizes.ts'
import { buildCache, CACHE_KEYS } from './cache-build.ts'
import { buildLimits, LIMIT_KEYS } from './limit-directives.ts'
import type { Reading } from './reading.ts'
import { buildRealIp, REAL_IP_KEYS } from './real-ip-directives.ts'
import { buildResolver } from './resolver-directives.ts'
import type { FieldInheritance, Level, LevelValues, WrittenRedirect } from './scope.ts'
import { buildStore, STORE_KEYS } from './store-directives.ts'
import { buildPeerTls, buildServerTls, PEER_TLS_KEYS, SERVER_TLS_KEYS } from './tls-build.ts'

/** The location whose own `proxy_pass` a rule `default` beside others means. */
export interface RedirectPlace {
  readonly match: LocationMatch
  readonly target: ProxyTarget | null
}

/**
 * Makes the settings of a level.
 *
 * @param above settings of the level around it, or the defaults for `http`
 * @param place the location, null for `http` and `server`
 */
export function buildSettings(
  level: Level,
  above: Settings,
  place: RedirectPlace | null,
  reading: Reading,
): Settings {
  const { values } = level
  if (Object.keys(values).length === 0 && !losesFields(level, above)) return above
  return reading.sharedSettings.of(level, above, () => makeSettings(level, above, place, reading))
}

function makeSettings(
  level: Level,
  above: Settings,
  place: RedirectPlace | null,
  reading: Reading,
): Settings {
  const { values } = level
  return {
    client: has(values, CLIENT_KEYS) ? buildClient(values, above.client) : above.client,
    files: has(values, FILE_KEYS) ? buildFiles(values, above.files) : above.files,
    tls: has(values, SERVER_TLS_KEYS) ? buildServerTls(level, reading) : above.tls,
    proxy: has(values, PROXY_KEYS) ? buildProxy(level, above.proxy, place, reading) : above.proxy,
    limits: has(values, LIMIT_KEYS) ? buildLimits(values, above.limits) : above.limits,
    access: has(values, ACCESS_KEYS) ? buildAccess(values, above.access) : above.access,
    resolver: buildResolver(values, above.resolver, reading.isStrict),
    realIp: has(values, REAL_IP_KEYS) ? buildRealIp(values, above.realIp) : above.realIp,
    addFields: inheritFields(values.addFields, above.addFields, level.find('addFieldsInherit')),
    addTrailers: inheritFields(
      values.addTrailers,
      above.addTrailers,
      level.find('addTrailersInherit'),
    ),
    expires: values.expires ?? above.expires,
    errorPages: values.errorPages ?? above.errorPages,
    nestsErrorPages: values.nestsErrorPages ?? above.nestsErrorPages,
    accessLogs: values.accessLogs ?? above.accessLogs,
    errorLogs: values.errorLogs ?? above.errorLogs,
    serverTokens: values.serverTokens ?? above.serverTokens,
    mergesSlashes: values.mergesSlashes ?? above.mergesSlashes,
    absoluteRedirect: values.absoluteRedirect ?? above.absoluteRedirect,
    portInRedirect: values.portInRedirect ?? above.portInRedirect,
    serverNameInRedirect: values.serverNameInRedirect ?? above.serverNameInRedirect,
    logsNotFound: values.logsNotFound ?? above.logsNotFound,
    logsRewrites: values.logsRewrites ?? above.logsRewrites,
    warnsUnset: values.warnsUnset ?? above.warnsUnset,
  }
}

type Values = Level['values']
type Keys = readonly (keyof LevelValues)[]

const CLIENT_KEYS: Keys = [
  'headerBufferBytes',
  'largeHeaderBuffers',
  'headerTimeoutMs',
  'bodyBytesMax',
  'bodyBufferBytes',
  'bodyTimeoutMs',
  'bodyTempPath',
  'bodyFile',
  'clientSendTimeoutMs',
  'keepaliveTimeoutMs',
  'keepaliveHeaderSeconds',
  'keepaliveRequestsMax',
  'keepaliveAgeMaxMs',
  'keepaliveMinMs',
  'keepaliveDisable',
  'fieldsMax',
  'resetsTimedOut',
  'sendsChunks',
  'allowsUnderscores',
  'ignoresInvalidFields',
  'lingeringMode',
  'lingeringTimeMs',
  'lingeringTimeoutMs',
]

const FILE_KEYS: Keys = [
  'root',
  'index',
  'defaultType',
  'types',
  'modifiedSince',
  'hasEtag',
  'rangesMax',
  'symlinks',
  'hasAutoindex',
  'autoindexFormat',
  'autoindexExact',
  'autoindexLocal',
]

const PROXY_KEYS: Keys = [
  'httpVersion',
  'setFields',
  'hiddenFields',
  'passedFields',
  'redirects',
  'cookieDomains',
  'cookiePaths',
  'cookieFlags',
  'method',
  'body',
  'passesFields',
  'passesBody',
  'forcesRanges',
  'earlyHints',
  'isBuffering',
  'isRequestBuffering',
  'limitRate',
  'bufferBytes',
  'buffers',
  'busyBuffersBytes',
  'tempFileBytesMax',
  'tempFileWriteBytes',
  'tempPath',
  'bind',
  'isSocketKeptAlive',
  'connectTimeoutMs',
  'proxySendTimeoutMs',
  'readTimeoutMs',
  'retryOn',
  'retryTriesMax',
  'retryTimeoutMs',
  'retryTryTimeoutMs',
  'retryDeadlineMs',
  'retryBackoff',
  'retryBudget',
  'connectHedgeMs',
  'retryHedge',
  'ignoresClientAbort',
  'interceptsErrors',
  'passesTrailers',
  'ignoreFields',
  ...CACHE_KEYS,
  ...STORE_KEYS,
  ...PEER_TLS_KEYS,
]

function has(values: Values, keys: Keys): boolean {
  return keys.some(key => values[key] !== undefined)
}

function buildClient(values: Values, above: ClientSettings): ClientSettings {
  return {
    headerBufferBytes: values.headerBufferBytes ?? above.headerBufferBytes,
    largeHeaderBuffers: values.largeHeaderBuffers ?? above.largeHeaderBuffers,
    headerTimeoutMs: values.headerTimeoutMs ?? above.headerTimeoutMs,
    bodyBytesMax: values.bodyBytesMax ?? above.bodyBytesMax,
    bodyBufferBytes: values.bodyBufferBytes ?? above.bodyBufferBytes,
    bodyTimeoutMs: values.bodyTimeoutMs ?? above.bodyTimeoutMs,
    bodyTempPath: values.bodyTempPath ?? above.bodyTempPath,
    bodyFile: values.bodyFile ?? above.bodyFile,
    sendTimeoutMs: values.clientSendTimeoutMs ?? above.sendTimeoutMs,
    keepaliveTimeoutMs: values.keepaliveTimeoutMs ?? above.keepaliveTimeoutMs,
    keepaliveHeaderSeconds: values.keepaliveHeaderSeconds ?? above.keepaliveHeaderSeconds,
    keepaliveRequestsMax: values.keepaliveRequestsMax ?? above.keepaliveRequestsMax,
    keepaliveAgeMaxMs: values.keepaliveAgeMaxMs ?? above.keepaliveAgeMaxMs,
    keepaliveMinMs: values.keepaliveMinMs ?? above.keepaliveMinMs,
    keepaliveDisable: values.keepaliveDisable ?? above.keepaliveDisable,
    fieldsMax: values.fieldsMax ?? above.fieldsMax,
    resetsTimedOut: values.resetsTimedOut ?? above.resetsTimedOut,
    sendsChunks: values.sendsChunks ?? above.sendsChunks,
    allowsUnderscores: values.allowsUnderscores ?? above.allowsUnderscores,
    ignoresInvalidFields: values.ignoresInvalidFields ?? above.ignoresInvalidFields,
    lingering: {
      mode: values.lingeringMode ?? above.lingering.mode,
      timeMs: values.lingeringTimeMs ?? above.lingering.timeMs,
      timeoutMs: values.lingeringTimeoutMs ?? above.lingering.timeoutMs,
    },
  }
}

function buildFiles(values: Values, above: FileSettings): FileSettings {
  return {
    root: values.root?.path ?? above.root,
    isAlias: values.root?.isAlias ?? above.isAlias,
    index: values.index ?? above.index,
    defaultType: values.defaultType ?? above.defaultType,
    types: values.types ?? above.types,
    modifiedSince: values.modifiedSince ?? above.modifiedSince,
    hasEtag: values.hasEtag ?? above.hasEtag,
    rangesMax: values.rangesMax ?? above.rangesMax,
    symlinks: values.symlinks === 'off' ? null : (values.symlinks ?? above.symlinks),
    hasAutoindex: values.hasAutoindex ?? above.hasAutoindex,
    autoindexFormat: values.autoindexFormat ?? above.autoindexFormat,
    autoindexExact: values.autoindexExact ?? above.autoindexExact,
    autoindexLocal: values.autoindexLocal ?? above.autoindexLocal,
  }
}

/** Fields of the level above hold where there are no others, or as `add_header_inherit` says. */
function inheritFields(
  own: readonly AddedField[] | undefined,
  above: readonly AddedField[],
  inheritance: FieldInheritance = 'on',
): readonly AddedField[] {
  if (inheritance === 'off') return own ?? (above.length === 0 ? above : [])
  if (own === undefined) return above
  return inheritance === 'merge' ? [...own, ...above] : own
}

/** Also a level that writes nothing may be told not to inherit. */
function losesFields(level: Level, { addFields, addTrailers }: Settings): boolean {
  return (
    (addFields.length > 0 && level.find('addFieldsInherit') === 'off') ||
    (addTrailers.length > 0 && level.find('addTrailersInherit') === 'off')
  )
}

function buildProxy(
  level: Level,
  above: ProxySettings,
  place: RedirectPlace | null,
  reading: Reading,
): ProxySettings {
  const { values } = level
  return {
    httpVersion: values.httpVersion ?? above.httpVersion,
    setFields:
      values.setFields === undefined ? above.setFields : completeFields(values.setFields, reading),
    hideFields: hideFields(level),
    redirects:
      values.redirects === undefined ? above.redirects : buildRedirects(values.redirects, place),
    cookieDomains: values.cookieDomains ?? above.cookieDomains,
    cookiePaths: values.cookiePaths ?? above.cookiePaths,
    cookieFlags: values.cookieFlags ?? above.cookieFlags,
    method: values.method ?? above.method,
    body: values.body ?? above.body,
    passesFields: values.passesFields ?? above.passesFields,
    passesBody: values.passesBody ?? above.passesBody,
    forcesRanges: values.forcesRanges ?? above.forcesRanges,
    earlyHints: values.earlyHints ?? above.earlyHints,
    tls: has(values, PEER_TLS_KEYS) ? buildPeerTls(level) : above.tls,
    isBuffering: values.isBuffering ?? above.isBuffering,
    isRequestBuffering: values.isRequestBuffering ?? above.isRequestBuffering,
    limitRate: values.limitRate ?? above.limitRate,
    ...bufferSizes(level),
    tempPath: values.tempPath ?? above.tempPath,
    bind: values.bind === undefined ? above.bind : values.bind,
    isSocketKeptAlive: values.isSocketKeptAlive ?? above.isSocketKeptAlive,
    connectTimeoutMs: values.connectTimeoutMs ?? above.connectTimeoutMs,
    sendTimeoutMs: values.proxySendTimeoutMs ?? above.sendTimeoutMs,
    readTimeoutMs: values.readTimeoutMs ?? above.readTimeoutMs,
    retry: {
      on: values.retryOn ?? above.retry.on,
      triesMax: values.retryTriesMax ?? above.retry.triesMax,
      timeoutMs: values.retryTimeoutMs ?? above.retry.timeoutMs,
      tryTimeoutMs: values.retryTryTimeoutMs ?? above.retry.tryTimeoutMs,
      deadlineMs: values.retryDeadlineMs ?? above.retry.deadlineMs,
      backoffMs: values.retryBackoff?.backoffMs ?? above.retry.backoffMs,
      backoffMaxMs: values.retryBackoff?.backoffMaxMs ?? above.retry.backoffMaxMs,
      budgetPercent: values.retryBudget?.budgetPercent ?? above.retry.budgetPercent,
      budgetMin: values.retryBudget?.budgetMin ?? above.retry.budgetMin,
      connectHedgeMs: values.connectHedgeMs ?? above.retry.connectHedgeMs,
      hedgePercentile: values.retryHedge?.hedgePercentile ?? above.retry.hedgePercentile,
      hedgeMinMs: values.retryHedge?.hedgeMinMs ?? above.retry.hedgeMinMs,
    },
    ignoresClientAbort: values.ignoresClientAbort ?? above.ignoresClientAbort,
    interceptsErrors: values.interceptsErrors ?? above.interceptsErrors,
    allowsUpgrade: above.allowsUpgrade,
    passesTrailers: values.passesTrailers ?? above.passesTrailers,
    ignoreFields: values.ignoreFields ?? above.ignoreFields,
    cache: has(values, CACHE_KEYS) ? buildCache(level) : above.cache,
    store: has(values, STORE_KEYS) ? buildStore(level) : above.store,
  }
}

/** The written fields, and after them nginx's own of which none is written. */
function completeFields(
  written: readonly FieldTemplate[],
  reading: Reading,
): readonly FieldTemplate[] {
  const names = new Set(written.map(field => field.name.toLowerCase()))
  const own = defaultSetFields(reading.compat)
  return [...written, ...own.filter(field => !names.has(field.name.toLowerCase()))]
}

function hideFields(level: Level): readonly string[] {
  const hidden = level.find('hiddenFields') ?? []
  const passed = new Set(level.find('passedFields') ?? [])
  return [...new Set([...HIDDEN_FIELDS, ...hidden])].filter(name => !passed.has(name))
}

/** `default` alone stays a word; beside other rules it becomes the rule that it stands for. */
function buildRedirects(
  written: readonly WrittenRedirect[],
  place: RedirectPlace | null,
): ProxySettings['redirects'] {
  if (written.length === 1 && written[0] === 'default') return 'default'
  const rules: RedirectRule[] = []
  for (const rule of written) {
    if (rule !== 'default') rules.push(rule)
    else if (place !== null && place.target !== null) rules.push(defaultRule(place))
  }
  return rules
}

/** What `proxy_redirect default` stands for in a location with its own `proxy_pass`. */
export function defaultRule(place: RedirectPlace): RedirectRule {
  const { target, match } = place
  const url = `http://${target!.upstream ?? templateText(target!.address)}`
  const uri = target!.uri
  if (uri === null) return { kind: 'prefix', from: literal(`${url}/`), to: literal('/') }
  const path = match.kind === 'exact' || match.kind === 'prefix' ? match.path : '/'
  return { kind: 'prefix', from: literal(`${url}${templateText(uri)}`), to: literal(path) }
}
