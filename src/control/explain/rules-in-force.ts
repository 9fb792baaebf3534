// What holds for a location beside the request itself: times, retries, what is taken from answers and added to them, and
// where the request is logged; each with the line that says so.

import { printDuration, printSize } from '../../config/yaml/measures.ts'
import type { ProxySettings, RetrySettings } from '../../model/proxy-settings.ts'
import type { Settings } from '../../model/settings.ts'
import { templateText } from '../../model/template.ts'
import type { LocationRuntime } from '../../proxy/runtime.ts'
import type { Decision } from './explanation.ts'
import { type Chain, type Places, placeText } from './places.ts'

/** A rule as it is said, and where it may have been written. */
interface Rule {
  readonly topic: Decision['topic']
  readonly text: string
  readonly nginx: string
  readonly model: string
}

/** Times and rules that hold while a peer is asked. */
export function forwardRules(
  { settings }: LocationRuntime,
  chain: Chain,
  places: Places,
): readonly Decision[] {
  return [...timeRules(settings), ...retryRules(settings.proxy.retry)].map(
    ({ topic, text, nginx, model }) => ({ topic, text, at: places.find(chain, { nginx, model }) }),
  )
}

function timeRules({ proxy, client }: Settings): readonly Rule[] {
  const size = client.bodyBytesMax === 0 ? 'no limit' : printSize(client.bodyBytesMax)
  const rule = (text: string, nginx: string, model: string): Rule => {
    return { topic: 'times', text, nginx, model }
  }
  const { connectTimeoutMs, sendTimeoutMs, readTimeoutMs } = proxy
  return [
    rule(`connect ${time(connectTimeoutMs)}`, 'proxy_connect_timeout', 'proxy.connectTimeoutMs'),
    rule(`send ${time(sendTimeoutMs)}`, 'proxy_send_timeout', 'proxy.sendTimeoutMs'),
    rule(`read ${time(readTimeoutMs)}`, 'proxy_read_timeout', 'proxy.readTimeoutMs'),
    rule(`body up to ${size}`, 'client_max_body_size', 'client.bodyBytesMax'),
  ]
}

/** Those that are off are not said. */
function retryRules(retry: RetrySettings): readonly Rule[] {
  const tries =
    retry.triesMax === 0 ? 'as many tries as there are peers' : `${retry.triesMax} tries`
  const rows: readonly (readonly [isOn: boolean, text: string, name: string, property: string])[] =
    [
      [true, retry.on.length === 0 ? 'never' : `the next peer on ${retry.on.join(', ')}`, '', 'on'],
      [true, tries, '_tries', 'triesMax'],
      [retry.timeoutMs > 0, `none after ${time(retry.timeoutMs)}`, '_timeout', 'timeoutMs'],
      [
        retry.tryTimeoutMs > 0,
        `each try ${time(retry.tryTimeoutMs)}`,
        '_try_timeout',
        'tryTimeoutMs',
      ],
      [retry.deadlineMs > 0, `all tries ${time(retry.deadlineMs)}`, '_deadline', 'deadlineMs'],
      [retry.backoffMs > 0, `waits up to ${time(retry.backoffMs)} first`, '_backoff', 'backoffMs'],
      [
        retry.budgetPercent > 0,
        `at most ${retry.budgetPercent}% at once`,
        '_budget',
        'budgetPercent',
      ],
      [
        retry.hedgePercentile > 0,
        `a second request when ${retry.hedgePercentile}% of answers came sooner`,
        '_hedge',
        'hedgePercentile',
      ],
    ]
  return rows
    .filter(([isOn]) => isOn)
    .map(([, text, name, property]) => ({
      topic: 'retries',
      text,
      nginx: `proxy_next_upstream${name}`,
      model: `proxy.retry.${property}`,
    }))
}

function time(ms: number): string {
  return String(printDuration(ms))
}

