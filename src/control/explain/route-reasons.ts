// Why a request came to a server and to a location: nginx's rules told back from what was found. The search itself is that
// of requests (proxy/server-table.ts, proxy/location-table.ts).

import type { Location, LocationMatch, Server, ServerName } from '../../model/route.ts'
import { blocksIn, type Chain } from './places.ts'

/** Why a server takes the requests for a host. */
export function serverReason(server: Server, host: string, isDefault: boolean): string {
  const name = server.names.find(each => isNamed(each, host))
  if (name !== undefined && !(host === '' && isDefault)) return nameReason(name, host)
  const why = host === '' ? 'there is no Host' : `no name matches "${host}"`
  return `${why}: the default server of the address`
}

function isNamed(name: ServerName, host: string): boolean {
  switch (name.kind) {
    case 'exact':
      return name.name === host
    case 'suffix':
      return host.endsWith(name.name) || (name.isApexToo && host === name.name.slice(1))
    case 'prefix':
      return host.startsWith(name.name)
    case 'regex':
      return new RegExp(name.pattern, name.isCaseInsensitive ? 'i' : '').test(host)
  }
}

function nameReason(name: ServerName, host: string): string {
  switch (name.kind) {
    case 'exact':
      return host === '' ? 'there is no Host, and it has the empty name' : `its name is "${host}"`
    case 'suffix':
      return `"${name.isApexToo ? '' : '*'}${name.name}" is the longest such name that matches`
    case 'prefix':
      return `"${name.name}*" is the longest such name that matches`
    case 'regex':
      return `"~${name.pattern}" is the first regex that matches`
  }
}

/** Why a location serves a path; `chain` begins with it. */
export function locationReason(location: Location, chain: Chain): string {
  const around = chain[1]!
  if (!('listens' in around) && blocksIn(around).includes(location))
    return 'a block that stands for its location'
  const siblings = around.locations
  const inner = 'match' in around ? ', inside the one around it' : ''
  const { match } = location
  switch (match.kind) {
    case 'exact':
      return `this very path${inner}`
    case 'prefix': {
      if (match.isFinal) return `the longest prefix, and "^~": no regex is asked${inner}`
      const hasRegex = chain.some(level =>
        level.locations.some(each => each.match.kind === 'regex'),
      )
      return `the longest prefix${hasRegex ? '; no regex matches' : ''}${inner}`
    }
    case 'regex': {
      const regexes = siblings.filter(each => each.match.kind === 'regex')
      const number = regexes.indexOf(location) + 1
      return `regex ${number} of ${regexes.length}, the first that matches${inner}`
    }
    case 'named':
      return 'by its name'
  }
}

/** A location in the words of nginx, in JavaScript's regexes. */
export function matchText(match: LocationMatch): string {
  switch (match.kind) {
    case 'exact':
      return `= ${match.path}`
    case 'prefix':
      return match.isFinal ? `^~ ${match.path}` : match.path
    case 'regex':
      return `${match.isCaseInsensitive ? '~*' : '~'} ${match.pattern}`
    case 'named':
      return `@${match.name}`
  }
}
