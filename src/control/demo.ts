// `headgate demo`: three origins in processes of their own and the proxy before them, to kill or break an origin and see
// that requests go on. What it says about them it has measured through the proxy.

import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { systemDelay } from '../base/delay.ts'
import type { OriginNews, OriginPlan, OriginReady } from './demo-origin.ts'
import { askOften, TRIALS, trialText } from './demo-trials.ts'
import { runMain } from './main-process.ts'
import type { Terminal } from './terminal.ts'

const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const ORIGIN_FILE = fileURLToPath(new URL(`./demo-origin.${ending}`, import.meta.url))
const CONFIG_FILE = fileURLToPath(new URL('../../config/demo.yaml', import.meta.url))

/** The ports that config/demo.yaml names. */
const PROXY_PORT = 8080
const ORIGIN_PORTS = [9101, 9102, 9103]
/** An origin that died comes back after this, if nobody pressed Enter before. */
const REVIVE_SECONDS = 20
/** Longer than the pause of a failed peer in config/demo.yaml. */
const RETURN_SECONDS_MAX = 30
/** What ends the demo. Sent to the whole process group it ends the origins too, and their end may be heard first. */
const END_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGQUIT'] as const
const GROUP_SIGNAL_MS = 100
/** Longer than the probe of config/demo.yaml takes to see a wrong page. */
const PROBE_SECONDS_MAX = 10

