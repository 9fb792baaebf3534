// A real nginx that caches what a scripted origin answers: one location for each place of the
// table, both on ports of their own, everything below one directory that goes with it.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { ask, getRequest } from '../../harness/beside-nginx.ts'
import { accepts, freePort } from '../../harness/ports.ts'
import { PLACES, type PlaceName } from './nginx-places.ts'

/** Two seconds: then nothing was stored. */
const STORED_TURNS_MAX = 400

/** What the origin gets to see of a request: its head, as text. */
export type Script = (head: string) => string | 'close' | 'hang' | Promise<string>

export interface Answer {
  /** `$upstream_cache_status` */
  readonly word: string
  readonly status: number
  readonly fields: ReadonlyMap<string, string>
  readonly body: string
}

/** The version that is installed. */
export function nginxVersion(): readonly [number, number, number] {
  const said = spawnSync('nginx', ['-v'], { encoding: 'utf8' }).stderr
  const match = /nginx\/(\d+)\.(\d+)\.(\d+)/.exec(said)
  return match === null ? [0, 0, 0] : [Number(match[1]), Number(match[2]), Number(match[3])]
}

export class CachingNginx {
  readonly #directory: string
  readonly #port: number
  readonly #origin: Server
  readonly #sockets = new Set<Socket>()
  readonly #scripts = new Map<string, Script>()
  #child: ChildProcess | null = null
  #count = 0

  private constructor(directory: string, port: number) {
    this.#directory = directory
    this.#port = port
    this.#origin = createServer(socket => this.#serve(socket))
  }

  static async start(): Promise<CachingNginx> {
    const directory = mkdtempSync(join(tmpdir(), 'headgate-caching-'))
    chmodSync(directory, 0o755)
    const nginx = new CachingNginx(directory, await freePort())
    await nginx.#start()
    return nginx
  }

  /** A target of its own that the script answers for. */
  target(place: PlaceName, script: Script): string {
    const target = `/${place}/${this.#count++}`
    this.#scripts.set(target, script)
    return target
  }

  async ask(target: string, lines: readonly string[] = [], method = 'GET'): Promise<Answer> {
    const { fields, status, body } = await ask(this.#port, getRequest(target, lines, method))
    const word = fields.get('x-cache-status') ?? ''
    return { word, status, fields, body: body.toString('latin1') }
  }

  /** Waits until the answer of a target is in its file, which comes after the client has it. */
  async stored(target: string): Promise<void> {
    const name = createHash('md5').update(target).digest('hex')
    const file = join(this.#directory, 'cache', name)
    for (let turn = 0; turn < STORED_TURNS_MAX && !existsSync(file); turn++) await delay(5)
  }

  async end(): Promise<void> {
    const child = this.#child
    if (child !== null && child.exitCode === null) {
      const ended = new Promise(resolve => child.on('close', resolve))
      child.kill('SIGTERM')
      await ended
    }
    for (const socket of this.#sockets) socket.destroy()
    await new Promise(resolve => this.#origin.close(resolve))
    rmSync(this.#directory, { recursive: true, force: true })
  }

  async #start(): Promise<void> {
    const origin = await new Promise<number>(resolve =>
      this.#origin.listen(0, '127.0.0.1', () => {
        const address = this.#origin.address()
        resolve(typeof address === 'object' && address !== null ? address.port : 0)
      }),
    )
    const directory = this.#directory
    const paths = ['client_body', 'proxy', 'fastcgi', 'scgi', 'uwsgi']
      .map(name => `${name}_temp_path ${directory}/${name};`)
      .join(' ')
    const locations = Object.entries(PLACES).map(
      ([name, { directives }]) => `location /${name}/ { proxy_pass http://127.0.0.1:${origin};
  proxy_cache all; ${directives} }`,
    )
    writeFileSync(
      join(directory, 'nginx.conf'),
      `daemon off; worker_processes 1; pid ${directory}/pid; error_log ${directory}/error.log;
${process.getuid?.() === 0 ? 'user root;' : ''}
events { worker_connections 256; }
http { access_log off; ${paths}
proxy_cache_path ${directory}/cache keys_zone=all:1m inactive=1h;
proxy_cache_key $uri; proxy_read_timeout 300ms;
add_header X-Cache-Status $upstream_cache_status always;
server { listen 127.0.0.1:${this.#port};
${locations.join('\n')}
} }
`,
    )
    this.#child = spawn('nginx', ['-p', directory, '-c', join(directory, 'nginx.conf')], {
      stdio: 'ignore',
    })
    while (!(await accepts(this.#port))) {
      if (this.#child.exitCode !== null) throw new Error('nginx did not start')
    }
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket)
    let head = ''
    socket.setEncoding('latin1')
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('data', async (text: string) => {
      head += text
      if (!head.endsWith('\r\n\r\n')) return
      const script = this.#scripts.get(head.split(' ')[1] ?? '')
      const answer = await (script?.(head) ?? 'HTTP/1.0 404 Unknown\r\n\r\n')
      if (answer === 'close') socket.destroy()
      else if (answer !== 'hang') socket.end(answer, 'latin1')
    })
  }
}
