// `proxy_redirect`: what of a peer's Location and Refresh is rewritten so that clients stay on this side
// (http://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_redirect).

import type { RedirectRule } from '../model/proxy-settings.ts'
import type { Template } from '../model/template.ts'
import type { RewriteLocation } from './response-head.ts'
import { setCaptures } from './route.ts'
import type { Render } from './runtime.ts'

interface PrefixRule {
  readonly from: Render
  readonly to: Render
  readonly regex: RegExp | null
}

/** Compiles the rules; the first that matches is applied. */
export function compileRedirects(
  rules: readonly RedirectRule[],
  render: (template: Template) => Render,
): RewriteLocation | null {
  if (rules.length === 0) return null
  const compiled: PrefixRule[] = rules.map(rule =>
    rule.kind === 'prefix'
      ? { from: render(rule.from), to: render(rule.to), regex: null }
      : {
          from: () => '',
          to: render(rule.to),
          regex: new RegExp(rule.pattern, rule.isCaseInsensitive ? 'i' : ''),
        },
  )
  return (exchange, value) => {
    for (const { from, to, regex } of compiled) {
      if (regex === null) {
        const prefix = from(exchange)
        if (value.startsWith(prefix)) {
          return to(exchange) + value.slice(prefix.length)
        }
        continue
      }
      const captures = regex.exec(value)
      if (captures === null) continue
      setCaptures(exchange, captures)
      // nginx replaces the whole value by what the rule says.
      return to(exchange)
    }
    return value
  }
}

/** The rules of `proxy_redirect default`: the address of `proxy_pass` becomes the location's prefix. */
export function defaultRedirects(
  target: string,
  hasUri: boolean,
  prefix: string,
): readonly RedirectRule[] {
  const from = hasUri ? target : `${target}/`
  return [{ kind: 'prefix', from: [from], to: [hasUri ? prefix : '/'] }]
}
