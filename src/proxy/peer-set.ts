// The peers of an upstream at one moment, with everything that goes by their index: made whole, replaced whole, never
// changed. An exchange takes the set that holds when it picks its first peer and keeps it to its end, so no request
// sees half a change. Who replaced it learns when the last exchange has let go.

import type { PeerGroup } from '../balance/peer-group.ts'
import { assert } from '../base/assert.ts'
import type { PeerAddress } from '../upstream/peer-address.ts'
import type { PeerNames } from './peer-names.ts'

export class PeerSet {
  readonly group: PeerGroup
  /** By peer index of the group. */
  readonly addresses: readonly PeerAddress[]
  /** What sessions call the peers; null where nothing asks. */
  readonly names: PeerNames | null
  #users = 0
  #onUnused: (() => void) | null = null

  constructor(group: PeerGroup, addresses: readonly PeerAddress[], names: PeerNames | null = null) {
    this.group = group
    this.addresses = addresses
    this.names = names
  }

  /** An exchange begins to use the set; `letGo` follows. */
  hold(): void {
    this.#users++
  }

  letGo(): void {
    assert(this.#users > 0, 'only who holds a set of peers lets go of it')
    this.#users--
    if (this.#users === 0 && this.#onUnused !== null) this.#tell()
  }

  /** Another set has taken its place. `onUnused` is called once, when no exchange uses this one any more. */
  retire(onUnused: () => void): void {
    this.#onUnused = onUnused
    if (this.#users === 0) this.#tell()
  }

  #tell(): void {
    const onUnused = this.#onUnused
    this.#onUnused = null
    onUnused?.()
  }
}
