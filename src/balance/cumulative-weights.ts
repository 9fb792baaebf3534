// The members of a list on a line of numbers, each as long as its weight: what a hash, a die or a
// position on the line falls on. Weights are the zone's, so that one changed at run time counts;
// the sums are made anew when the group's version says that some did.

import { PEER } from '../zone/layout.ts'
import type { PeerList } from './peer-list.ts'

export class CumulativeWeights {
  readonly #list: PeerList
  /** Where each member's stretch ends, exclusive. */
  readonly #ends: Int32Array
  #version = -1
  #total = 0

  constructor(list: PeerList) {
    this.#list = list
    this.#ends = new Int32Array(list.length)
    this.refresh()
  }

  /** Sum of all weights, down ones included; at least 1 unless the list is empty. */
  get total(): number {
    return this.#total
  }

  /** Takes changed weights over; true when there were any. */
  refresh(): boolean {
    const list = this.#list
    const version = list.version
    if (version === this.#version) return false
    this.#version = version
    let total = 0
    for (let member = 0; member < list.length; member++) {
      total += list.cells[list.lineOf(member) + PEER.weight]!
      this.#ends[member] = total
    }
    this.#total = total
    return true
  }

  /**
   * The member whose stretch holds `place`.
   *
   * @param place from 0, below `total`
   */
  find(place: number): number {
    const ends = this.#ends
    let low = 0
    let high = ends.length - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (place < ends[middle]!) high = middle
      else low = middle + 1
    }
    return low
  }

  /** Where a member's stretch begins. */
  startOf(member: number): number {
    return member === 0 ? 0 : this.#ends[member - 1]!
  }
}
