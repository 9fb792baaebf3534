// Rules by client address, the first that matches decides (http://nginx.org/en/docs/http/ngx_http_access_module.html).
// Lists of them can be long, so they are turned into places: ranges of addresses that do not overlap, in order, each with
// what the first of its rules says. A request then costs one search among them, or a look at what its address came to
// before.

import { type Network, parseNetwork } from '../base/network.ts'
import type { AccessRule } from '../model/access.ts'
import { binaryAddress } from './request-variables.ts'

/** What the rules say of an address; null = nothing. */
export type AddressVerdict = AccessRule['action'] | null

/** Addresses whose verdict is kept. */
const MEMO_MAX = 1024
const IPV4_BYTES = 4
const IPV6_BYTES = 16
/** Before an IPv4 address that came through an IPv6 socket. */
const MAPPED = `${'\0'.repeat(10)}\xff\xff`

const made = new WeakMap<readonly AccessRule[], AddressRules>()

/** The rules of a list; locations that inherit the list share them. */
export function addressRules(rules: readonly AccessRule[]): AddressRules {
  const known = made.get(rules) ?? new AddressRules(rules)
  made.set(rules, known)
  return known
}

export class AddressRules {
  readonly #ipv4: AddressPlaces
  readonly #ipv6: AddressPlaces
  readonly #unix: AddressVerdict
  readonly #memo = new Map<string, AddressVerdict>()

  constructor(rules: readonly AccessRule[]) {
    this.#ipv4 = new AddressPlaces(rules, IPV4_BYTES)
    this.#ipv6 = new AddressPlaces(rules, IPV6_BYTES)
    this.#unix = rules.find(({ from }) => from.kind !== 'network')?.action ?? null
  }

  /** @param address as `$remote_addr` has it */
  find(address: string): AddressVerdict {
    const known = this.#memo.get(address)
    if (known !== undefined) return known
    const verdict = this.#find(address)
    if (this.#memo.size >= MEMO_MAX) this.#memo.clear()
    this.#memo.set(address, verdict)
    return verdict
  }

  #find(address: string): AddressVerdict {
    if (address.startsWith('unix:')) return this.#unix
    const bytes = binaryAddress(address)
    if (bytes.length === IPV4_BYTES) return this.#ipv4.find(bytes)
    if (bytes.length !== IPV6_BYTES) return null
    // As in nginx the rules for IPv4 hold for such an address, where there are any.
    if (bytes.startsWith(MAPPED) && !this.#ipv4.isEmpty) return this.#ipv4.find(bytes.slice(12))
    return this.#ipv6.find(bytes)
  }
}

/** Addresses from one to another, both included. As texts of bytes they compare as the numbers that they are. */
interface Span {
  readonly first: string
  readonly last: string
}

/** What the rules say of all addresses of one length. */
class AddressPlaces {
  /** First address of each place, in order; the first of all is the lowest. */
  readonly #firsts: string[] = []
  readonly #verdicts: AddressVerdict[] = []
  readonly isEmpty: boolean

  constructor(rules: readonly AccessRule[], bytes: number) {
    const spans = spansOf(rules, bytes)
    this.isEmpty = spans.length === 0
    this.#begin('\0'.repeat(bytes), null)
    // Networks contain each other or have nothing in common: those around the address in hand are a stack, and the
    // winner of each is the first rule of it and of those around it.
    const open: { readonly last: string; readonly winner: number }[] = []
    const verdict = (): AddressVerdict => {
      const inner = open.at(-1)
      return inner === undefined ? null : rules[inner.winner]!.action
    }
    const close = () => {
      const next = after(open.pop()!.last)
      if (next !== null) this.#begin(next, verdict())
    }
    for (const { first, last, index } of spans) {
      while (open.length > 0 && open.at(-1)!.last < first) close()
      open.push({ last, winner: Math.min(index, open.at(-1)?.winner ?? index) })
      this.#begin(first, verdict())
    }
    while (open.length > 0) close()
  }

  #begin(first: string, verdict: AddressVerdict): void {
    if (this.#firsts.at(-1) === first) {
      this.#firsts.pop()
      this.#verdicts.pop()
    }
    if (this.#verdicts.length > 0 && this.#verdicts.at(-1) === verdict) return
    this.#firsts.push(first)
    this.#verdicts.push(verdict)
  }

  find(address: string): AddressVerdict {
    let low = 0
    let high = this.#firsts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (this.#firsts[middle]! <= address) low = middle
      else high = middle - 1
    }
    return this.#verdicts[low]!
  }
}

/** Those of one length with their places in the list: by their first address, larger ones before what is in them. */
function spansOf(
  rules: readonly AccessRule[],
  bytes: number,
): readonly (Span & { readonly index: number })[] {
  const spans: (Span & { readonly index: number })[] = []
  for (const [index, { from }] of rules.entries()) {
    if (from.kind === 'unix') continue
    const span = from.kind === 'all' ? everything(bytes) : spanOf(from.network)
    if (span !== null && span.first.length === bytes) spans.push({ ...span, index })
  }
  return spans.sort((a, b) => {
    if (a.first !== b.first) return a.first < b.first ? -1 : 1
    if (a.last !== b.last) return a.last > b.last ? -1 : 1
    return a.index - b.index
  })
}

function everything(bytes: number): Span {
  return { first: '\0'.repeat(bytes), last: '\xff'.repeat(bytes) }
}

/** Null for what is no network, which readers do not let pass. */
function spanOf(text: string): Span | null {
  const network: Network | undefined = parseNetwork(text)?.network
  if (network === undefined) return null
  if (network.family === 6)
    return { first: ipv6Bytes(network.first), last: ipv6Bytes(network.last) }
  return { first: ipv4Bytes(network.first), last: ipv4Bytes(network.last) }
}

function ipv4Bytes(address: number): string {
  const high = address >>> 16
  return String.fromCharCode(high >> 8, high & 0xff, (address >> 8) & 0xff, address & 0xff)
}

function ipv6Bytes(address: bigint): string {
  const digits = address.toString(16).padStart(2 * IPV6_BYTES, '0')
  return Buffer.from(digits, 'hex').toString('latin1')
}

/** The next address; null behind the last. */
function after(address: string): string | null {
  for (let i = address.length - 1; i >= 0; i--) {
    const code = address.charCodeAt(i)
    if (code === 0xff) continue
    const rest = '\0'.repeat(address.length - 1 - i)
    return address.slice(0, i) + String.fromCharCode(code + 1) + rest
  }
  return null
}