/** What becomes of a peer's answer on its way to the client. */
export function receivedFields(
  { settings }: LocationRuntime,
  chain: Chain,
  places: Places,
): readonly Decision[] {
  const { hideFields, redirects, ignoreFields } = settings.proxy
  const hidden = hideFields.map(
    (name): Decision => ({
      topic: 'receives',
      text: `${name}: kept from the client`,
      at: places.find(
        chain,
        { nginx: 'proxy_hide_header', model: 'proxy.hideFields' },
        ([written]) => written?.toLowerCase() === name,
      ),
    }),
  )
  const usual = hidden.filter(({ at }) => at === 'default')
  const names = briefNames(usual.map(({ text }) => text.slice(0, text.indexOf(':'))))
  const rewritten =
    redirects === 'default' ? 'the address of the peer becomes ours' : `${redirects.length} rules`
  return [
    ...hidden.filter(({ at }) => at !== 'default'),
    ...(names === ''
      ? []
      : [{ topic: 'receives', text: `${names}: kept from the client`, at: 'default' } as const]),
    ...(ignoreFields.length === 0
      ? []
      : [
          {
            topic: 'receives',
            text: `${ignoreFields.join(', ')}: not obeyed`,
            at: places.find(chain, { nginx: 'proxy_ignore_headers', model: 'proxy.ignoreFields' }),
          } as const,
        ]),
    ...cookieRules(settings.proxy, chain, places),
    {
      topic: 'receives',
      text: redirects.length === 0 ? 'Location: as it is' : `Location: ${rewritten}`,
      at: places.find(chain, { nginx: 'proxy_redirect', model: 'proxy.redirects' }),
    },
  ]
}

/** What is done to the cookies that a peer sets. */
function cookieRules(
  { cookieDomains, cookiePaths, cookieFlags }: ProxySettings,
  chain: Chain,
  places: Places,
): readonly Decision[] {
  const rows = [
    ['Domain', cookieDomains.length, 'proxy_cookie_domain', 'cookieDomains'],
    ['Path', cookiePaths.length, 'proxy_cookie_path', 'cookiePaths'],
    ['flags', cookieFlags.length, 'proxy_cookie_flags', 'cookieFlags'],
  ] as const
  return rows
    .filter(([, count]) => count > 0)
    .map(([what, count, nginx, property]) => ({
      topic: 'receives',
      text: `Set-Cookie: ${what} by ${count === 1 ? 'a rule' : `${count} rules`}`,
      at: places.find(chain, { nginx, model: `proxy.${property}` }),
    }))
}

/** nginx's own list is long, and mostly of one kind. */
function briefNames(names: readonly string[]): string {
  const others = names.filter(name => !name.startsWith('x-accel-'))
  return [...others, ...(others.length < names.length ? ['x-accel-…'] : [])].join(', ')
}

/** Fields that answers get, and where the request is logged. */
export function addedFields(
  { settings }: LocationRuntime,
  chain: Chain,
  places: Places,
): readonly Decision[] {
  const added = settings.addFields.map(
    ({ name, value, isAlways }): Decision => ({
      topic: 'adds',
      text: `${name}: ${templateText(value)}${isAlways ? ' (always)' : ''}`,
      at: places.find(
        chain,
        { nginx: 'add_header', model: 'addFields' },
        ([written]) => written?.toLowerCase() === name.toLowerCase(),
      ),
    }),
  )
  const { expires } = settings
  if (expires.kind !== 'off') {
    const at = places.find(chain, { nginx: 'expires', model: 'expires' })
    added.push({ topic: 'adds', text: 'Expires, Cache-Control', at })
  }
  return added
}

/** Where the request is logged. */
export function logDecisions(
  { settings }: LocationRuntime,
  chain: Chain,
  places: Places,
): readonly Decision[] {
  const name = { nginx: 'access_log', model: 'accessLogs' }
  const { accessLogs } = settings
  if (accessLogs.length === 0) return [{ topic: 'logs', text: 'off', at: places.find(chain, name) }]
  const lines = places.lines(chain, name.nginx).filter(({ args }) => args[0] !== 'off')
  return accessLogs.map(({ path, format, condition }, index): Decision => {
    const line = lines[index]
    const when = condition === null ? '' : `, if ${templateText(condition)}`
    const at = line === undefined ? places.find(chain, name) : placeText(line.origin)
    return { topic: 'logs', text: `${templateText(path)} ${format}${when}`, at }
  })
}
