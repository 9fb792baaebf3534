// By what an entry is found: the digest of its key in the zone, and the same in hex as its file's name. A key's variants
// have digests of their own, and the first word of the key's.

import { LRUCache } from 'lru-cache'

import { type Digest, digestHex, digestOf } from '../../base/digest.ts'
import { type EntryKey, entryName } from './cache-store.ts'

export interface KeyAddress {
  readonly digest: Digest
  readonly hex: string
  /** First word of the digest of the key without variant. */
  readonly mainWord: number
}

/** Longer keys are not kept. */
const KEPT_LENGTH_MAX = 512
const KEPT_MAX = 4_096

/** Makes addresses, and keeps those that are asked for most: a digest costs as much as a system call. */
export class KeyAddresses {
  readonly #kept = new LRUCache<string, KeyAddress>({ max: KEPT_MAX })

  of(key: EntryKey): KeyAddress {
    const name = entryName(key)
    const known = this.#kept.get(name)
    if (known !== undefined) return known
    const digest = digestOf(name)
    const main = key.variant === '' ? digest : digestOf(key.text)
    const address = { digest, hex: digestHex(digest), mainWord: main[0]! }
    if (name.length <= KEPT_LENGTH_MAX) this.#kept.set(name, address)
    return address
  }
}
