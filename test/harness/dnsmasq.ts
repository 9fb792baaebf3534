// A real name server for tests: dnsmasq on a loopback port, its records changed while it runs.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { NameServer } from '../../src/dns/name-server.ts'
import { freePort } from './ports.ts'

const PROGRAM = ['/usr/sbin/dnsmasq', '/usr/local/sbin/dnsmasq'].find(
  path => spawnSync(path, ['--version']).status === 0,
)

/** Why tests that need it are skipped; false where it is there. */
export function withoutDnsmasq(): string | false {
  return PROGRAM === undefined && 'no dnsmasq here'
}

/** Answers for `example.com`; what is there and what is missing lives for a second. */
export class Dnsmasq {
  readonly directory = mkdtempSync(join(tmpdir(), 'dnsmasq-'))
  readonly server: NameServer
  readonly #child: ChildProcess
  #log = ''
  #changeCount = 0

  constructor(program: string, port: number, options: readonly string[]) {
    this.server = { host: '127.0.0.1', port }
    mkdirSync(join(this.directory, 'hosts'))
    this.#child = spawn(
      program,
      [
        ...['--keep-in-foreground', '--no-resolv', '--no-hosts', '--conf-file=/dev/null'],
        ...['--listen-address=127.0.0.1', '--bind-interfaces', `--port=${port}`, '--pid-file='],
        ...['--local=/example.com/', '--local-ttl=1', '--neg-ttl=1', '--user=', '--log-facility=-'],
        `--addn-hosts=${join(this.directory, 'hosts')}`,
        ...options,
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    )
  }

  /**
   * Starts one.
   *
   * @param text its addresses, in the form of a hosts file
   * @param options of dnsmasq, for records of other types
   */
  static async start(text: string, options: readonly string[] = []): Promise<Dnsmasq> {
    const dnsmasq = new Dnsmasq(PROGRAM!, await freePort(), options)
    await dnsmasq.untilSaid(/started, version/g, 1)
    await dnsmasq.change(text)
    return dnsmasq
  }

  /** Resolves when its log has said something so many times. */
  async untilSaid(what: RegExp, times: number): Promise<void> {
    const stream = this.#child.stderr!.setEncoding('utf8')
    while ((this.#log.match(what)?.length ?? 0) < times) {
      const [text] = (await once(stream, 'data')) as [string]
      this.#log += text
    }
  }

  /** Writes the addresses of names anew, and has them read. */
  async change(text: string): Promise<void> {
    writeFileSync(join(this.directory, 'hosts', 'names'), text)
    this.#changeCount++
    this.#child.kill('SIGHUP')
    await this.untilSaid(/read \S+\/hosts\/names/g, this.#changeCount)
  }

  async stop(): Promise<void> {
    const { exitCode, signalCode } = this.#child
    if (exitCode === null && signalCode === null) {
      this.#child.kill('SIGTERM')
      await once(this.#child, 'exit')
    }
    rmSync(this.directory, { recursive: true, force: true })
  }
}
