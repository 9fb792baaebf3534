// What a proxy did with one request, as lines of text: what its origin got and what its client got. Two proxies are
// compared line by line, and a difference that is meant stands in the table of cases, with its reason.

import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** A client that waits longer has not been answered; only rows that fail get there. */
const PATIENCE_MS = 3_000

/** Lines that only one of the two has, and why that is meant. */
export interface Difference {
  readonly because: string
  /** `nginx > X: 1`, `headgate < HTTP/1.1 400 Bad Request`: `>` towards the origin, `<` towards the client. */
  readonly lines: readonly string[]
}

/** One request of a case. */
export interface Asking {
  readonly request: string
  /** What the origin answers; without it a small 200. */
  readonly reply?: string
  readonly differs?: Difference
}

/** A configuration and what is asked of it. */
export interface Case {
  readonly name: string
  /** Content of a server block of its own, whose name is `HOST` in requests. */
  readonly server: string
  /** Its own address, with it as the default server: for what is decided before the server is known. */
  readonly host?: `127.0.0.${number}`
  /** Whole server blocks beside it. */
  readonly others?: string
  readonly asks: readonly Asking[]
}

/** A request on a connection that closes after it. */
export function request(method: string, target: string, ...fields: readonly string[]): string {
  const lines = [`${method} ${target} HTTP/1.1`, 'Host: HOST', 'Connection: close', ...fields]
  return `${lines.join('\r\n')}\r\n\r\n`
}

/** A row without anything special: GET. */
export function get(target: string, ...fields: readonly string[]): Asking {
  return { request: request('GET', target, ...fields) }
}

/** GET with an answer of the origin given as its lines; the last is the body. */
export function getReply(target: string, ...reply: readonly [string, ...string[]]): Asking {
  return { request: request('GET', target), reply: replyOf(...reply) }
}

/** An answer of the origin: status line, fields, and last the body. */
export function replyOf(status: string, ...rest: readonly string[]): string {
  const body = rest.at(-1) ?? ''
  const lines = [`HTTP/1.1 ${status}`, ...rest.slice(0, -1), `Content-Length: ${body.length}`]
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}

/** The same, with a reason to differ. */
export function differing(asking: Asking, because: string, ...lines: readonly string[]): Asking {
  return { ...asking, differs: { because, lines } }
}

/** The body of an error page as it stands in a transcript. */
export function builtInPage(title: string): string {
  return (
    `<html>|<head><title>${title}</title></head>|<body>|<center><h1>${title}</h1></center>|` +
    '<hr><center>us</center>|</body>|</html>|'
  )
}

const FRAMING = /^(?:content-length|transfer-encoding):/i
const REPLY = replyOf('200 OK', 'Content-Type: text/plain', 'X-Origin: yes', 'origin')

/** Keeps the bytes of every request and answers it as told; its connections close after the answer. */
export class RecordingOrigin {
  #reply = REPLY
  readonly #received: string[] = []
  readonly #server: Server

  constructor() {
    this.#server = createServer(socket => this.#serve(socket))
  }

  async open(): Promise<void> {
    await new Promise<void>(resolve => this.#server.listen(0, '127.0.0.1', resolve))
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  close(): void {
    this.#server.close()
  }

  /** Answers with `reply` while `work` runs. */
  async during<Result>(reply: string | undefined, work: () => Promise<Result>): Promise<Result> {
    this.#reply = reply ?? REPLY
    return work()
  }

  /** What came since the last call. */
  take(): string[] {
    return this.#received.splice(0)
  }

  #serve(socket: Socket): void {
    let text = ''
    socket.setEncoding('latin1').on('data', (piece: string) => {
      text += piece
      if (!isWhole(text)) return
      this.#received.push(text)
      socket.end(this.#reply, 'latin1')
    })
    socket.on('error', () => {})
  }
}

function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return false
  if (/\r\ntransfer-encoding:/i.test(text.slice(0, end))) return text.endsWith('0\r\n\r\n')
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, end))
  return text.length - end - 4 >= Number(length?.[1] ?? 0)
}

/** Sends a request and reads everything until the server closes. */
export function converse(host: string, port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(port, host)
    const timer = setTimeout(() => socket.destroy(new Error('the server kept silent')), PATIENCE_MS)
    socket.setEncoding('latin1').on('data', (piece: string) => {
      answer += piece
    })
    socket.on('error', error => {
      if ((error as NodeJS.ErrnoException).code === undefined) reject(error)
    })
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(answer)
    })
    socket.write(text, 'latin1')
  })
}

