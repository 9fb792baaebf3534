// Makes regexes by a seed, of all that PCRE has and configurations may use, and subjects that come close to matching them.

const CHARS = ['a', 'b', 'a', 'b', 'c', '\\x41', '\\.', '-', '\\xe9', '\\x0a']
const CLASSES = [
  '[ab]',
  '[^a]',
  '[a-c]',
  '\\w',
  '\\d',
  '.',
  '[^/]',
  '\\s',
  '\\h',
  '\\R',
  '[[:alpha:]]',
  '[\\xe0-\\xff]',
  '[A-Z]',
  '\\N',
  '\\pL',
  '\\S',
  '\\W',
]
const PLACES = ['^', '$', '\\b', '\\B', '\\Z', '\\z']
const FLAGS = ['i', 's', '-i', 'i-s', 'm']
const QUANTIFIERS = [
  '*',
  '+',
  '?',
  '*?',
  '+?',
  '??',
  '++',
  '*+',
  '?+',
  '{2}',
  '{1,2}',
  '{1,2}+',
  '{0,2}?',
]
const SUBJECTS = [
  'a',
  'b',
  'a',
  'b',
  'c',
  'A',
  'B',
  '.',
  '-',
  '%e9',
  '%c9',
  '%0a',
  '1',
  '%20',
  '%0d',
  '_',
]

export class RegexGenerator {
  #seed: number
  #groups = 0

  constructor(seed: number) {
    this.#seed = seed
  }

  pattern(): string {
    this.#groups = 0
    const start = this.#below(2) === 0 ? '' : '^/'
    return start + this.#choice(3) + (this.#below(3) === 0 ? '$' : '')
  }

  /** A path as a client sends it. */
  subject(): string {
    let path = '/'
    for (let left = this.#below(7); left > 0; left--) path += this.#one(SUBJECTS)
    // Names of dots mean something to servers.
    return path.replace(/\/\.+$/, '/a')
  }

  isAnyCase(): boolean {
    return this.#below(4) === 0
  }

  #below(count: number): number {
    this.#seed = (Math.imul(this.#seed, 1_103_515_245) + 12_345) >>> 0
    return (this.#seed >>> 8) % count
  }

  #one(texts: readonly string[]): string {
    return texts[this.#below(texts.length)]!
  }

  #choice(depth: number): string {
    let text = this.#sequence(depth)
    for (let left = this.#below(3); left > 0; left--) {
      if (this.#below(2) === 0) text += `|${this.#sequence(depth)}`
    }
    return text
  }

  #sequence(depth: number): string {
    let text = ''
    for (let left = 1 + this.#below(4); left > 0; left--) {
      const part = this.#part(depth)
      const isBare = PLACES.includes(part) || part === '(?i)'
      text += isBare || this.#below(2) === 0 ? part : part + this.#one(QUANTIFIERS)
    }
    return text
  }

  #part(depth: number): string {
    const kind = depth === 0 ? 0 : this.#below(16)
    if (kind < 6) return this.#one(CHARS)
    if (kind < 9) return this.#one(CLASSES)
    switch (kind) {
      case 9:
        this.#groups++
        return `(${this.#choice(depth - 1)})`
      case 10:
        return `(?:${this.#choice(depth - 1)})`
      case 11:
        return `(?>${this.#choice(depth - 1)})`
      case 12:
        return `(?${this.#one(['=', '!'])}${this.#choice(depth - 1)})`
      case 13:
        return this.#one([...PLACES, '(?<=a)', '(?<!b)'])
      case 14:
        return `(?${this.#one(FLAGS)}:${this.#choice(depth - 1)})`
      default:
        return this.#groups === 0 ? '(?i)' : `\\${1 + this.#below(this.#groups)}`
    }
  }
}
