// The head that goes to a peer, made by the location's own template, and for each of its lines what put it there.

import type { Exchange } from '../../proxy/exchange.ts'
import type { LocationRuntime } from '../../proxy/runtime.ts'
import { compileTemplate } from '../../proxy/variables.ts'
import type { Decision } from './explanation.ts'
import { type Chain, type Places, placeText } from './places.ts'

/** Where a line comes from that nobody wrote. */
const FROM_CLIENT = 'client'

export interface SentHead {
  readonly decisions: readonly Decision[]
  /** The request target. */
  readonly target: string
}

/**
 * Explains the head of the request to a peer.
 *
 * @param isFetch it is made on behalf of a cache: conditions and ranges of the client stay behind
 */
export function sentHead(
  exchange: Exchange,
  location: LocationRuntime,
  isFetch: boolean,
  chain: Chain,
  places: Places,
): SentHead {
  const { cache } = location
  const template = isFetch && cache !== null ? cache.request : location.request!
  if (isFetch && cache?.settings.convertsHead === true && exchange.method === 'HEAD') {
    exchange.method = 'GET'
  }
  const [first = '', ...lines] = template.build(exchange).split('\r\n').slice(0, -1)
  const action = location.config?.action ?? exchange.server.config.action
  const passed = action.kind === 'proxy' ? placeText(action.target.origin) : ''
  const decisions: Decision[] = [{ topic: 'sends', text: first, at: passed }]
  const set = setFields(exchange, location, chain, places)
  const written = set.filter(field => field.value !== '')
  for (const line of lines) {
    const name = line.slice(0, line.indexOf(':'))
    const [next] = written
    const isSet = next !== undefined && next.name === name
    if (isSet) written.shift()
    decisions.push({ topic: 'sends', text: line, at: isSet ? next.at : FROM_CLIENT })
  }
  decisions.push(...bodyDecision(exchange, location, chain, places))
  if (!location.settings.proxy.passesFields) {
    const name = { nginx: 'proxy_pass_request_headers', model: 'proxy.passesFields' }
    const at = places.find(chain, name)
    decisions.push({ topic: 'drops', text: 'all fields of the client', at })
  }
  for (const { name, value, at } of set) {
    if (value !== '' || at === 'default') continue
    decisions.push({ topic: 'drops', text: `${name}: what it is set to is empty`, at })
  }
  if (isFetch) {
    const text = 'Range and conditions: the cache asks for all of it'
    decisions.push({ topic: 'drops', text, at: '' })
  }
  return { decisions, target: first.split(' ')[1] ?? '' }
}

function bodyDecision(
  exchange: Exchange,
  { settings }: LocationRuntime,
  chain: Chain,
  places: Places,
): readonly Decision[] {
  const { body, passesBody, isRequestBuffering } = settings.proxy
  if (body !== null) {
    const at = places.find(chain, { nginx: 'proxy_set_body', model: 'proxy.body' })
    return [{ topic: 'sends', text: `body "${compileTemplate(body)(exchange)}"`, at }]
  }
  const { head, sendsBody } = exchange
  if (!head.hasBody || !sendsBody) return []
  if (!passesBody) {
    const name = { nginx: 'proxy_pass_request_body', model: 'proxy.passesBody' }
    return [{ topic: 'drops', text: 'the body', at: places.find(chain, name) }]
  }
  const how = isRequestBuffering ? 'read whole before a peer is asked' : 'as it comes'
  const bytes = head.bodyBytes < 0 ? 'the body in chunks' : `${head.bodyBytes} bytes of body`
  return [{ topic: 'sends', text: `${bytes}, ${how}`, at: FROM_CLIENT }]
}

interface SetLine {
  readonly name: string
  readonly value: string
  readonly at: string
}

function setFields(
  exchange: Exchange,
  { settings }: LocationRuntime,
  chain: Chain,
  places: Places,
): SetLine[] {
  return settings.proxy.setFields.map(({ name, value }) => ({
    name,
    value: compileTemplate(value)(exchange),
    at: places.find(
      chain,
      { nginx: 'proxy_set_header', model: 'proxy.setFields' },
      ([written]) => written?.toLowerCase() === name.toLowerCase(),
    ),
  }))
}
