// The same configuration served by the real nginx and by the program, side by side: what a drop-in must not change
// is compared, not remembered. Each runs in a directory of its own, on a port that the kernel chose.

import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { accepts, freePort } from './ports.ts'
import { Program } from './program.ts'

const NGINX = 'nginx'

/** The reason to skip, or false when nginx can be run. */
export function withoutNginx(): string | false {
  const { status } = spawnSync(NGINX, ['-v'])
  return status === 0 ? false : 'nginx is not installed here'
}

/** A server that runs. */
export interface Served {
  readonly name: 'nginx' | 'headgate'
  readonly port: number
  /** Where `DIRECTORY` of the configuration points. */
  readonly directory: string
}

/** Both, and how to end them. */
export interface Pair {
  readonly nginx: Served
  readonly headgate: Served
  /** Ends both; what they wrote stays. */
  end(): Promise<void>
  /** Removes what they wrote. */
  remove(): void
}

/**
 * Starts both on a configuration.
 *
 * @param http the `http` block's content; `DIRECTORY` and `PORT` stand for what each has of its own
 * @param ownMain lines before `http` that only the program gets: `compat`
 * @param second `nginx` puts nginx beside itself, which proves a table without the program; `converted` is the program
 * with the YAML that it makes of the configuration
 */
export async function startPair(
  http: string,
  ownMain = '',
  second: 'headgate' | 'nginx' | 'converted' = 'headgate',
): Promise<Pair> {
  const theirs = await startNginx(http)
  const starting =
    second === 'nginx' ? startNginx(http) : startHeadgate(http, ownMain, second === 'converted')
  const ours = await starting.catch(async error => {
    await theirs.end()
    throw error
  })
  return {
    nginx: theirs.served,
    headgate: ours.served,
    end: async () => {
      await Promise.all([theirs.end(), ours.end()])
    },
    remove: () => {
      for (const { served } of [theirs, ours])
        rmSync(served.directory, { recursive: true, force: true })
    },
  }
}

interface Running {
  readonly served: Served
  end(): Promise<void>
}

async function prepare(name: 'nginx' | 'headgate', http: string, ownMain: string): Promise<Served> {
  const directory = mkdtempSync(join(tmpdir(), `${name}-beside-`))
  mkdirSync(join(directory, 'logs'))
  // Started by root, nginx serves as somebody else.
  chmodSync(directory, 0o755)
  chmodSync(join(directory, 'logs'), 0o777)
  const port = await freePort()
  const own = http.replaceAll('DIRECTORY', directory).replaceAll('PORT', String(port))
  // Temporary files of nginx go below its prefix, wherever the package was built to put them.
  const paths = ['client_body', 'fastcgi', 'scgi', 'uwsgi']
    .map(path => `${path}_temp_path ${directory}/${path};`)
    .join(' ')
  writeFileSync(
    join(directory, 'nginx.conf'),
    `daemon off; worker_processes 1; pid ${directory}/pid; error_log ${directory}/logs/error.log info;
${ownMain}
events { worker_connections 64; }
http { ${name === 'nginx' ? paths : ''} proxy_temp_path ${directory}/proxy;
${own}
}
`,
  )
  return { name, port, directory }
}

async function startHeadgate(
  http: string,
  ownMain: string,
  isConverted: boolean,
): Promise<Running> {
  const served = await prepare('headgate', http, ownMain)
  const file = join(served.directory, 'nginx.conf')
  const program = new Program(['run', isConverted ? await convert(file) : file])
  try {
    await program.ready()
  } catch (error) {
    program.child.kill('SIGKILL')
    throw error
  }
  return {
    served,
    end: async () => {
      program.child.kill('SIGQUIT')
      await program.ended
    },
  }
}

/** The same configuration in YAML, beside it. */
async function convert(file: string): Promise<string> {
  const program = new Program(['convert', file])
  await program.ended
  const yaml = file.replace(/nginx\.conf$/, 'converted.yaml')
  writeFileSync(yaml, program.stdout)
  return yaml
}

async function startNginx(http: string): Promise<Running> {
  const served = await prepare('nginx', http, '')
  const { directory } = served
  const child = spawn(NGINX, ['-p', directory, '-c', join(directory, 'nginx.conf')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const ended = new Promise<void>(resolve => child.on('close', () => resolve()))
  while (!(await accepts(served.port))) {
    if (child.exitCode !== null) throw new Error(`nginx did not start: ${said}`)
  }
  return {
    served,
    end: async () => {
      child.kill('SIGQUIT')
      await ended
    },
  }
}

/** A response as its bytes, taken apart. */
export interface RawResponse {
  readonly status: number
  /** By name in lower case; several of one name are joined. */
  readonly fields: ReadonlyMap<string, string>
  readonly body: Buffer
}

/** Sends latin-1 bytes on a connection of their own and reads to its end. */
export function ask(port: number, request: string): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = []
    const socket = connect(port, '127.0.0.1')
    socket.on('data', piece => pieces.push(piece))
    socket.on('error', reject)
    socket.on('close', () => resolve(readResponse(Buffer.concat(pieces))))
    socket.write(request, 'latin1')
  })
}

function readResponse(bytes: Buffer): RawResponse {
  const end = bytes.indexOf('\r\n\r\n')
  const [line = '', ...lines] = bytes.toString('latin1', 0, Math.max(end, 0)).split('\r\n')
  const fields = new Map<string, string>()
  for (const field of lines) {
    const colon = field.indexOf(':')
    const name = field.slice(0, colon).toLowerCase()
    const value = field.slice(colon + 1).trim()
    const known = fields.get(name)
    fields.set(name, known === undefined ? value : `${known}, ${value}`)
  }
  return { status: Number(line.split(' ')[1] ?? 0), fields, body: bytes.subarray(end + 4) }
}

/** `GET target` with the fields given, on a connection that closes after it. */
export function getRequest(target: string, fields: readonly string[] = [], method = 'GET'): string {
  return `${[`${method} ${target} HTTP/1.1`, 'Host: example.test', 'Connection: close', ...fields].join('\r\n')}\r\n\r\n`
}
