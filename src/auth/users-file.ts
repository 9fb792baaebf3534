// A file of users and their passwords: `name:password` or `name:password:comment` on each line, `#` begins a comment.
// Read by nginx's own rules (ngx_http_auth_basic_module.c), the odd one included: a line that has no colon and that the
// name begins with takes the line after it along.

/** The users of one file, as it was when it was read. */
export class UsersFile {
  readonly #text: string
  /** The first line of a name counts. */
  readonly #passwords = new Map<string, string>()
  /** Lines without a colon are there: then what counts depends on the name. */
  readonly #isOdd: boolean

  /** @param text latin-1 */
  constructor(text: string) {
    this.#text = text
    this.#isOdd = this.#readLines()
  }

  #readLines(): boolean {
    for (const line of this.#text.split('\n')) {
      if (line === '' || line.startsWith('#') || line.startsWith('\r')) continue
      const colon = line.indexOf(':')
      if (colon === -1) return true
      const name = line.slice(0, colon)
      if (!this.#passwords.has(name)) this.#passwords.set(name, passwordOf(line, colon))
    }
    return false
  }

  /** The stored password of a name, latin-1; null = no such user. */
  find(name: string): string | null {
    if (!this.#isOdd) return this.#passwords.get(name) ?? null
    let skips = false
    const lines = this.#text.split('\n')
    for (const [index, line] of lines.entries()) {
      if (skips) {
        skips = false
        continue
      }
      if (line === '' || line.startsWith('#') || line.startsWith('\r')) continue
      if (line.startsWith(`${name}:`)) return passwordOf(line, name.length)
      // It ends where the name goes on: the end of the line is what does not fit.
      skips = index < lines.length - 1 && `${name}:`.startsWith(line)
    }
    return null
  }
}

/** Up to the comment, or the end of the line. */
function passwordOf(line: string, colon: number): string {
  const rest = line.slice(colon + 1)
  const end = rest.search(/[:\r]/)
  return end === -1 ? rest : rest.slice(0, end)
}
