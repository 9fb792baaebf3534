// The program with one cache in front of an origin, as the system tests of the cache want it, and what can be seen of it
// from outside: its log, its files, its memory, its counters.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import { parseEntryName } from '../../src/cache/store/entry-path.ts'
import type { StatusCache } from '../../src/control/cache/cache-status.ts'
import {
  makeDirectory,
  type Program,
  type ProgramEnd,
  runProgram,
  startProgram,
} from '../harness/program.ts'

const CRASHING = fileURLToPath(new URL('../harness/crashing-program.ts', import.meta.url))

export const LOADED =
  /cache "pages": (\d+) entr(?:y|ies) loaded \((\d+) bytes\), (\d+) dropped(?:, (\d+) temporary files? removed)?.*\n/

/** Each mode through the dialect that has it without being asked. */
export const DIALECTS = ['nginx.conf', 'YAML'] as const
export type Dialect = (typeof DIALECTS)[number]

export interface ProxyParts {
  readonly origin: string
  /** Else `nginx.conf`: `YAML` knows only what is said of `path`, `cache`, `temporary`, names and sizes. */
  readonly dialect?: Dialect
  /** In YAML, more of what the server does with its cache, as in a flow mapping. */
  readonly cache?: string
  readonly workers?: number
  /** Of the cache; else `pages`, with 2 MiB of keys. */
  readonly name?: string
  readonly keys?: string
  /** No cache is used. */
  readonly isOff?: boolean
  /** What follows the directory and `keys_zone` in `proxy_cache_path`. */
  readonly path?: string
  /** Lines of the location. */
  readonly location?: string
  /** Lines of `http`. */
  readonly http?: string
  /** Lines of the server. */
  readonly server?: string
  /** `proxy_temp_path`. */
  readonly temporary?: string
  /** Where the cache lies; else in the directory of the test. */
  readonly root?: string
}

/** A program with a cache, which can be killed and started again over the same files. */
export class CacheProxy {
  readonly directory: string
  readonly file: string
  readonly #t: TestContext
  #parts: ProxyParts
  program: Program | null = null
  port = 0

  constructor(t: TestContext, parts: ProxyParts) {
    this.#t = t
    this.#parts = parts
    this.directory = makeDirectory(t)
    const isYaml = parts.dialect === 'YAML'
    this.file = join(this.directory, isYaml ? 'headgate.yaml' : 'nginx.conf')
    this.configure({})
  }

  /** Of the cache. */
  get root(): string {
    return this.#parts.root ?? join(this.directory, 'cache')
  }

  get log(): string {
    return this.program!.stderr
  }

  get pid(): number {
    return this.program!.pid
  }

