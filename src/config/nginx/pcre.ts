// Turns a PCRE pattern into one of JavaScript that matches the same paths and hosts, or says what
// cannot be turned. Known and accepted differences: `$` does not match before a final line feed,
// and `.` leaves out CR as well as LF.

/** A pattern ready for `new RegExp(pattern, isCaseInsensitive ? 'i' : '')`. */
export interface MappedRegex {
  readonly pattern: string
  readonly isCaseInsensitive: boolean
  /** Names of groups, lower case: they become variables. */
  readonly names: readonly string[]
}

/** What cannot be mapped, and where in the pattern. */
export interface RegexProblem {
  readonly problem: string
  readonly start: number
  readonly end: number
}

/** Tells a mapped regex from a problem. */
export function isRegexProblem(result: MappedRegex | RegexProblem): result is RegexProblem {
  return 'problem' in result
}

/** Maps a PCRE pattern to JavaScript. A leading `(?i)` becomes the flag. */
export function mapRegex(pattern: string, isCaseInsensitive: boolean): MappedRegex | RegexProblem {
  const leading = /^\(\?i\)/.exec(pattern)
  const skipped = leading?.[0].length ?? 0
  const mapper = new RegexMapper(pattern, skipped)
  const mapped = mapper.map()
  if (typeof mapped !== 'string') return mapped
  const isAnyCase = isCaseInsensitive || skipped > 0
  try {
    new RegExp(mapped, isAnyCase ? 'i' : '')
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    const reason = error.message.replace(/^Invalid regular expression: .*: /s, '')
    return { problem: reason.toLowerCase(), start: 0, end: pattern.length }
  }
  return { pattern: mapped, isCaseInsensitive: isAnyCase, names: mapper.names }
}

/** Escapes that both dialects know, and that mean the same inside and outside of classes. */
const SAME_ESCAPES = 'dDwWSfnrt'

/** Escapes of PCRE and their members, for use inside a class; outside they get brackets. */
const CLASS_ESCAPES: Readonly<Record<string, string>> = {
  s: '\\t-\\r ',
  h: '\\t \\xa0',
  v: '\\n-\\r\\x85',
}

const NEGATED_ESCAPES: Readonly<Record<string, string>> = {
  H: '[^\\t \\xa0]',
  V: '[^\\n-\\r\\x85]',
  N: '[^\\n]',
}

const PLAIN_ESCAPES: Readonly<Record<string, string>> = { a: '\\x07', e: '\\x1b' }

const POSIX_CLASSES: Readonly<Record<string, string>> = {
  alpha: 'a-zA-Z',
  digit: '0-9',
  alnum: 'a-zA-Z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  space: '\\t-\\r ',
  blank: '\\t ',
  punct: '!-\\/:-@\\[-`{-~',
  xdigit: '0-9a-fA-F',
  word: '\\w',
  print: ' -~',
  graph: '!-~',
  cntrl: '\\x00-\\x1f\\x7f',
}

class RegexMapper {
  readonly names: string[] = []
  readonly #pattern: string
  #at: number
  #problem: RegexProblem | null = null
  /**
   * For each open group: how many `(?i)` inside it wait for their closing bracket, and if a branch
   * may still begin.
   */
  readonly #groups: { pending: number; isMidBranch: boolean; start: number }[] = []

  constructor(pattern: string, start: number) {
    this.#pattern = pattern
    this.#at = start
  }

