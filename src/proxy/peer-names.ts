// What sessions call the peers of one set: the `route` of a peer, else the MD5 of its address as it is printed, in hex
// (nginx: `sticky cookie`). A name outlives the index: after a reload, or when other peers came, the session finds its
// own again. Two peers may share a name; a session of it may go to either.

import { hash } from 'node:crypto'
import { type Digest, digestOf } from '../base/digest.ts'
import { byteText } from './variable.ts'

const NOBODY: readonly number[] = []

export class PeerNames {
  /** By peer index of the group. */
  readonly names: readonly string[]
  readonly #byName = new Map<string, number[]>()
  readonly #digests: readonly Digest[]
  /** Names by the first number of their digest. */
  readonly #byDigest = new Map<number, string[]>()

  constructor(peers: readonly { readonly route: string | null; readonly address: string }[]) {
    this.names = peers.map(({ route, address }) =>
      route === null ? hash('md5', address, 'hex') : byteText(route),
    )
    this.#digests = this.names.map(digestOf)
    for (const [peer, name] of this.names.entries()) {
      const known = this.#byName.get(name)
      if (known !== undefined) {
        known.push(peer)
        continue
      }
      this.#byName.set(name, [peer])
      const first = this.#digests[peer]![0]!
      this.#byDigest.set(first, [...(this.#byDigest.get(first) ?? []), name])
    }
  }

  /** The peers of that name, mostly one or none. */
  find(name: string): readonly number[] {
    return this.#byName.get(name) ?? NOBODY
  }

  /** The same by the name's digest. */
  findDigest(digest: Digest): readonly number[] {
    for (const name of this.#byDigest.get(digest[0]!) ?? []) {
      const peers = this.find(name)
      if (isSame(this.#digests[peers[0]!]!, digest)) return peers
    }
    return NOBODY
  }

  digestOf(peer: number): Digest {
    return this.#digests[peer]!
  }
}

function isSame(one: Digest, other: Digest): boolean {
  return one.every((cell, index) => cell === other[index])
}
