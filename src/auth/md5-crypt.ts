// The MD5-based crypt() of FreeBSD (`$1$`) and Apache's variant of it (`$apr1$`), which differ in one word
// (https://www.freebsd.org/ crypt(3); https://httpd.apache.org/docs/2.4/misc/password_encryptions.html). A thousand
// rounds make it slow; today it is kept for the files that have it.

import { createHash } from 'node:crypto'

const ROUNDS = 1000
const SALT_LENGTH_MAX = 8
export const CRYPT_ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Which octets of the digest each group of four characters stands for, the highest first. */
const GROUPS: readonly (readonly [number, number, number])[] = [
  [0, 6, 12],
  [1, 7, 13],
  [2, 8, 14],
  [3, 9, 15],
  [4, 10, 5],
]

/**
 * Makes the stored form of a password with the salt of another stored form.
 *
 * @param magic `$1$` or `$apr1$`, which `stored` begins with
 */
export function md5Crypt(password: Buffer, stored: string, magic: string): string {
  const salt = /^[^$]*/.exec(stored.slice(magic.length))![0].slice(0, SALT_LENGTH_MAX)
  const digest = stretch(password, Buffer.from(salt, 'latin1'), firstDigest(password, salt, magic))
  let text = `${magic}${salt}$`
  for (const [high, middle, low] of GROUPS)
    text += cryptText((digest[high]! << 16) | (digest[middle]! << 8) | digest[low]!, 4)
  return text + cryptText(digest[11]!, 2)
}

/** Characters of six bits each, the lowest first. */
export function cryptText(bits: number, count: number): string {
  let text = ''
  let rest = bits
  for (let i = 0; i < count; i++) {
    text += CRYPT_ALPHABET[rest & 0x3f]
    rest >>>= 6
  }
  return text
}

function firstDigest(password: Buffer, salt: string, magic: string): Buffer {
  const saltBytes = Buffer.from(salt, 'latin1')
  const inner = createHash('md5').update(password).update(saltBytes).update(password).digest()
  const outer = createHash('md5').update(password).update(magic).update(saltBytes)
  for (let left = password.length; left > 0; left -= inner.length)
    outer.update(inner.subarray(0, Math.min(left, inner.length)))
  const zero = Buffer.alloc(1)
  for (let bits = password.length; bits > 0; bits >>>= 1)
    outer.update(bits & 1 ? zero : password.subarray(0, 1))
  return outer.digest()
}

function stretch(password: Buffer, salt: Buffer, first: Buffer): Buffer {
  let digest = first
  for (let round = 0; round < ROUNDS; round++) {
    const isOdd = (round & 1) === 1
    const hash = createHash('md5').update(isOdd ? password : digest)
    if (round % 3 !== 0) hash.update(salt)
    if (round % 7 !== 0) hash.update(password)
    digest = hash.update(isOdd ? digest : password).digest()
  }
  return digest
}