  map(): string | RegexProblem {
    let mapped = ''
    this.#groups.push({ pending: 0, isMidBranch: false, start: this.#at })
    while (this.#at < this.#pattern.length && this.#problem === null) mapped += this.#one()
    if (this.#problem !== null) return this.#problem
    return mapped + ')'.repeat(this.#groups[0]!.pending)
  }

  #one(): string {
    const character = this.#pattern[this.#at]!
    if (character === '\\') return this.#escape()
    if (character === '[') return this.#class()
    if (character === '(') return this.#group()
    this.#at++
    if (character === '|' && this.#groups.at(-1)!.isMidBranch) {
      return this.#refuse('a "(?i)" before it that would end at this "|"', this.#at - 1)
    }
    if (character === ')' && this.#groups.length > 1) return this.#close()
    if (this.#pattern[this.#at] === '+' && this.#isQuantifierEnd(character)) {
      return this.#refuse('possessive quantifiers', this.#at - 1)
    }
    return character
  }

  #isQuantifierEnd(character: string): boolean {
    if (character !== '}') return '*+?'.includes(character)
    return /\{\d+(?:,\d*)?\}$/.test(this.#pattern.slice(0, this.#at))
  }

  #close(): string {
    return `${')'.repeat(this.#groups.pop()!.pending)})`
  }

  #escape(): string {
    const start = this.#at
    const character = this.#pattern[start + 1]
    this.#at += 2
    if (character === undefined) return this.#refuse('a backslash at the end', start)
    const members = CLASS_ESCAPES[character]
    if (members !== undefined) return `[${members}]`
    const rest = this.#pattern.slice(start)
    switch (character) {
      case 'A':
        return '^'
      case 'z':
        return '$'
      case 'Z':
        return '(?=\\n?$)'
      case 'R':
        return '(?:\\r\\n|[\\n-\\r\\x85])'
      case 'b':
      case 'B':
        return `\\${character}`
      case 'Q':
        return this.#quotedText()
      case 'k':
      case 'g':
        return this.#reference(rest, start)
      default:
        return NEGATED_ESCAPES[character] ?? this.#plainEscape(rest, start)
    }
  }

  /** An escape that stands for one character, or for a set that both dialects write alike. */
  #plainEscape(rest: string, start: number): string {
    const character = rest[1]!
    if (SAME_ESCAPES.includes(character) || !/[A-Za-z0-9]/.test(character)) return rest.slice(0, 2)
    const plain = PLAIN_ESCAPES[character]
    if (plain !== undefined) return plain
    const hex = /^\\x(?:\{([0-9A-Fa-f]{1,4})\}|([0-9A-Fa-f]{0,2}))/.exec(rest)
    const octal = /^\\(?:o\{([0-7]{1,3})\}|(0[0-7]{0,2}))/.exec(rest)
    const code = hex === null ? octal : hex
    if (code !== null) {
      this.#at = start + code[0].length
      const digits = code[1] ?? code[2]!
      return codeEscape(Number.parseInt(digits === '' ? '0' : digits, hex === null ? 8 : 16))
    }
    const back = /^\\[1-9]\d?/.exec(rest)
    if (back !== null) {
      this.#at = start + back[0].length
      return `${back[0]}(?:)`
    }
    const control = /^\\c[A-Za-z]/.exec(rest)
    if (control !== null) {
      this.#at = start + 3
      return control[0]
    }
    return this.#refuse(`"\\${character}"`, start)
  }

