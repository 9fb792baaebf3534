// What the phases of a location had to say about a request that came through them, or did not: access by address and
// password, limits, and variables that the configuration makes. Told back from the location's settings and from what the
// phases left in the exchange.

import { printDuration, printSize } from '../../config/yaml/measures.ts'
import type { Config } from '../../model/config.ts'
import type { Rate } from '../../model/limit-settings.ts'
import { type Template, templateText } from '../../model/template.ts'
import { AddressRules } from '../../proxy/address-rules.ts'
import { clientAddress } from '../../proxy/client-address.ts'
import type { Exchange } from '../../proxy/exchange.ts'
import type { LocationRuntime } from '../../proxy/runtime.ts'
import { compileTemplate } from '../../proxy/variables.ts'
import type { Decision } from './explanation.ts'
import { type Chain, type Places, placeText } from './places.ts'

/** Who the client is taken for, where a proxy speaks for it. */
export function clientDecisions(
  exchange: Exchange,
  chain: Chain,
  places: Places,
): readonly Decision[] {
  const { realClient } = exchange
  if (realClient === null) return []
  const at = places.find(chain, { nginx: 'real_ip_header', model: 'realIp.header' })
  return [{ topic: 'client', text: `stands for ${realClient.address}`, at }]
}

/** Rules by address and password. */
export function accessDecisions(
  exchange: Exchange,
  { settings }: LocationRuntime,
  chain: Chain,
  places: Places,
): readonly Decision[] {
  const { rules, realm, usersPath, satisfy, request } = settings.access
  const decisions: Decision[] = []
  const say = (text: string, at: string): void => {
    decisions.push({ topic: 'access', text, at })
  }
  if (rules.length > 0) {
    const address = clientAddress(exchange)
    const index = rules.findIndex(rule => new AddressRules([rule]).find(address) !== null)
    const lines = ['allow', 'deny']
      .flatMap(name => places.lines(chain, name))
      .sort((a, b) => a.origin.line - b.origin.line || a.origin.column - b.origin.column)
    const rule = rules[index]
    if (rule === undefined) say(`no rule is about ${address}: it may pass`, '')
    else {
      const line = lines[index]
      const from = rule.from.kind === 'network' ? rule.from.network : rule.from.kind
      const verdict = rule.action === 'allow' ? 'may pass' : 'may not'
      const at =
        line === undefined
          ? places.find(chain, { nginx: rule.action, model: 'access.rules' })
          : placeText(line.origin)
      say(`${address} ${verdict}: rule ${index + 1} of ${rules.length}, ${rule.action} ${from}`, at)
    }
  }
  if (realm !== null && usersPath !== null) {
    const at = places.find(chain, { nginx: 'auth_basic', model: 'access.realm' })
    say(`a password of "${templateText(usersPath)}" for "${templateText(realm)}"`, at)
  }
  if (request !== null) {
    const at = places.find(chain, { nginx: 'auth_request', model: 'access.request' })
    say(`${request} is asked, and counts here as one that agrees`, at)
  }
  if (satisfy === 'any' && decisions.length > 1) {
    say('one of these is enough', places.find(chain, { nginx: 'satisfy', model: 'access.satisfy' }))
  }
  return decisions
}

/** Limits that the request counts in. */
export function limitDecisions(
  exchange: Exchange,
  { settings }: LocationRuntime,
  chain: Chain,
  places: Places,
  { limitZones }: Config,
): readonly Decision[] {
  const { requests, connections, rate, rateAfter } = settings.limits
  const keyIn = (name: string): string => {
    const zone = limitZones.find(each => each.name === name)
    return zone === undefined ? '' : compileTemplate(zone.key)(exchange)
  }
  const counted = (name: string): string => {
    const key = keyIn(name)
    return key === ''
      ? `zone "${name}": not counted, as the key is empty`
      : `zone "${name}", as "${shown(key)}"`
  }
  return [
    ...requests.map(({ zone, burst, origin }): Decision => {
      const found = limitZones.find(each => each.name === zone)
      const perSecond = `${(found?.rate ?? 0) / 1000} a second`
      return {
        topic: 'limit',
        text: `requests, ${counted(zone)}: ${perSecond} and ${burst} more`,
        at: placeText(origin),
      }
    }),
    ...connections.map(
      ({ zone, max, origin }): Decision => ({
        topic: 'limit',
        text: `requests at once, ${counted(zone)}: ${max}`,
        at: placeText(origin),
      }),
    ),
    ...(rate === 0
      ? []
      : [
          {
            topic: 'limit',
            text: `${rateText(rate)} bytes a second, after ${rateText(rateAfter)}`,
            at: places.find(chain, { nginx: 'limit_rate', model: 'limits.rate' }),
          } as const,
        ]),
  ]
}

function rateText(rate: Rate): string {
  return typeof rate === 'number' ? String(printSize(rate)) : templateText(rate)
}

/** Binary addresses are keys, and no text. */
function shown(key: string): string {
  if (!/[^\x20-\x7e]/.test(key)) return key
  return [...Buffer.from(key, 'latin1')].join('.')
}

/** The variables of the configuration's own that the location's texts name, with their values. */
export function variableDecisions(
  exchange: Exchange,
  { config, settings }: LocationRuntime,
  { variables }: Config,
): readonly Decision[] {
  const { proxy, addFields } = settings
  const target = config?.action.kind === 'proxy' ? config.action.target : null
  const templates: Template[] = [
    target?.address ?? [],
    target?.uri ?? [],
    config?.returns?.text ?? [],
    proxy.cache?.key ?? [],
    ...proxy.setFields.map(field => field.value),
    ...addFields.map(field => field.value),
  ]
  const named = new Set(
    templates.flatMap(template =>
      template.flatMap(part => (typeof part === 'string' ? [] : part.variable.toLowerCase())),
    ),
  )
  return [...named].flatMap((name): Decision[] => {
    const definition = variables.findLast(each => each.name === name)
    if (definition === undefined) return []
    const value = compileTemplate([{ variable: name }])(exchange)
    const text = `$${name} = "${value}", by ${definition.kind}`
    return [{ topic: 'variable', text, at: placeText(definition.origin) }]
  })
}

/** How long a 401 is held back. */
export function delayDecisions(
  { settings }: LocationRuntime,
  chain: Chain,
  places: Places,
): readonly Decision[] {
  const { delayMs } = settings.access
  if (delayMs === 0) return []
  const at = places.find(chain, { nginx: 'auth_delay', model: 'access.delayMs' })
  return [{ topic: 'times', text: `a 401 waits ${printDuration(delayMs)}`, at }]
}
