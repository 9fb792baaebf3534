// The part of check.ts that walks servers and their locations: matches, targets, and names that
// settings refer to.

import type { CacheSettings } from './cache.ts'
import type { Report, Suggest } from './check.ts'
import { checkAccess } from './check-access.ts'
import { checkCacheSettings } from './check-cache.ts'
import { checkRegex } from './check-regex.ts'
import { checkRetries } from './check-retries.ts'
import type { Config } from './config.ts'
import { type Origin, originOf, type Sourced } from './origin.ts'
import type { RewriteStep } from './rewrite.ts'
import type { Location, LocationMatch, ProxyTarget, Server } from './route.ts'
import type { Settings } from './settings.ts'
import { literalText, type Template } from './template.ts'

/** Checks every server: its locations, and what they refer to. */
export function checkRoutes(config: Config, report: Report, suggest: Suggest): void {
  const upstreams = new Set(config.upstreams.map(upstream => upstream.name))
  const formats = new Set(['json', ...config.logFormats.map(format => format.name)])
  for (const server of config.servers) {
    const named = new Set<string>()
    collectNamed(server.locations, named)
    new ServerCheck({ config, report, suggest, upstreams, formats, named }).check(server)
  }
}

/** What locations of one server may refer to. */
interface Known {
  readonly config: Config
  readonly report: Report
  readonly suggest: Suggest
  readonly upstreams: ReadonlySet<string>
  readonly formats: ReadonlySet<string>
  /** Named locations, without `@`. */
  readonly named: ReadonlySet<string>
}

class ServerCheck {
  readonly #known: Known
  readonly #report: Report
  /** Locations share what they inherit: each object is looked at once. */
  readonly #seen = new Set<Settings>()

  constructor(known: Known) {
    this.#known = known
    this.#report = known.report
  }

  check(server: Server): void {
    const chain = [server, this.#known.config.process]
    this.#checkLevel(server, null, chain)
    this.#checkSteps(server.rewrite ?? [], chain)
    this.#checkLocations(server.locations, null, chain)
  }

  /**
   * @param chain from the innermost level outwards: where an inherited setting may have been
   * written
   */
  #checkLocations(
    locations: readonly Location[],
    around: LocationMatch | null,
    chain: readonly Sourced[],
  ): void {
    const seen = new Map<string, Location>()
    for (const location of locations) {
      const { match } = location
      const origin = originOf(location, 'match')
      this.#checkMatch(match, around, origin)
      this.#checkDuplicate(location, seen, origin)
      const inner = [location, ...chain]
      this.#checkLevel(location, match, inner)
      this.#checkSteps(location.rewrite ?? [], inner)
      if (location.limitExcept !== undefined) {
        const limited = location.limitExcept.location
        this.#checkLevel(limited, match, [limited, ...inner])
      }
      this.#checkLocations(location.locations, match, inner)
    }
  }

  #checkSteps(steps: readonly RewriteStep[], chain: readonly Sourced[]): void {
    for (const step of steps) {
      if (step.kind === 'rewrite') checkRegex(step.regex.pattern, step.origin, this.#report)
      if (step.kind !== 'if') continue
      const { condition, location, origin } = step
      if (condition.kind === 'regex') checkRegex(condition.regex.pattern, origin, this.#report)
      const inner = location === null ? chain : [location, ...chain]
      if (location !== null) this.#checkLevel(location, location.match, inner)
      this.#checkSteps(step.steps, inner)
    }
  }

  #checkDuplicate(location: Location, seen: Map<string, Location>, origin: Origin): void {
    const { match } = location
    // Of equal regexes the first answers, as of any two that match.
    if (match.kind === 'regex') return
    const text = matchText(match)
    // `/a` and `^~ /a` are one place; `= /a` is another.
    const key = match.kind === 'prefix' ? match.path : text
    const earlier = seen.get(key)
    if (earlier === undefined) {
      seen.set(key, location)
      return
    }
    const first = originOf(earlier, 'match')
    const hint = `the first stands in ${first.file}:${first.line}`
    const severity = match.kind === 'named' ? 'warning' : 'error'
    this.#report(severity, `Duplicate location "${text}"`, origin, hint)
  }

