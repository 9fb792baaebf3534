// What a response must be: status, fields, body, time, in this order (NGINX Plus: `match`;
// ldirectord: `receive`). The first that does not hold makes the reason.

import type { HeaderTest, ResponseExpectation, StatusRange } from '../model/probe.ts'
import { readBodyText } from './body-text.ts'
import { msText, quoted } from './reason.ts'
import type { RegexPatience } from './regex-patience.ts'
import { textFault } from './text-matcher.ts'

/** A response as far as it is looked at. */
export interface CheckedResponse {
  readonly status: number
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** Its first bytes, as they came. */
  readonly body: Buffer
  /** From the start of the check. */
  readonly tookMs: number
}

/**
 * Says what is wrong with a response; empty = nothing.
 *
 * @param patience with regexes, that of the peer's checks; null = without limit but for one run
 */
export function responseFault(
  response: CheckedResponse,
  expect: ResponseExpectation,
  patience: RegexPatience | null = null,
): string {
  return (
    headFault(response, expect, patience) ||
    bodyFault(response, expect, patience) ||
    timeFault(response.tookMs, expect.withinMs)
  )
}

/** Says what is wrong with a response of which the head alone has come. */
export function headFault(
  response: Pick<CheckedResponse, 'status' | 'headers'>,
  expect: ResponseExpectation,
  patience: RegexPatience | null = null,
): string {
  const { status, headers } = response
  const isListed = expect.statuses.some(([first, last]) => status >= first && status <= last)
  if (isListed === expect.isStatusNegated) {
    const list = expect.statuses.map(rangeText).join(' ')
    return expect.isStatusNegated ? `status was one of ${list}` : `status was not ${list}`
  }
  for (const test of expect.headers) {
    const fault = headerFault(headers[test.name], test, patience)
    if (fault !== '') return fault
  }
  return ''
}

function rangeText([first, last]: StatusRange): string {
  return first === last ? String(first) : `${first}-${last}`
}

function headerFault(
  value: string | readonly string[] | undefined,
  header: HeaderTest,
  patience: RegexPatience | null,
): string {
  const name = quoted(header.name)
  if (value === undefined)
    return header.isAbsent || isPassedByNone(header) ? '' : `no field ${name}`
  if (header.isAbsent) return `field ${name} was there`
  if (header.test === null) return ''
  const text = typeof value === 'string' ? value : value.join(', ')
  const fault = textFault(`field ${name}`, text, header.test, patience)
  const isShown = fault === '' || header.test.kind === 'equal' || header.test.isNegated
  return isShown ? fault : `${fault}: ${quoted(text)}`
}

/** A field that must not be something may as well not be there. */
function isPassedByNone(header: HeaderTest): boolean {
  return header.test?.isNegated === true
}

function bodyFault(
  response: CheckedResponse,
  expect: ResponseExpectation,
  patience: RegexPatience | null,
): string {
  if (expect.body.length === 0) return ''
  const coding = response.headers['content-encoding'] ?? ''
  const { text, fault } = readBodyText(
    response.body,
    typeof coding === 'string' ? coding : coding.join(', '),
  )
  if (fault !== '') return fault
  for (const test of expect.body) {
    const wrong = textFault('body', text, test, patience)
    if (wrong !== '') return wrong
  }
  return ''
}

function timeFault(tookMs: number, withinMs: number): string {
  if (withinMs === 0 || tookMs <= withinMs) return ''
  return `response took more than ${msText(withinMs)}`
}