/** Runs the demo until Ctrl-C. Returns the exit code. */
export async function runDemo(terminal: Terminal): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'headgate-demo-'))
  const demo = new Demo(terminal, directory)
  try {
    return await demo.run()
  } finally {
    demo.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

interface Origin {
  readonly number: number
  port: number
  child: ChildProcess | null
  /** Wakes the wait for its return. */
  revive: AbortController
}

class Demo {
  readonly #terminal: Terminal
  readonly #directory: string
  readonly #origins: Origin[]
  #proxyPort = PROXY_PORT
  #isOver = false
  readonly #onEnd = () => {
    this.#isOver = true
  }

  constructor(terminal: Terminal, directory: string) {
    this.#terminal = terminal
    this.#directory = directory
    this.#origins = ORIGIN_PORTS.map((port, index) => ({
      number: index + 1,
      port,
      child: null,
      revive: new AbortController(),
    }))
  }

  async run(): Promise<number> {
    const { env, cwd, hostname } = this.#terminal
    for (const signal of END_SIGNALS) process.once(signal, this.#onEnd)
    await Promise.all(this.#origins.map(origin => this.#startOrigin(origin, true)))
    this.#proxyPort = await freePort(PROXY_PORT)
    return runMain({
      load: {
        file: this.#writeConfig(),
        prefix: this.#directory,
        globals: '',
        format: 'yaml',
        env: { ...env, PWD: cwd },
        hostname,
        isForeground: true,
        errorLogPath: null,
      },
      terminal: this.#terminal,
      onReady: () => this.#welcome(),
    })
  }

  close(): void {
    this.#isOver = true
    for (const signal of END_SIGNALS) process.off(signal, this.#onEnd)
    for (const { child, revive } of this.#origins) {
      revive.abort()
      child?.kill('SIGKILL')
    }
    process.stdin.destroy()
  }

  #say(text: string): void {
    this.#terminal.out(`demo: ${text}\n`)
  }

  /** The packaged configuration; where a port was taken, a copy with the ports that are used. */
  #writeConfig(): string {
    const ports = [PROXY_PORT, ...ORIGIN_PORTS]
    const used = [this.#proxyPort, ...this.#origins.map(({ port }) => port)]
    if (ports.every((port, index) => port === used[index])) return CONFIG_FILE
    const text = readFileSync(CONFIG_FILE, 'utf8').replaceAll(
      /127\.0\.0\.1:(\d+)/g,
      (all, port) => {
        const index = ports.indexOf(Number(port))
        return index === -1 ? all : `127.0.0.1:${used[index]}`
      },
    )
    const file = join(this.#directory, 'demo.yaml')
    writeFileSync(file, text)
    this.#say(`some of the ports ${ports.join(', ')} are taken; using ${used.join(', ')} instead`)
    return file
  }

  #welcome(): void {
    const address = `http://127.0.0.1:${this.#proxyPort}`
    this.#say(`the proxy is ready. Open ${address}/ in a browser, or type`)
    this.#say(`  curl ${address}/api`)
    this.#say('then kill an origin and see that the others answer:')
    for (const { number, child, port } of this.#origins) {
      this.#say(`  kill ${child?.pid}    # origin ${number}, which listens on 127.0.0.1:${port}`)
    }
    this.#say('or let one answer 200 with the wrong page, and see a probe find out:')
    const [, second] = this.#origins
    this.#say(`  curl http://127.0.0.1:${second!.port}/break    # and /mend`)
    this.#say('Ctrl-C ends everything.')
    if (!process.stdin.isTTY) return
    process.stdin.on('data', () => {
      for (const { revive } of this.#origins) revive.abort()
    })
  }

  /** Resolves when it listens; rejects when it ends before. */
  async #startOrigin(origin: Origin, isFlexible: boolean): Promise<void> {
    const { number, port } = origin
    const plan: OriginPlan = { number, port, isFlexible }
    const child = fork(ORIGIN_FILE, [JSON.stringify(plan)], { execArgv: process.execArgv })
    const { promise, resolve, reject } = Promise.withResolvers<OriginReady>()
    child.once('message', (ready: OriginReady) => {
      resolve(ready)
      child.on('message', (news: OriginNews) => void this.#onNews(origin, news))
    })
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      const how = signal ?? `exit code ${code}`
      const wasServing = origin.child === child
      origin.child = null
      if (!wasServing) reject(new Error(`origin ${number} ended at once (${how})`))
      else if (!this.#isOver) void this.#onDeath(origin, child.pid, how)
    })
    origin.port = (await promise).port
    origin.child = child
  }

  async #onDeath(origin: Origin, pid: number | undefined, how: string): Promise<void> {
    const { number } = origin
    await systemDelay(GROUP_SIGNAL_MS)
    if (this.#isOver) return
    this.#say(`origin ${number} died (pid ${pid}, ${how}). Asking the proxy ${TRIALS} times …`)
    this.#say(trialText(await askOften(this.#proxyPort)))
    const wayBack = process.stdin.isTTY
      ? 'press Enter to start it again, or wait'
      : 'starts again in'
    this.#say(`origin ${number}: ${wayBack} ${REVIVE_SECONDS} s`)
    origin.revive = new AbortController()
    await systemDelay(REVIVE_SECONDS * 1000, origin.revive.signal)
    if (this.#isOver) return
    try {
      await this.#startOrigin(origin, false)
    } catch (error) {
      this.#say(`${(error as Error).message}: it stays away`)
      return
    }
    this.#say(`origin ${number} is back: kill ${origin.child?.pid}`)
    await this.#awaitAnswer(number)
  }

  /** It answers, but not what it should: only asking for the page itself finds that. */
  async #onNews({ number, port }: Origin, { isBroken }: OriginNews): Promise<void> {
    if (this.#isOver) return
    if (!isBroken) {
      this.#say(`origin ${number} answers with the right page again`)
      await this.#awaitAnswer(number)
      return
    }
    this.#say(`origin ${number} answers 200 with the wrong page now. Asking the proxy …`)
    const began = performance.now()
    const isLate = () => performance.now() - began > PROBE_SECONDS_MAX * 1000
    let answers = await askOften(this.#proxyPort)
    while (answers.some(answer => answer?.isWrong) && !this.#isOver && !isLate()) {
      await systemDelay(100)
      answers = await askOften(this.#proxyPort)
    }
    if (this.#isOver) return
    const seconds = ((performance.now() - began) / 1000).toFixed(1)
    this.#say(`after ${seconds} s: ${trialText(answers)}`)
    this.#say(`  curl http://127.0.0.1:${port}/mend    # brings origin ${number} back`)
  }

  /** Says when the proxy gives an origin requests again: not before the pause is over that its failure cost it. */
  async #awaitAnswer(number: number): Promise<void> {
    for (let second = 0; second <= RETURN_SECONDS_MAX && !this.#isOver; second++) {
      const answers = await askOften(this.#proxyPort)
      if (answers.some(answer => answer !== null && answer.origin === number)) {
        this.#say(`origin ${number} gets requests again (${second} s after it came back)`)
        return
      }
      await systemDelay(1000)
    }
    if (!this.#isOver) this.#say(`origin ${number} got no request in ${RETURN_SECONDS_MAX} s`)
  }
}

/** `port` if nobody listens there, else one that the kernel chooses. */
async function freePort(port: number): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>()
  const server = createServer()
  server.once('error', () => server.listen(0, '127.0.0.1'))
  server.on('listening', () => {
    const { port } = server.address() as AddressInfo
    server.close(() => resolve(port))
  })
  server.listen({ host: '127.0.0.1', port, exclusive: true })
  return promise
}
