// The proxies that the suite of cache tests is run against: the real nginx, and the program in `standard` mode. Each caches
// as well as its configuration lets it, on a loopback port, in a directory of its own.

import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { accepts, freePort } from '../harness/ports.ts'
import { Program } from '../harness/program.ts'

export const SUITE_TARGETS = ['headgate', 'nginx'] as const
export type SuiteTarget = (typeof SUITE_TARGETS)[number]

/** A proxy that runs. */
export interface SuiteProxy {
  readonly port: number
  /** Ends it and removes its directory. */
  end(): Promise<void>
}

/** Starts a proxy with a cache in front of an origin on 127.0.0.1. */
export async function startSuiteProxy(
  target: SuiteTarget,
  originPort: number,
): Promise<SuiteProxy> {
  const directory = mkdtempSync(join(tmpdir(), `cache-suite-${target}-`))
  // Started by root, nginx serves as somebody else.
  chmodSync(directory, 0o777)
  const port = await freePort()
  const place = { directory, port, originPort }
  const end = target === 'nginx' ? await startNginx(place) : await startHeadgate(place)
  return {
    port,
    end: async () => {
      await end()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

interface Place {
  readonly directory: string
  readonly port: number
  readonly originPort: number
}

async function startNginx(place: Place): Promise<() => Promise<void>> {
  const { directory, port } = place
  const config = join(directory, 'nginx.conf')
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map(name => `${name}_temp_path ${directory}/${name};`)
    .join(' ')
  writeFileSync(
    config,
    `daemon off; worker_processes 1; pid ${directory}/pid; error_log ${directory}/error.log;
events { worker_connections 1024; }
http { ${paths} access_log off;
${locations(place, '')}
}
`,
  )
  const child = spawn('nginx', ['-p', directory, '-e', `${directory}/error.log`, '-c', config], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  process.once('exit', () => child.kill('SIGKILL'))
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const ended = new Promise<void>(resolve => child.on('close', () => resolve()))
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error(`nginx did not start: ${said}`)
  }
  return () => {
    child.kill('SIGTERM')
    return ended
  }
}

async function startHeadgate(place: Place): Promise<() => Promise<void>> {
  const config = join(place.directory, 'nginx.conf')
  writeFileSync(
    config,
    `worker_processes 2; error_log stderr error;
events { worker_connections 1024; }
http { access_log off; proxy_temp_path ${place.directory}/proxy;
${locations(place, 'proxy_cache_mode standard;')}
}
`,
  )
  const program = new Program(['run', config])
  process.once('exit', () => program.child.kill('SIGKILL'))
  try {
    await program.ready()
  } catch (error) {
    program.child.kill('SIGKILL')
    throw error
  }
  return async () => {
    program.child.kill('SIGTERM')
    await program.ended
  }
}

function locations({ directory, port, originPort }: Place, own: string): string {
  // The path of the suite's own talk with its origin is not to be stored.
  return `proxy_cache_path ${directory}/cache levels=1:2 keys_zone=suite:8m max_size=100m inactive=10m;
upstream origin { server 127.0.0.1:${originPort} max_fails=0; }
server { listen 127.0.0.1:${port};
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  location / { proxy_pass http://origin; }
  location /test/ { proxy_pass http://origin; proxy_cache suite; proxy_cache_revalidate on; ${own} }
}`
}
