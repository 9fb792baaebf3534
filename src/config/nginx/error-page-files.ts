// Warns where `error_page` names a file that is not there: clients would then get the plain page,
// and 404 in the log, exactly when something is wrong already. Only looks where it is certain which
// file is meant.

import { existsSync } from 'node:fs'

import type { Config } from '../../model/config.ts'
import type { Location, Server } from '../../model/route.ts'
import type { ErrorPage } from '../../model/settings.ts'
import { literalText } from '../../model/template.ts'
import type { Reading } from './reading.ts'
import type { Level, LocationScope, MainScope, ServerScope } from './scope.ts'

/** Warns at each `error_page` whose file is missing for a server that it holds in. */
export function checkErrorPages(config: Config, main: MainScope, reading: Reading): void {
  main.http?.servers.forEach((scope, index) => {
    const server = config.servers[index]
    if (server === undefined) return
    const level = scope.level.pageOrigins.length > 0 ? scope.level : scope.level.parent
    if (level !== null) checkPages(level, server, reading)
    checkLocations(scope, server, reading)
  })
}

function checkLocations(
  scope: ServerScope | LocationScope,
  server: Server,
  reading: Reading,
): void {
  for (const inner of scope.locations) {
    checkPages(inner.level, server, reading)
    checkLocations(inner, server, reading)
  }
}

function checkPages(level: Level, server: Server, reading: Reading): void {
  level.values.errorPages?.forEach((page, index) => {
    const missing = missingFile(page, server)
    if (missing === null) return
    const uri = literalText(page.target)
    const message = `the file of "error_page" is missing: "${missing}"`
    const hint = `"${uri}" is looked up there; create it, or set its "root" in "location = ${uri}"`
    reading.warnOnce(message, level.pageOrigins[index]!, hint)
  })
}

/** The path of the page's file where it is certain and nothing is there. */
function missingFile(page: ErrorPage, server: Server): string | null {
  const uri = literalText(page.target)
  if (uri === null || !uri.startsWith('/') || uri.endsWith('/') || uri.includes('?')) return null
  const found = findLocation(uri, server.locations)
  const place = found ?? server
  if (place.action.kind !== 'files' || place.returns !== null || place.tryFiles !== undefined) {
    return null
  }
  if (place.rewrite !== undefined) return null
  if (server.returns !== null || server.rewrite !== undefined) return null
  const { root, isAlias } = place.settings.files
  const directory = literalText(root)
  if (directory === null) return null
  // An alias may be of a location around: what that one matched is not known here.
  if (isAlias && found !== null && !server.locations.includes(found)) return null
  const path = isAlias ? aliasPath(uri, found, directory) : `${directory}${uri}`
  return path === null || existsSync(path) ? null : path
}

function aliasPath(uri: string, location: Location | null, directory: string): string | null {
  if (location === null) return null
  const { match } = location
  if (match.kind !== 'exact' && match.kind !== 'prefix') return null
  return directory + uri.slice(match.path.length)
}

/**
 * nginx's choice: exact, else the longest prefix, and a regex before it unless the prefix is final.
 */
function findLocation(uri: string, locations: readonly Location[]): Location | null {
  let best: Location | null = null
  let bestLength = -1
  let isFinal = false
  for (const location of locations) {
    const { match } = location
    if (match.kind === 'exact' && match.path === uri) return location
    if (match.kind !== 'prefix' || !uri.startsWith(match.path)) continue
    if (match.path.length <= bestLength) continue
    best = location
    bestLength = match.path.length
    isFinal = match.isFinal
  }
  const inner = best === null ? null : findLocation(uri, best.locations)
  if (inner !== null) return inner
  if (isFinal) return best
  const regex = locations.find(
    ({ match }) =>
      match.kind === 'regex' &&
      new RegExp(match.pattern, match.isCaseInsensitive ? 'i' : '').test(uri),
  )
  return regex ?? best
}
