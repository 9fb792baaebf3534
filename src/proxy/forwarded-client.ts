// Who asked, by what proxies say of it: the last address of a list such as X-Forwarded-For, taken from whoever may be
// trusted with it; recursively the last one that is not itself one of the trusted. As in nginx
// (ngx_http_get_forwarded_addr) lines are read from the last to the first and a member that is no address ends the search.

import { IpAddress, ipv4Text, ipv6Text } from '../base/ip-address.ts'
import { type FieldList, hashName } from '../http/field-list.ts'
import type { ClientEnd } from './client-address.ts'
import type { TrustedNetworks } from './trusted-networks.ts'

/** Whether a line was taken whole, ended early with an address found, or gave none. */
type Outcome = 'whole' | 'ended' | 'nothing'

interface Search {
  /** Who was found so far. */
  end: ClientEnd
  readonly trusted: TrustedNetworks
  readonly isRecursive: boolean
}

/**
 * Finds who asked.
 *
 * @param address of who sent the request
 * @param lines of the list, in the order of the request
 * @returns null where nothing changes: the sender is not trusted, or says nothing that can be used
 */
export function findForwarded(
  address: string,
  lines: readonly string[],
  trusted: TrustedNetworks,
  isRecursive: boolean,
): ClientEnd | null {
  const search: Search = { end: { address, port: 0 }, trusted, isRecursive }
  let isFound = false
  for (let i = lines.length - 1; i >= 0; i--) {
    const outcome = readLine(lines[i]!, search)
    if (outcome !== 'nothing') isFound = true
    if (!isRecursive || outcome !== 'whole') break
  }
  return isFound ? search.end : null
}

function readLine(line: string, search: Search): Outcome {
  let outcome: Outcome = 'nothing'
  let end = line.length
  for (;;) {
    if (!search.trusted.has(search.end.address)) return outcome
    let last = end - 1
    while (last > 0 && isSeparator(line, last)) last--
    let start = last
    while (start > 0 && !isSeparator(line, start)) start--
    if (start > 0) start++
    const found = parseEnd(line.slice(Math.max(start, 0), last + 1))
    if (found === null) return outcome
    search.end = found
    outcome = 'ended'
    if (!search.isRecursive || start <= 0) return 'whole'
    end = start - 1
  }
}

function isSeparator(line: string, at: number): boolean {
  const code = line.charCodeAt(at)
  return code === 0x20 || code === 0x2c /* , */
}

const scratch = new IpAddress()

/** Parses an address with or without a port; IPv6 with a port has brackets. Null for anything else. */
export function parseEnd(text: string): ClientEnd | null {
  const plain = canonical(text)
  if (plain !== null) return { address: plain, port: 0 }
  const isBracketed = text.startsWith('[')
  const colon = isBracketed ? text.indexOf(']') + 1 : text.indexOf(':')
  if (colon <= 0 || text.charCodeAt(colon) !== 0x3a /* : */) return null
  const digits = text.slice(colon + 1)
  const port = /^\d{1,9}$/.test(digits) ? Number(digits) : 0
  if (port < 1 || port > 65_535) return null
  const address = canonical(isBracketed ? text.slice(1, colon - 1) : text.slice(0, colon))
  return address === null ? null : { address, port }
}

/** The address as nginx would write it. */
function canonical(text: string): string | null {
  if (text.includes('%')) return null
  scratch.read(text)
  if (scratch.family === 0 || text === '255.255.255.255') return null
  return text.includes(':') ? ipv6Text(scratch.words) : ipv4Text(scratch.value)
}

/** All values of a field, in their order. */
export function fieldLines(fields: FieldList, id: number, name: string): readonly string[] {
  const lines: string[] = []
  if (id !== 0) {
    for (let i = fields.findId(id); i !== -1; i = fields.findId(id, i + 1)) {
      lines.push(fields.value(i))
    }
    return lines
  }
  const hash = hashName(name)
  for (let i = fields.findName(name, hash); i !== -1; i = fields.findName(name, hash, i + 1)) {
    lines.push(fields.value(i))
  }
  return lines
}
