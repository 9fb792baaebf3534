// A check by HTTP: the request, redirects where they are to be followed, the first bytes of the
// body, and whether the response is what it must be.

import { isIP } from 'node:net'
import { VERSION } from '../base/version.ts'
import type { ListenAddress } from '../model/listener.ts'
import {
  type HttpCheck,
  PLAIN_PROBE_TLS,
  PROBE_BODY_BYTES_MAX,
  type ProbeTls,
} from '../model/probe.ts'
import {
  type CheckAnswer,
  type Checker,
  type CheckProgress,
  type CheckTime,
  freshMs,
} from './checker.ts'
import { headFault, responseFault } from './expectation.ts'
import { FirstBytes } from './first-bytes.ts'
import { type HttpAsk, HttpLine, loadHttpClient } from './http-line.ts'
import { NameLookup } from './name-lookup.ts'
import type { ProbeTarget } from './probe-target.ts'
import { bytesText, quoted } from './reason.ts'
import { RegexPatience } from './regex-patience.ts'

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** One check on its way. */
interface Running {
  readonly onAnswer: (answer: CheckAnswer) => void
  startedMs: number
  url: URL
  method: string
  line: HttpLine
  redirects: number
  status: number
  headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: FirstBytes
}

export class HttpChecker implements Checker {
  readonly #target: ProbeTarget
  readonly #check: HttpCheck
  readonly #time: CheckTime
  readonly #url: URL
  readonly #host: string
  readonly #line: HttpLine
  readonly #patience: RegexPatience
  readonly #names = new NameLookup()
  #running: Running | null = null

  constructor(target: ProbeTarget, check: HttpCheck, time: CheckTime) {
    this.#target = target
    this.#check = check
    this.#time = time
    this.#patience = new RegexPatience(() => freshMs(time))
    const { address, peerName } = target
    this.#host = check.host ?? (address.kind === 'unix' ? 'localhost' : peerName)
    this.#url = urlOf(check.tls === null ? 'http' : 'https', this.#host, check.path)
    this.#line = this.#makeLine(address, check.tls, this.#url, check.keepaliveMs)
    void loadHttpClient()
  }

  start(onAnswer: (answer: CheckAnswer) => void): void {
    const running: Running = {
      onAnswer,
      startedMs: this.#time.clock.nowMs,
      url: this.#url,
      method: this.#check.method,
      line: this.#line,
      redirects: 0,
      status: 0,
      headers: {},
      body: new FirstBytes(PROBE_BODY_BYTES_MAX),
    }
    this.#running = running
    void loadHttpClient().then(() => {
      if (this.#running !== running) return
      // What the library takes to load is no fault of the peer's.
      running.startedMs = this.#time.clock.nowMs
      this.#ask(running, this.#check.path, this.#host)
    })
  }

  stop(): CheckProgress {
    const running = this.#running
    this.#running = null
    if (running === null) return { during: 'asking', facts: [], ended: null }
    const { during } = running.line
    this.#leave(running)
    // What the head says is worth more than that the rest is missing.
    const fault = running.status === 0 ? '' : headFault(running, this.#check.expect, this.#patience)
    return { during, facts: factsOf(running), fault, ended: null }
  }

  close(): void {
    this.#names.stop()
    this.#line.close()
  }

  #ask(running: Running, path: string, host: string): void {
    running.line.ask(this.#request(running, path, host), {
      onHead: (status, headers) => {
        running.status = status
        running.headers = headers
      },
      onBody: chunk => this.#onBody(running, chunk),
      onEnd: () => this.#onEnd(running),
      onFault: fault => this.#answer(running, fault),
    })
  }