  /** Writes the configuration; it serves after a start or a reload. */
  configure(parts: Partial<ProxyParts>): void {
    this.#parts = { ...this.#parts, ...parts }
    const write = this.#parts.dialect === 'YAML' ? yamlOf : confOf
    this.writeConf(write(this.#parts, this.directory, this.root))
  }

  writeConf(text: string): void {
    writeFileSync(this.file, text)
  }

  /** @param mayCrash its workers end when a file `die-INDEX` appears in the directory */
  async start(mayCrash = false, more: Readonly<Record<string, string>> = {}): Promise<void> {
    const env = { XDG_RUNTIME_DIR: this.directory, ...more }
    const program = mayCrash
      ? startProgram(this.#t, [this.file], { env, main: CRASHING })
      : startProgram(this.#t, ['run', '-c', this.file], { env })
    this.program = program
    const { listen } = await program.ready()
    this.port = Number(listen[0]!.split(':').at(-1))
  }

  /** Waits until what was there is loaded. @returns numbers of the line that says so */
  async loaded(): Promise<{ entries: number; dropped: number; leftovers: number }> {
    const [, entries, , dropped, leftovers = '0'] = await this.program!.says(LOADED)
    return { entries: Number(entries), dropped: Number(dropped), leftovers: Number(leftovers) }
  }

  async kill(): Promise<void> {
    this.program!.child.kill('SIGKILL')
    await this.program!.ended
  }

  /** Lets it take the configuration as it is now. */
  async reload(): Promise<void> {
    await this.program!.tell('SIGHUP', / reloaded: /)
  }

  /** `headgate cache …`. */
  command(...words: string[]): Promise<ProgramEnd> {
    const env = { XDG_RUNTIME_DIR: this.directory }
    return runProgram(['cache', '-c', this.file, ...words], { env })
  }

  async statistics(name = 'pages'): Promise<StatusCache> {
    const { stdout, stderr } = await this.command('stat', '--json')
    if (stdout === '') throw new Error(stderr)
    return (JSON.parse(stdout) as StatusCache[]).find(cache => cache.name === name)!
  }

  /** All files below the cache's directory. */
  files(): string[] {
    return readdirSync(this.root, { recursive: true, withFileTypes: true })
      .filter(item => item.isFile())
      .map(item => join(item.parentPath, item.name))
      .sort()
  }

  /** Waits until so many entries are in their places, and nothing is being written. */
  async stored(count: number): Promise<void> {
    const kinds = () => this.files().map(path => parseEntryName(basename(path))?.kind)
    const isSo = (found: readonly unknown[]) =>
      found.length === count && found.every(kind => kind === 'entry')
    await until(() => isSo(kinds()), `${count} entries`)
  }

  /** Resident bytes of the process. */
  residentBytes(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8')
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)![1]) * 1024
  }
}

function confOf(parts: ProxyParts, directory: string, root: string): string {
  const { origin, workers = 2, path = '', location = '', http = '', server = '' } = parts
  const { name = 'pages', keys = '2m', temporary = join(directory, 'temporary') } = parts
  const isBeside = path.includes('use_temp_path') ? '' : 'use_temp_path=off'
  return `worker_processes ${workers};
error_log stderr notice;
events {}
http {
  access_log off;
  proxy_temp_path ${temporary};
  proxy_cache_path ${root} keys_zone=${name}:${keys} levels=1:2 ${isBeside} ${path};
  ${http}
  server {
    listen 127.0.0.1:0;
    add_header X-Cache $upstream_cache_status always;
    proxy_cache_key $uri$is_args$args;
    location / {
      proxy_pass http://${origin};
      proxy_cache ${parts.isOff === true ? 'off' : name};
      ${location}
    }
    ${server}
  }
}
`
}

function yamlOf(parts: ProxyParts, directory: string, root: string): string {
  const { origin, workers = 2, path = '', cache = '' } = parts
  const { name = 'pages', keys = '2m', temporary = join(directory, 'temporary') } = parts
  const more = path.split(' ').filter(word => word !== '')
  const facts = [
    `name: ${name}`,
    `path: ${root}`,
    `keys: ${keys}`,
    'levels: "1:2"',
    ...more.map(word => word.replace('=', ': ').replace(': on', ': true')),
  ]
  const uses = [`name: ${name}`, 'key: $uri$is_args$args', ...(cache === '' ? [] : [cache])]
  return `workers: ${workers}
access_log: off
error_log: { path: stderr, level: notice }
proxy: { temp_path: ${temporary} }
caches:
  - { ${facts.join(', ')} }
servers:
  - listen: 127.0.0.1:0
    add_headers: [{ name: X-Cache, value: $upstream_cache_status, always: true }]
    cache: { ${uses.join(', ')} }
    proxy: { address: ${origin} }
`
}

/** Looks again and again, a little later each time, at what no event tells. */
export async function until(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const endMs = performance.now() + 15_000
  while (!(await isSo())) {
    if (performance.now() > endMs) throw new Error(`waited for ${what}`)
    await delay(20)
  }
}

/** Lets the worker of that index die. */
export function killWorker(proxy: CacheProxy, index: number): void {
  mkdirSync(dirname(proxy.file), { recursive: true })
  writeFileSync(join(proxy.directory, `die-${index}`), '')
}
