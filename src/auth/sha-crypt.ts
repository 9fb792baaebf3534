// crypt() with SHA-256 (`$5$`) and SHA-512 (`$6$`), what `mkpasswd -m sha-512` and `openssl passwd -6` make
// (Ulrich Drepper, "Unix crypt using SHA-256 and SHA-512", https://www.akkadia.org/drepper/SHA-crypt.txt). The steps
// have the numbers of that text.

import { createHash, hash } from 'node:crypto'
import { cryptText } from './md5-crypt.ts'

const ROUNDS = 5000
const ROUNDS_MIN = 1000
const ROUNDS_MAX = 999_999_999
const SALT_LENGTH_MAX = 16

type Group = readonly [high: number, middle: number, low: number]

interface Variant {
  readonly magic: string
  readonly algorithm: 'sha256' | 'sha512'
  readonly groups: readonly Group[]
  /** The octets of the last group, which is not full, and its characters. */
  readonly last: readonly [high: number, low: number, characters: number]
}

/** Each group is a third of the digest away from the one before, in turns: step 22. */
function groupsOf(first: Group, count: number, turns: (group: Group) => Group): readonly Group[] {
  const groups = [first]
  while (groups.length < count) groups.push(turns(groups.at(-1)!))
  return groups
}

export const SHA256_CRYPT: Variant = {
  magic: '$5$',
  algorithm: 'sha256',
  groups: groupsOf([0, 10, 20], 10, ([high, middle, low]) => [low + 1, high + 1, middle + 1]),
  last: [31, 30, 3],
}

export const SHA512_CRYPT: Variant = {
  magic: '$6$',
  algorithm: 'sha512',
  groups: groupsOf([0, 21, 42], 21, ([high, middle, low]) => [middle + 1, low + 1, high + 1]),
  last: [-1, 63, 2],
}

/**
 * Makes the stored form of a password with the salt and the rounds of another stored form.
 *
 * @returns null when that asks for rounds that there are not
 */
export function shaCrypt(password: Buffer, stored: string, variant: Variant): string | null {
  const { magic, algorithm } = variant
  const written = /^rounds=([1-9][0-9]*)\$/.exec(stored.slice(magic.length))
  const rounds = written === null ? ROUNDS : Number(written[1])
  if (rounds < ROUNDS_MIN || rounds > ROUNDS_MAX) return null
  const prefix = magic + (written?.[0] ?? '')
  const salt = /^[^$]*/.exec(stored.slice(prefix.length))![0].slice(0, SALT_LENGTH_MAX)
  const saltBytes = Buffer.from(salt, 'latin1')
  const first = firstDigest(password, saltBytes, algorithm)
  const digest = stretch(first, password, saltBytes, rounds, algorithm)
  return `${prefix}${salt}$${digestText(digest, variant)}`
}

/** Steps 1 to 12. */
function firstDigest(password: Buffer, salt: Buffer, algorithm: string): Buffer {
  const inner = createHash(algorithm).update(password).update(salt).update(password).digest()
  const outer = createHash(algorithm).update(password).update(salt)
  outer.update(repeated(inner, password.length))
  for (let bits = password.length; bits > 0; bits >>>= 1) outer.update(bits & 1 ? inner : password)
  return outer.digest()
}

/** Steps 13 to 21. */
function stretch(
  first: Buffer,
  password: Buffer,
  salt: Buffer,
  rounds: number,
  algorithm: string,
): Buffer {
  const ofPassword = createHash(algorithm)
  for (let i = 0; i < password.length; i++) ofPassword.update(password)
  const p = repeated(ofPassword.digest(), password.length)
  const ofSalt = createHash(algorithm)
  for (let i = 0; i < 16 + first[0]!; i++) ofSalt.update(salt)
  const s = repeated(ofSalt.digest(), salt.length)
  const digestBytes = first.length
  const input = Buffer.allocUnsafe(2 * digestBytes + 2 * p.length + s.length)
  let digest = first
  for (let round = 0; round < rounds; round++) {
    const isOdd = (round & 1) === 1
    let at = (isOdd ? p : digest).copy(input, 0)
    if (round % 3 !== 0) at += s.copy(input, at)
    if (round % 7 !== 0) at += p.copy(input, at)
    at += (isOdd ? digest : p).copy(input, at)
    digest = hash(algorithm, input.subarray(0, at), 'buffer')
  }
  return digest
}

/** The digest again and again, up to a length. */
function repeated(digest: Buffer, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  for (let at = 0; at < length; at += digest.length) digest.copy(bytes, at)
  return bytes
}

function digestText(digest: Buffer, { groups, last }: Variant): string {
  let text = ''
  for (const [high, middle, low] of groups)
    text += cryptText((digest[high]! << 16) | (digest[middle]! << 8) | digest[low]!, 4)
  const [high, low, characters] = last
  return text + cryptText(((high === -1 ? 0 : digest[high]!) << 8) | digest[low]!, characters)
}