  #request(running: Running, path: string, host: string): HttpAsk {
    const { headers, body } = this.#check
    const fields = ['host', host]
    const isGiven = (name: string) => headers.some(([each]) => each.toLowerCase() === name)
    if (!isGiven('user-agent')) fields.push('user-agent', `headgate/${VERSION} (probe)`)
    if (!isGiven('accept')) fields.push('accept', '*/*')
    if (!isGiven('accept-encoding')) fields.push('accept-encoding', 'identity')
    for (const [name, value] of headers) {
      if (name.toLowerCase() !== 'host') fields.push(name, value)
    }
    const isBodySent = running.method === this.#check.method
    return { method: running.method, path, headers: fields, body: isBodySent ? body : '' }
  }

  /** Takes bytes until there are enough to judge by. */
  #onBody(running: Running, chunk: Buffer): boolean {
    if (this.#running !== running) return false
    running.body.add(chunk)
    if (!running.body.isCut) return true
    // The line stops itself after this.
    queueMicrotask(() => this.#onEnd(running))
    return false
  }

  #onEnd(running: Running): void {
    if (this.#running !== running) return
    if (this.#follow(running)) return
    const { clock } = this.#time
    clock.refresh()
    const fault = responseFault(
      {
        status: running.status,
        headers: running.headers,
        body: running.body.bytes,
        tookMs: clock.nowMs - running.startedMs,
      },
      this.#check.expect,
      this.#patience,
    )
    this.#answer(running, fault)
  }

  #answer(running: Running, fault: string): void {
    if (this.#running !== running) return
    this.#running = null
    this.#leave(running)
    running.onAnswer({ fault, facts: factsOf(running) })
  }

  /** Goes where a redirect leads; false when the response is to be judged as it is. */
  #follow(running: Running): boolean {
    if (!REDIRECTS.has(running.status) || running.redirects >= this.#check.redirectsMax)
      return false
    const { location } = running.headers
    const url = typeof location === 'string' ? parseUrl(location, running.url.href) : null
    if (url === null) return false
    running.redirects++
    const isSeeOther = running.status === 303 || running.status <= 302
    if (isSeeOther && running.method !== 'HEAD') running.method = 'GET'
    this.#leave(running)
    running.line = this.#lineTo(url)
    running.url = url
    running.status = 0
    running.headers = {}
    running.body.clear()
    const host = url.host === this.#url.host ? this.#host : url.host
    this.#ask(running, `${url.pathname}${url.search}`, host)
    return true
  }

  /** The peer itself answers for its own name, on whatever port; any other name is looked up. */
  #lineTo(url: URL): HttpLine {
    const { address } = this.#target
    if (url.protocol === this.#url.protocol && url.host === this.#url.host) return this.#line
    const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80)
    const isOwn = url.hostname === this.#url.hostname
    const tls = url.protocol === 'https:' ? (this.#check.tls ?? PLAIN_PROBE_TLS) : null
    // A name of ours is the peer's, not that of another site.
    const asked = tls === null || isOwn ? tls : { ...tls, serverName: null }
    if (isOwn && address.kind === 'unix') return this.#makeLine(address, asked, url, 0)
    const host = isOwn && address.kind === 'tcp' ? address.host : bareHost(url)
    return this.#makeLine({ kind: 'tcp', host, port }, asked, url, 0)
  }

  #makeLine(address: ListenAddress, tls: ProbeTls | null, url: URL, keepaliveMs: number): HttpLine {
    return new HttpLine({
      address,
      tls,
      serverName: bareHost(url),
      isHttp2: this.#check.isHttp2,
      keepaliveMs,
      clock: this.#time.clock,
      lookUp: this.#names.lookUp,
    })
  }

  /** Lets go of the line that a check used last. */
  #leave(running: Running): void {
    if (running.line === this.#line) running.line.stop()
    else running.line.close()
  }
}

function factsOf(running: Running): string[] {
  if (running.status === 0) return []
  const { status, body, redirects, url } = running
  const facts = [String(status)]
  if (body.isCut) facts.push(`first ${bytesText(body.length)}`)
  else if (body.length > 0) facts.push(bytesText(body.length))
  if (redirects > 0) facts.push(`at ${quoted(url.href)}`)
  return facts
}

/** A host as URLs have it; what is no host of a URL gets a name of no meaning. */
function urlOf(scheme: string, host: string, path: string): URL {
  return parseUrl(`${scheme}://${host}${path}`, undefined) ?? new URL(`${scheme}://peer.invalid/`)
}

function parseUrl(text: string, base: string | undefined): URL | null {
  const url = URL.parse(text, base)
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:') ? url : null
}

/** Without the brackets of an IPv6 address. */
function bareHost(url: URL): string {
  const host = url.hostname
  const bare = host.startsWith('[') ? host.slice(1, -1) : host
  return isIP(bare) === 6 ? bare : host
}
