// Which peer a request is bound to, and what has to be remembered so that the session's next request is bound as well
// (nginx: `sticky`). The group decides whether the peer can take it; when it cannot, the request is picked for anew and
// bound anew (http://nginx.org/en/docs/http/ngx_http_upstream_module.html#sticky).

import type { Clock } from '../base/clock.ts'
import type { Template } from '../model/template.ts'
import type { Sticky } from '../model/upstream.ts'
import type { SessionZone } from '../zone/session-zone.ts'
import type { Exchange } from './exchange.ts'
import type { PeerNames } from './peer-names.ts'
import type { Render } from './runtime.ts'
import { CookieSessions } from './sticky-cookie.ts'
import { LearnedSessions } from './sticky-learn.ts'
import { SourceSessions } from './sticky-source.ts'
import { compileTemplate } from './variables.ts'

/** How one upstream keeps sessions. */
export interface StickySessions {
  /** Peers that the request is bound to; empty = it is bound to none. */
  find(exchange: Exchange, names: PeerNames): readonly number[]
  /** The peer was picked for a try of the request. */
  onPick?(exchange: Exchange, names: PeerNames, peer: number): void
  /** The head of the peer's answer is there, and goes to the client. */
  onAnswer(exchange: Exchange, names: PeerNames, peer: number): void
  /** The peer's answer is whole. */
  onWhole(exchange: Exchange, names: PeerNames, peer: number): void
}

/** What keeping sessions needs of the worker. */
export interface StickyParts {
  readonly clock: Clock
  readonly isStrict: boolean
  /** The table of `learn` and `source`; null for the others. */
  readonly zone: SessionZone | null
}

/** Makes what one upstream keeps its sessions by. */
export function compileSticky(sticky: Sticky, parts: StickyParts): StickySessions {
  switch (sticky.kind) {
    case 'cookie':
      return new CookieSessions(sticky, parts.clock, parts.isStrict)
    case 'route':
      return new RouteSessions(firstOf(sticky.values))
    case 'learn':
      return new LearnedSessions({
        lookup: firstOf(sticky.lookup),
        create: firstOf(sticky.create),
        zone: parts.zone!,
        clock: parts.clock,
        timeoutMs: sticky.timeoutMs,
        isAfterHeader: sticky.isAfterHeader,
      })
    case 'source':
      return new SourceSessions({
        prefix4: sticky.prefix4,
        prefix6: sticky.prefix6,
        zone: parts.zone!,
        clock: parts.clock,
        timeoutMs: sticky.timeoutMs,
      })
  }
}

/** The application names the peer. */
class RouteSessions implements StickySessions {
  readonly #route: Render

  constructor(route: Render) {
    this.#route = route
  }

  find(exchange: Exchange, names: PeerNames): readonly number[] {
    return names.find(this.#route(exchange))
  }

  onAnswer(): void {}
  onWhole(): void {}
}

/** The first text that is not empty, or the empty one. */
function firstOf(templates: readonly Template[]): Render {
  const renders = templates.map(template => compileTemplate(template))
  return exchange => {
    for (let i = 0; i < renders.length; i++) {
      const text = renders[i]!(exchange)
      if (text !== '') return text
    }
    return ''
  }
}
