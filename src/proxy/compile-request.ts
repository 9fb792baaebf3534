// What a location makes its requests to peers of: the template of their heads, compiled from its settings.

import type { Location, ProxyTarget } from '../model/route.ts'
import type { Settings } from '../model/settings.ts'
import { literalText } from '../model/template.ts'
import { isStable, isStableByDefinition } from './head-memo.ts'
import { RequestTemplate } from './outgoing-head.ts'
import { compileTemplate } from './variables.ts'

/** What a client asks of a part or on a condition, a cache asks for whole (ngx_http_proxy_module). */
export const FETCH_DROPS = [
  'range',
  'if-range',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
]

/** @param drops fields of the client that stay behind, lower case */
export function compileRequest(
  target: ProxyTarget,
  location: Location | null,
  settings: Settings,
  drops: readonly string[] = [],
): RequestTemplate {
  const { proxy } = settings
  const texts = [target.address, target.uri ?? [], ...proxy.setFields.map(field => field.value)]
  return new RequestTemplate({
    httpVersion: proxy.httpVersion,
    setFields: proxy.setFields.map(field => ({
      name: field.name,
      render: compileTemplate(field.value),
    })),
    allowsUpgrade: drops.length > 0 ? [] : proxy.allowsUpgrade,
    dropFields: drops,
    dropsAllFields: !proxy.passesFields,
    method: proxy.method === null ? null : compileTemplate(proxy.method),
    body: proxy.body === null ? (proxy.passesBody ? null : 'none') : compileTemplate(proxy.body),
    passesTrailers: proxy.passesTrailers,
    uri: target.uri === null ? null : compileTemplate(target.uri),
    isUriWhole:
      literalText(target.address) === null ||
      (target.uri !== null && literalText(target.uri) === null),
    matchedLength: prefixOf(location).length,
    // What is asked on behalf of a cache has conditions of its own.
    isStable:
      drops.length === 0 &&
      proxy.method === null &&
      proxy.body === null &&
      proxy.passesBody &&
      texts.every(isStableByDefinition),
    usesDefinitions: !texts.every(isStable),
  })
}

/** The path that a location matches; empty where that is no path. */
export function prefixOf(location: Location | null): string {
  const match = location?.match
  return match?.kind === 'prefix' || match?.kind === 'exact' ? match.path : ''
}