/** What one proxy did, as lines. */
export function describeExchange(received: readonly string[], answer: string): string[] {
  const towardsOrigin = received.flatMap(text => {
    const { head, body } = splitHead(text)
    // The framing is made anew: in ours it stands last.
    const framing = head.filter(line => FRAMING.test(line))
    const rest = head.filter(line => !FRAMING.test(line))
    return [...rest, ...framing, ...(body === '' ? [] : [`body ${body}`])].map(line => `> ${line}`)
  })
  return [...towardsOrigin, ...describeAnswer(answer).map(line => `< ${line}`)]
}

function describeAnswer(answer: string): string[] {
  const { head, body } = splitHead(answer)
  const [status = '', ...fields] = head
  if (/^HTTP\/1.1 1\d\d /.test(status)) return [status, ...describeAnswer(body)]
  const date = Date.parse(fieldOf(fields, 'date'))
  const isOwnPage = /<center>(?:nginx|headgate)[^<]*<\/center>/.test(body)
  const isPageUnseen = body === '' && /^HTTP\S+ [345]/.test(status)
  const known = fields
    .filter(field => !/^server: (?:nginx|headgate)/i.test(field))
    // A peer's Date that was passed on is old.
    .filter(field => !/^date:/i.test(field) || Math.abs(date - Date.now()) > 60_000)
    // The length of a page depends on the name below it.
    .filter(field => !((isOwnPage || isPageUnseen) && /^content-length:/i.test(field)))
    .map(field => relativeExpires(field, date))
    .sort()
  const content = /chunked/i.test(fieldOf(fields, 'transfer-encoding')) ? dechunk(body) : body
  const page = content.replace(/<center>(?:nginx|headgate)[^<]*<\/center>/, '<center>us</center>')
  return [status, ...known, ...(page === '' ? [] : [`body ${page.replaceAll('\r\n', '|')}`])]
}

/** Expires as seconds after Date. */
function relativeExpires(field: string, date: number): string {
  const at = /^expires: (.*GMT)$/i.exec(field)
  if (at === null || /19[67]\d|2037/.test(field)) return field
  return `Expires: Date + ${(Date.parse(at[1]!) - date) / 1000}`
}

function splitHead(text: string): { head: string[]; body: string } {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return { head: text === '' ? [] : [`no head: ${text}`], body: '' }
  return { head: text.slice(0, end).split('\r\n'), body: text.slice(end + 4) }
}

function fieldOf(fields: readonly string[], name: string): string {
  const field = fields.find(each => each.toLowerCase().startsWith(`${name}:`))
  return field === undefined ? '' : field.slice(name.length + 1).trim()
}

function dechunk(body: string): string {
  let rest = body
  let out = ''
  for (;;) {
    const size = /^([0-9a-f]+)\r\n/i.exec(rest)
    if (size === null) return `${out} (cut)`
    const length = Number.parseInt(size[1]!, 16)
    if (length === 0) {
      const trailers = rest.slice(size[0].length).trim().replaceAll('\r\n', '|')
      return trailers === '' ? out : `${out} (trailers ${trailers})`
    }
    out += rest.slice(size[0].length, size[0].length + length)
    rest = rest.slice(size[0].length + length + 2)
  }
}

/** The lines that only one of the two has; all of them when the order is all that differs. */
export function compareLines(nginx: readonly string[], headgate: readonly string[]): string[] {
  const onlyTheirs = without(nginx, headgate).map(line => `nginx ${line}`)
  const onlyOurs = without(headgate, nginx).map(line => `headgate ${line}`)
  const common = [without(nginx, onlyIn(onlyTheirs)), without(headgate, onlyIn(onlyOurs))] as const
  const isSameOrder = common[0].join('\n') === common[1].join('\n')
  if (isSameOrder) return [...onlyTheirs, ...onlyOurs]
  return [...nginx.map(line => `nginx ${line}`), ...headgate.map(line => `headgate ${line}`)]
}

function onlyIn(lines: readonly string[]): string[] {
  return lines.map(line => line.slice(line.indexOf(' ') + 1))
}

function without(lines: readonly string[], others: readonly string[]): string[] {
  const left = [...others]
  return lines.filter(line => {
    const index = left.indexOf(line)
    if (index === -1) return true
    left.splice(index, 1)
    return false
  })
}
