// Which location serves a path, by nginx's rules (http://nginx.org/en/docs/http/ngx_http_core_module.html#location): an
// exact match ends the search; of the prefixes the longest is remembered, and unless it is `^~` the regexes are asked in
// order, inner levels first; the first that matches wins, else the remembered prefix.

import type { LocationMatch } from '../model/route.ts'
import type { LocationRuntime } from './runtime.ts'

/** A compiled location with its nested ones. */
export interface LocationEntry {
  readonly match: LocationMatch
  readonly location: LocationRuntime
  readonly nested: LocationTable
}

interface RegexEntry {
  readonly regex: RegExp
  readonly entry: LocationEntry
}

/** What a search found. */
export interface LocationFound {
  /** Null: no location matches. */
  location: LocationRuntime | null
  /** Of a regex location: its match, for `$1` and named captures. */
  captures: RegExpExecArray | null
  /** The path lacks only the slash of a proxying `location`: answer 301 to the path with it. */
  isSlashMissing: boolean
}

export class LocationTable {
  readonly #exact = new Map<string, LocationEntry>()
  readonly #prefixes = new Map<string, LocationEntry>()
  /** Lengths of the prefixes, the longest first. */
  readonly #lengths: number[]
  readonly #regexes: RegexEntry[] = []
  readonly #named = new Map<string, LocationRuntime>()
  /** Proxying locations that end with a slash, by their path without it. */
  readonly #withoutSlash = new Map<string, LocationEntry>()

  constructor(entries: readonly LocationEntry[]) {
    for (const entry of entries) this.#add(entry)
    this.#lengths = [...new Set([...this.#prefixes.keys()].map(path => path.length))].sort(
      (a, b) => b - a,
    )
  }

  #add(entry: LocationEntry): void {
    const { match } = entry
    switch (match.kind) {
      case 'exact':
        this.#exact.set(match.path, entry)
        this.#addWithoutSlash(match.path, entry)
        return
      case 'prefix':
        this.#prefixes.set(match.path, entry)
        this.#addWithoutSlash(match.path, entry)
        return
      case 'regex':
        this.#regexes.push({
          regex: new RegExp(match.pattern, match.isCaseInsensitive ? 'i' : ''),
          entry,
        })
        return
      case 'named':
        if (!this.#named.has(match.name)) this.#named.set(match.name, entry.location)
        return
    }
  }

  #addWithoutSlash(path: string, entry: LocationEntry): void {
    if (entry.location.request === null || !path.endsWith('/') || path.length === 1) return
    this.#withoutSlash.set(path.slice(0, -1), entry)
  }

  /** Finds the location of a normalised path; `found` is filled and is the caller's. */
  find(uri: string, found: LocationFound): void {
    found.location = null
    found.captures = null
    found.isSlashMissing = false
    this.#search(uri, found)
  }

  /** @returns true when the search is over: an exact or a regex location, or a missing slash */
  #search(uri: string, found: LocationFound): boolean {
    const exact = this.#exact.get(uri)
    if (exact !== undefined) {
      found.location = exact.location
      return true
    }
    const almost = this.#withoutSlash.size > 0 ? this.#withoutSlash.get(uri) : undefined
    if (almost !== undefined && !this.#prefixes.has(uri)) {
      found.location = almost.location
      found.isSlashMissing = true
      return true
    }
    let isFinal = false
    const entry = this.#longestPrefix(uri)
    if (entry !== null) {
      found.location = entry.location
      isFinal = entry.match.kind === 'prefix' && entry.match.isFinal
      if (entry.nested.#search(uri, found)) return true
    }
    if (isFinal) return false
    for (const { regex, entry: candidate } of this.#regexes) {
      const captures = regex.exec(uri)
      if (captures === null) continue
      found.location = candidate.location
      found.captures = captures
      candidate.nested.#search(uri, found)
      return true
    }
    return false
  }

  #longestPrefix(uri: string): LocationEntry | null {
    for (const length of this.#lengths) {
      if (length > uri.length) continue
      const entry = this.#prefixes.get(length === uri.length ? uri : uri.slice(0, length))
      if (entry !== undefined) return entry
    }
    return null
  }

  /** The location `@name`, at any level. */
  findNamed(name: string): LocationRuntime | null {
    return this.#named.get(name) ?? null
  }
}
