// References in Location and Content-Location, taken as addresses of the origin that answered (RFC 9110 §8.7, §10.2.2;
// RFC 9111 §4.4): another origin's are none of its business.

import type { RequestHead } from '../../http/request-parser.ts'

/**
 * Resolves a reference against the target of a request.
 *
 * @param scheme of the request, `http` or `https`; null = not known, either passes
 * @returns path and query; null when it is no reference, or one of another origin
 */
export function sameOriginTarget(
  reference: string,
  request: RequestHead,
  scheme: string | null,
): string | null {
  const base = parseUrl(request.target, `${scheme ?? 'http'}://${request.authority}`)
  const url = base === null ? null : parseUrl(reference, base.href)
  if (base === null || url === null) return null
  if (url.protocol !== base.protocol) {
    const isWeb = url.protocol === 'http:' || url.protocol === 'https:'
    if (scheme !== null || !isWeb) return null
  }
  // The host with the port that goes without saying in this scheme.
  const own = parseUrl(`${url.protocol}//${request.authority}`)
  return own !== null && own.host === url.host ? url.pathname + url.search : null
}

/** Whether a reference names the very target of a request. */
export function isOwnTarget(reference: string, request: RequestHead): boolean {
  const own = sameOriginTarget(request.target, request, null)
  return own !== null && sameOriginTarget(reference, request, null) === own
}

function parseUrl(text: string, base?: string): URL | null {
  return URL.parse(text, base)
}
