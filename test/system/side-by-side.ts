// Runs tables of cases through the real nginx and through the program in front of one recording origin, and wants their
// transcripts to be the same but for the differences that the tables name.

import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Pair, startPair, withoutNginx } from '../harness/beside-nginx.ts'
import { freePort } from '../harness/ports.ts'
import {
  type Asking,
  type Case,
  compareLines,
  converse,
  describeExchange,
  RecordingOrigin,
} from './transcript.ts'

/** The date of every file, so that both make the same ETag. */
const MODIFIED = 1_000_000_000

/** What stands beside nginx. */
type Second = 'headgate' | 'converted'

/** Titles and their cases. */
export type Tables = Readonly<Record<string, readonly Case[]>>

/**
 * Makes the tests. In the text of cases stand `ORIGIN` for the origin's address, `peers` for a group with it alone,
 * `CLOSED` for an address where nobody listens, `ROOT` for the directory of the files, `HOST` for the case's name.
 *
 * @param files content by path below the root
 * @param http lines before the servers
 * @param second `converted`: the program reads the YAML that it makes of the configuration
 */
export function describeSideBySide(
  title: string,
  files: Readonly<Record<string, string>>,
  tables: Tables,
  http = '',
  second: Second = 'headgate',
): void {
  describe(title, { skip: withoutNginx() }, () => {
    const bench = new Bench(files, Object.values(tables).flat(), http, second)
    before(() => bench.start())
    after(() => bench.end())
    for (const [what, cases] of Object.entries(tables)) {
      describe(what, () => {
        for (const each of cases) it(each.name, () => bench.compare(each))
      })
    }
  })
}

class Bench {
  readonly #cases: readonly Case[]
  readonly #root: string
  readonly #http: string
  readonly #second: Second
  readonly #origin = new RecordingOrigin()
  #closed = ''
  #pair: Pair | null = null

  constructor(
    files: Readonly<Record<string, string>>,
    cases: readonly Case[],
    http: string,
    second: Second,
  ) {
    this.#cases = cases
    this.#http = http
    this.#second = second
    this.#root = mkdtempSync(join(tmpdir(), 'side-by-side-'))
    // Started by root, nginx serves as somebody else.
    chmodSync(this.#root, 0o755)
    for (const [name, text] of Object.entries(files)) {
      const path = join(this.#root, name)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, text)
      utimesSync(path, MODIFIED, MODIFIED)
    }
  }

  async start(): Promise<void> {
    await this.#origin.open()
    this.#closed = `127.0.0.1:${await freePort()}`
    // The nginx that stands beside is older than 1.29.7.
    this.#pair = await startPair(this.#configuration(), 'compat nginx/1.28 strict;', this.#second)
  }

  async end(): Promise<void> {
    await this.#pair?.end()
    this.#pair?.remove()
    this.#origin.close()
    rmSync(this.#root, { recursive: true, force: true })
  }

  async compare(each: Case): Promise<void> {
    const { nginx, headgate } = this.#pair!
    const found: string[] = []
    const meant: string[] = []
    for (const asking of each.asks) {
      const theirs = await this.#run(nginx.port, asking, each)
      const ours = await this.#run(headgate.port, asking, each)
      assert.notEqual(theirs.length, 0, 'nginx did nothing: the table is wrong')
      const line = asking.request.slice(0, 80).split('\r\n')[0]!
      found.push(line, ...compareLines(theirs, ours))
      meant.push(line, ...(asking.differs?.lines ?? []))
    }
    assert.deepEqual(found, meant)
  }

  async #run(port: number, asking: Asking, each: Case): Promise<string[]> {
    const name = this.#nameOf(each)
    const reply = asking.reply === undefined ? undefined : this.#fill(asking.reply, name)
    const answer = await this.#origin.during(reply, () =>
      converse(each.host ?? '127.0.0.1', port, this.#fill(asking.request, name)),
    )
    return describeExchange(this.#origin.take(), answer).map(line =>
      line
        .replaceAll(`:${port}`, ':PORT')
        .replaceAll(this.#origin.address, 'ORIGIN')
        .replaceAll(name, 'HOST'),
    )
  }

  #configuration(): string {
    const servers = this.#cases.map(each =>
      this.#fill(
        `server { listen ${each.host ?? '127.0.0.1'}:PORT; server_name HOST; ${each.server} }
${each.others ?? ''}`,
        this.#nameOf(each),
      ),
    )
    return this.#fill(
      `access_log off;
types { text/html html; text/plain txt; }
upstream peers { server ORIGIN; }
upstream half-closed { server CLOSED max_fails=0; server ORIGIN backup; }
${this.#http}
server { listen 127.0.0.1:PORT default_server; server_name _; return 200 "the default"; }
${servers.join('\n')}`,
      '',
    )
  }

  #nameOf(each: Case): string {
    return `case${this.#cases.indexOf(each)}.test`
  }

  #fill(text: string, name: string): string {
    return text
      .replaceAll('HOST', name)
      .replaceAll('ORIGIN', this.#origin.address)
      .replaceAll('CLOSED', this.#closed)
      .replaceAll('ROOT', this.#root)
  }
}