  #checkMatch(match: LocationMatch, around: LocationMatch | null, origin: Origin): void {
    const text = matchText(match)
    if (match.kind === 'regex') checkRegex(match.pattern, origin, this.#report)
    if ((match.kind === 'prefix' || match.kind === 'exact') && !match.path.startsWith('/')) {
      const hint = match.path === '' ? '' : `write "/${match.path}"`
      this.#report(
        'warning',
        `No path begins with "${match.path}": wants a "/" first`,
        origin,
        hint,
      )
    }
    if (around === null) return
    const outer = matchText(around)
    if (match.kind === 'named') {
      const hint = 'put it beside the others, at the server'
      this.#report('error', `Cannot use the named location "${text}" inside another`, origin, hint)
    } else if (around.kind === 'exact' || around.kind === 'named') {
      const problem = `Cannot use location "${text}" inside "${outer}", which has no paths below it`
      this.#report('error', problem, origin)
    } else if (match.kind !== 'regex' && around.kind === 'prefix') {
      if (match.path.startsWith(around.path)) return
      const hint = `inside it, paths begin with "${around.path}"`
      this.#report('error', `Location "${text}" is outside location "${outer}"`, origin, hint)
    }
  }

  #checkLevel(
    level: Server | Location,
    match: LocationMatch | null,
    chain: readonly Sourced[],
  ): void {
    const { action, settings, tryFiles } = level
    if (action.kind === 'proxy') this.#checkTarget(action.target, match)
    if (tryFiles !== undefined && !('status' in tryFiles.fallback)) {
      this.#checkNamed(tryFiles.fallback, 'try_files', tryFiles.origin)
    }
    if (this.#seen.has(settings)) return
    this.#seen.add(settings)
    for (const page of settings.errorPages) {
      this.#checkNamed(page.target, 'error_page', originIn(chain, 'errorPages'))
    }
    for (const { format } of settings.accessLogs) {
      if (this.#known.formats.has(format)) continue
      const origin = originIn(chain, 'accessLogs')
      const hint = this.#hint(format, this.#known.formats)
      this.#report('error', `Unknown log format "${format}"`, origin, hint)
    }
    checkAccess(level, findOrigin(chain, 'access.realm') ?? null, this.#report)
    const { redirects, retry, cache, store, isBuffering } = settings.proxy
    if (cache !== null) this.#checkCache(cache, isBuffering, chain)
    if (cache !== null && store !== null) this.#refuseBoth(chain)
    checkRetries(retry, originIn(chain, 'proxy.retry.tryTimeoutMs'), this.#report)
    for (const rule of redirects === 'default' ? [] : redirects) {
      if (rule.kind !== 'regex') continue
      checkRegex(rule.pattern, originIn(chain, 'proxy.redirects'), this.#report)
    }
  }

  #checkCache(cache: CacheSettings, isBuffering: boolean, chain: readonly Sourced[]): void {
    const { report, suggest, config } = this.#known
    const whole = originIn(chain, 'proxy.cache')
    const places = {
      cache: whole,
      key: findOrigin(chain, 'proxy.cache.key') ?? whole,
      slice: findOrigin(chain, 'proxy.cache.sliceBytes') ?? whole,
      purge: findOrigin(chain, 'proxy.cache.purge') ?? whole,
      buffering: findOrigin(chain, 'proxy.isBuffering') ?? whole,
    }
    checkCacheSettings(cache, isBuffering, config.caches, places, report, suggest)
  }

  #refuseBoth(chain: readonly Sourced[]): void {
    const problem = 'Responses go into a cache or become files, not both'
    const origin = findOrigin(chain, 'proxy.store') ?? originIn(chain, 'proxy.cache')
    this.#report('error', problem, origin, 'switch one of them off: cache: off, or store: off')
  }

  #checkTarget(target: ProxyTarget, match: LocationMatch | null): void {
    const { upstream, uri } = target
    if (upstream !== null && !this.#known.upstreams.has(upstream)) {
      const hint = this.#hint(upstream, this.#known.upstreams)
      this.#report('error', `Unknown upstream "${upstream}"`, originOf(target, 'upstream'), hint)
    }
    // With variables it is the whole target, so it need not know what was matched.
    const isPart = uri !== null && literalText(uri) !== null
    if (isPart && (match === null || match.kind === 'regex' || match.kind === 'named')) {
      const place = match === null ? 'a server' : `a ${match.kind} location`
      const problem = `Cannot replace the matched path in ${place}: no fixed part is matched`
      const hint = 'leave the URI out, or put variables into it: it is the whole target then'
      this.#report('error', problem, originOf(target, 'uri'), hint)
    }
  }

  #checkNamed(target: Template, word: string, origin: Origin): void {
    const text = literalText(target)
    if (text === null || !text.startsWith('@') || this.#known.named.has(text.slice(1))) return
    const names = [...this.#known.named].map(name => `@${name}`)
    const hint = this.#hint(text, names)
    this.#report('warning', `No location "${text}", which ${word} leads to`, origin, hint)
  }

  #hint(word: string, known: Iterable<string>): string {
    const near = this.#known.suggest(word, known)
    if (near !== null) return `did you mean "${near}"?`
    const names = [...known]
    const isShort = names.length > 0 && names.length <= 12
    return isShort ? `there is ${names.map(name => `"${name}"`).join(', ')}` : ''
  }
}

function collectNamed(locations: readonly Location[], named: Set<string>): void {
  for (const { match, locations: inner } of locations) {
    if (match.kind === 'named') named.add(match.name)
    collectNamed(inner, named)
  }
}

/** The match as nginx writes it. */
function matchText(match: LocationMatch): string {
  switch (match.kind) {
    case 'exact':
      return `= ${match.path}`
    case 'prefix':
      return match.path
    case 'regex':
      return `${match.isCaseInsensitive ? '~*' : '~'} ${match.pattern}`
    case 'named':
      return `@${match.name}`
  }
}

/** Where the nearest level wrote a property; the level itself when none did. */
function originIn(chain: readonly Sourced[], property: string): Origin {
  return findOrigin(chain, property) ?? chain[0]!.origin
}

function findOrigin(chain: readonly Sourced[], property: string): Origin | undefined {
  return chain.find(level => level.origins?.[property] !== undefined)?.origins?.[property]
}
