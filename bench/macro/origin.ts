/**
 * The origin behind every proxy: one nginx process that listens on two ports.
 * It answers from memory or the page cache, so that its own cost stays small and even, and it
 * counts what reaches it, so that a proxy answering from elsewhere would be found out.
 *
 * A POST is answered only once its body has been read whole: `mirror` makes nginx read it, the
 * static-file handler then refuses the method, and `error_page` turns that into the answer.
 */

import { mkdirSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { awaitListening, findFreePorts, type Machinery, type Running } from './processes.ts'
import { makeBody, SINK_ANSWER, WORK } from './work.ts'

/** The origin while it runs. */
export interface Origin {
  readonly running: Running
  /** Two ports, each a server of the upstream. */
  readonly ports: readonly number[]
}

/** What the origin has counted since it started. */
export interface OriginCounts {
  readonly connections: number
  readonly requests: number
}

/** The field of each answer that names the server which gave it. */
export const ORIGIN_FIELD = 'x-origin'

/** The origin answers a POST to this path with the body it received. */
export const ECHO_PATH = '/echo'

/** The small answer; it stands in the origin's configuration, the larger ones are files. */
const SMALL_BYTES = 100

/** Starts the origin on the load core and waits until it listens. */
export async function startOrigin(machinery: Machinery, directory: string): Promise<Origin> {
  const files = join(directory, 'files')
  mkdirSync(files, { recursive: true })
  for (const item of WORK) {
    const isFile = item.method === 'GET' && item.responseBytes > SMALL_BYTES
    if (isFile) writeFileSync(join(files, item.path), makeBody(item.responseBytes))
  }
  writeFileSync(join(files, 'sink'), '')
  writeFileSync(join(files, 'echo'), '')

  const ports = await findFreePorts(2)
  const config = join(directory, 'origin.conf')
  writeFileSync(config, makeOriginConfig(directory, files, ports))
  const logPath = join(directory, 'origin.log')
  const command = ['nginx', '-p', directory, '-e', logPath, '-c', config]
  const running = machinery.start(machinery.loadCore, { name: 'origin', command, logPath })
  for (const port of ports) await awaitListening(running, port)
  return { running, ports }
}

/** Asks the origin how many connections and requests it has seen. */
export async function readOriginCounts(origin: Origin): Promise<OriginCounts> {
  const text = await fetchText(origin.ports[0] ?? 0, '/counts')
  const counts = parseStubStatus(text)
  if (counts === null) throw new Error(`Cannot read the counts of the origin:\n${text}`)
  return counts
}

/**
 * Parses what nginx's `stub_status` prints.
 *
 * @returns null when the line of three numbers is missing
 */
export function parseStubStatus(text: string): OriginCounts | null {
  const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s*$/m.exec(text)
  return match === null ? null : { connections: Number(match[1]), requests: Number(match[3]) }
}

function makeOriginConfig(directory: string, files: string, ports: readonly number[]): string {
  const listens = ports.map(port => `    listen 127.0.0.1:${port} backlog=4096;`).join('\n')
  const modules = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  const temporary = modules
    .map(name => `  ${name}_temp_path ${join(directory, `origin-${name}`)};`)
    .join('\n')
  return `daemon off;
worker_processes 1;
pid ${join(directory, 'origin.pid')};
error_log ${join(directory, 'origin.log')} warn;

events {
  worker_connections 4096;
}

http {
${temporary}
  access_log off;
  default_type application/octet-stream;
  keepalive_requests 100000000;
  client_max_body_size 8m;
  client_body_buffer_size 2m;
  sendfile on;
  tcp_nopush on;
  open_file_cache max=16;
  add_header X-Origin $server_port always;

  server {
${listens}
    root ${files};

    location = /small {
      return 200 "${makeBody(SMALL_BYTES).toString('latin1')}";
    }
    location = /sink {
      mirror /body;
      error_page 405 =200 /received;
    }
    location = /echo {
      mirror /body;
      error_page 405 =200 /echoed;
    }
    location = /body {
      internal;
      return 204;
    }
    location = /received {
      internal;
      return 200 "${SINK_ANSWER.replace('\n', '\\n')}";
    }
    location = /echoed {
      internal;
      return 200 "$request_body";
    }
    location = /counts {
      stub_status;
    }
  }
}
`
}

function fetchText(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, path, agent: false }, response => {
      response.setEncoding('utf8')
      let text = ''
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => resolve(text))
      response.on('error', reject)
    })
    call.on('error', reject)
    call.end()
  })
}
