// Ranges of IPv4 addresses as nginx gathers them (ngx_http_geo_add_range): block by block of 65,536
// addresses, where a later range may replace one, or lie inside one, but not across the end of another.

import { ipv4Text } from '../../base/ip-address.ts'

/** A range without another one in it. */
export interface GeoRange {
  readonly first: number
  readonly last: number
  readonly value: string
}

/** What became of a range. */
export type GeoRangeOutcome =
  | { readonly kind: 'added' }
  | { readonly kind: 'duplicate'; readonly old: string }
  | { readonly kind: 'overlap'; readonly with: string }

const BLOCK = 0x1_0000

export class GeoRanges {
  /** Of each block its ranges in order, none in another. */
  readonly #blocks = new Map<number, GeoRange[]>()

  /** Adds a range; one that overlaps is added up to the block where it does. */
  add(first: number, last: number, value: string): GeoRangeOutcome {
    let outcome: GeoRangeOutcome = { kind: 'added' }
    for (const piece of pieces(first, last, value)) {
      const number = Math.floor(piece.first / BLOCK)
      const block = this.#blocks.get(number) ?? []
      this.#blocks.set(number, block)
      const result = addTo(block, piece)
      if (result.kind === 'overlap') return result
      if (result.kind === 'duplicate') outcome = result
    }
    return outcome
  }

  /** Takes a range out; false where some of it did not stand as such. */
  remove(first: number, last: number): boolean {
    let isWhole = true
    for (const piece of pieces(first, last, '')) {
      const block = this.#blocks.get(Math.floor(piece.first / BLOCK)) ?? []
      const index = block.findIndex(
        range => range.first === piece.first && range.last === piece.last,
      )
      if (index === -1) isWhole = false
      else block.splice(index, 1)
    }
    return isWhole
  }

  /** All ranges in order; neighbours of one value are one. */
  list(): readonly GeoRange[] {
    const joined: GeoRange[] = []
    for (const number of [...this.#blocks.keys()].sort((a, b) => a - b)) {
      for (const range of this.#blocks.get(number)!) {
        const before = joined.at(-1)
        if (before?.last === range.first - 1 && before.value === range.value) {
          joined[joined.length - 1] = { ...before, last: range.last }
        } else {
          joined.push(range)
        }
      }
    }
    return joined
  }
}

function* pieces(first: number, last: number, value: string): Generator<GeoRange> {
  for (let from = first; from <= last; ) {
    const to = Math.min(last, from - (from % BLOCK) + BLOCK - 1)
    yield { first: from, last: to, value }
    from = to + 1
  }
}

function addTo(block: GeoRange[], piece: GeoRange): GeoRangeOutcome {
  for (let i = block.length - 1; i >= 0; i--) {
    const range = block[i]!
    if (piece.last < range.first) continue
    if (piece.first > range.last) {
      block.splice(i + 1, 0, piece)
      return { kind: 'added' }
    }
    if (piece.first === range.first && piece.last === range.last) {
      block[i] = piece
      return { kind: 'duplicate', old: range.value }
    }
    if (piece.first >= range.first && piece.last <= range.last) {
      const before = { ...range, last: piece.first - 1 }
      const after = { ...range, first: piece.last + 1 }
      const rest = [before, piece, after].filter(each => each.first <= each.last)
      block.splice(i, 1, ...rest)
      return { kind: 'added' }
    }
    return { kind: 'overlap', with: `${ipv4Text(range.first)}-${ipv4Text(range.last)}` }
  }
  block.unshift(piece)
  return { kind: 'added' }
}