  /** `\Q…\E`: the text as it stands. */
  #quotedText(): string {
    const end = this.#pattern.indexOf('\\E', this.#at)
    const text = this.#pattern.slice(this.#at, end === -1 ? undefined : end)
    this.#at = end === -1 ? this.#pattern.length : end + 2
    return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')
  }

  /** `\k<n>`, `\k'n'`, `\k{n}`, `\g{n}`, `\g1`. */
  #reference(rest: string, start: number): string {
    const named = /^\\(?:k<(\w+)>|k'(\w+)'|k\{(\w+)\}|g\{([A-Za-z_]\w*)\})/.exec(rest)
    if (named !== null) {
      this.#at = start + named[0].length
      return `\\k<${(named[1] ?? named[2] ?? named[3] ?? named[4]!).toLowerCase()}>`
    }
    const numbered = /^\\g(?:\{([1-9]\d?)\}|([1-9]\d?))/.exec(rest)
    if (numbered === null) return this.#refuse(`"${rest.slice(0, 2)}"`, start)
    this.#at = start + numbered[0].length
    return `\\${numbered[1] ?? numbered[2]}(?:)`
  }

  #group(): string {
    const start = this.#at
    const rest = this.#pattern.slice(start)
    const comment = /^\(\?#[^)]*\)/.exec(rest)
    if (comment !== null) {
      this.#at += comment[0].length
      return ''
    }
    const named = /^\(\?(?:P?<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)')/.exec(rest)
    if (named !== null) {
      const name = (named[1] ?? named[2]!).toLowerCase()
      this.names.push(name)
      return this.#open(named[0].length, `(?<${name}>`)
    }
    const back = /^\(\?P=(\w+)\)/.exec(rest)
    if (back !== null) {
      this.#at += back[0].length
      return `\\k<${back[1]!.toLowerCase()}>`
    }
    const same = /^\((?:\?(?:[:=!]|<[=!]))/.exec(rest)
    if (same !== null) return this.#open(same[0].length, same[0])
    const flags = /^\(\?([ims]*(?:-[ims]+)?)([:)])/.exec(rest)
    if (flags !== null) return this.#flags(flags[0].length, flags[1]!, flags[2] === ':')
    if (/^\([?*]/.test(rest)) {
      const shown = /^\([?*][^)]{0,8}/.exec(rest)![0]
      return this.#refuse(`"${shown}"`, start)
    }
    return this.#open(1, '(')
  }

  #open(length: number, text: string): string {
    this.#at += length
    this.#groups.push({ pending: 0, isMidBranch: false, start: this.#at })
    return text
  }

  /**
   * `(?i:…)` is known to both; `(?i)` holds to the end of its group and becomes a group up to
   * there.
   */
  #flags(length: number, flags: string, hasGroup: boolean): string {
    if (flags === '' || flags === '-') return this.#open(length, '(?:')
    if (hasGroup) return this.#open(length, `(?${flags}:`)
    const group = this.#groups.at(-1)!
    if (this.#at !== group.start) group.isMidBranch = true
    this.#at += length
    group.pending++
    return `(?${flags}:`
  }

  #class(): string {
    let mapped = '['
    const start = this.#at
    this.#at++
    if (this.#pattern[this.#at] === '^') {
      mapped += '^'
      this.#at++
    }
    for (let isFirst = true; ; isFirst = false) {
      const character = this.#pattern[this.#at]
      if (character === undefined) return this.#refuse('a class without its "]"', start)
      if (character === ']' && !isFirst) break
      mapped += this.#member(character)
      if (this.#problem !== null) return ''
    }
    this.#at++
    return `${mapped}]`
  }

  #member(character: string): string {
    const start = this.#at
    const rest = this.#pattern.slice(start)
    const posix = /^\[:(\w+):\]/.exec(rest)
    if (posix !== null) {
      const members = POSIX_CLASSES[posix[1]!]
      if (members === undefined) return this.#refuse(`"${posix[0]}"`, start)
      this.#at += posix[0].length
      return members
    }
    if (/^\[[:.=]/.test(rest) && /^\[([:.=]).*?\1\]/.test(rest)) {
      return this.#refuse(`"${rest.slice(0, 6)}"`, start)
    }
    if (character !== '\\') {
      this.#at++
      return character === ']' || character === '[' ? `\\${character}` : character
    }
    const escaped = rest[1]
    this.#at += 2
    if (escaped === undefined) return this.#refuse('a backslash at the end', start)
    if (escaped === 'b') return '\\b'
    return CLASS_ESCAPES[escaped] ?? this.#plainEscape(rest, start)
  }

  #refuse(what: string, start: number): string {
    this.#problem ??= {
      problem: `Cannot use ${what} in a regular expression: JavaScript has nothing equal`,
      start,
      end: Math.min(Math.max(start + 1, this.#at), this.#pattern.length),
    }
    this.#at = this.#pattern.length
    return ''
  }
}

function codeEscape(code: number): string {
  const hex = code.toString(16)
  return code < 256 ? `\\x${hex.padStart(2, '0')}` : `\\u${hex.padStart(4, '0')}`
}
