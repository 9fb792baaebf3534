// The tiers of a FastDFS cluster on hosts of a test network: a front, trackers that cache, storages that serve files; as
// real nginx or as this program, from nginx.conf or from the YAML examples in config/ with the addresses of the test.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { NetworkHost } from './network-hosts.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const EXAMPLES = fileURLToPath(new URL('../../config', import.meta.url))
export const TRACKER_PORT = 8000
export const STORAGE_PORT = 8888

/** A tier that runs. */
export interface Tier {
  readonly address: string
  /** What it has written to its access log, up to now. */
  accessLog(): string
  errors(): string
}

/** Directories of one test, removed together. */
export class TierFiles {
  readonly #directory = mkdtempSync(join(tmpdir(), 'headgate-fastdfs-'))
  #count = 0

  /** A directory with what every tier has. */
  make(files: Readonly<Record<string, string>>): string {
    const directory = join(this.#directory, String(++this.#count))
    const common = {
      'mime.types': 'types { text/html html; text/plain txt; }',
      'html/index.html': 'front',
      'html/50x.html': 'sorry, a storage is away',
      'logs/access.log': '',
    }
    for (const [path, content] of Object.entries({ ...common, ...files })) {
      mkdirSync(dirname(join(directory, path)), { recursive: true })
      writeFileSync(join(directory, path), content)
    }
    mkdirSync(join(directory, 'cache'))
    return directory
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true, force: true })
  }
}

/** The front in nginx's words: everything of /dfs goes to the trackers by turns. */
export function frontNginx(trackers: readonly NetworkHost[], port: number): string {
  const servers = trackers.map(
    each => `server ${each.address}:${TRACKER_PORT} weight=1 max_fails=2 fail_timeout=30s;`,
  )
  return `
user root;
worker_processes 1;
events { worker_connections 1024; }
http {
  include mime.types;
  default_type application/octet-stream;
  sendfile on;
  keepalive_timeout 65;
  proxy_read_timeout 150;
  upstream fastdfs_tracker { ${servers.join(' ')} }
  server {
    listen ${port};
    server_name localhost;
    location / { root html; index index.html index.htm; }
    error_page 500 502 503 504 /50x.html;
    location = /50x.html { root html; }
    location /dfs {
      root html;
      index index.html index.htm;
      proxy_pass http://fastdfs_tracker/;
      proxy_set_header Host $http_host;
      proxy_set_header Cookie $http_cookie;
      proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      client_max_body_size 300m;
    }
  }
}
`
}

/** The front as the example in config/ has it. */
export function frontYaml(trackers: readonly NetworkHost[], port: number): string {
  const text = readFileSync(join(EXAMPLES, 'fastdfs-loadbalancer.yaml'), 'utf8')
  return exchangeAll(text, {
    '192.168.3.19:8000': `${trackers[0]!.address}:${TRACKER_PORT}`,
    '192.168.3.20:8000': `${trackers[1]!.address}:${TRACKER_PORT}`,
    'listen: 80\n': `listen: ${port}\n`,
  })
}

/** A tracker in nginx's words: each group has an upstream, the path says which. */
export function trackerNginx(groups: readonly (readonly NetworkHost[])[]): string {
  const upstreams = groups.map((storages, index) => {
    const servers = storages.map(
      each => `server ${each.address}:${STORAGE_PORT} weight=1 max_fails=2 fail_timeout=30s;`,
    )
    return `upstream fdfs_group${index + 1} { ${servers.join(' ')} }`
  })
  const locations = groups.map(
    (_, index) => `location /group${index + 1}/M00 {
      proxy_next_upstream http_502 http_504 error timeout invalid_header;
      proxy_cache http-cache;
      proxy_cache_valid 200 304 12h;
      proxy_cache_key $uri$is_args$args;
      proxy_pass http://fdfs_group${index + 1};
      expires 30d;
    }`,
  )
  return `
user root;
worker_processes 1;
events { worker_connections 1024; use epoll; }
http {
  include mime.types;
  default_type application/octet-stream;
  sendfile on;
  tcp_nopush on;
  keepalive_timeout 65;
  server_names_hash_bucket_size 128;
  client_header_buffer_size 32k;
  large_client_header_buffers 4 32k;
  client_max_body_size 300m;
  proxy_redirect off;
  proxy_set_header Host $http_host;
  proxy_set_header X-Real-IP $remote_addr;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  proxy_connect_timeout 90;
  proxy_send_timeout 90;
  proxy_read_timeout 90;
  proxy_buffer_size 16k;
  proxy_buffers 4 64k;
  proxy_busy_buffers_size 128k;
  proxy_temp_file_write_size 128k;
  proxy_cache_path DIRECTORY/cache levels=1:2 keys_zone=http-cache:200m max_size=1g inactive=30d;
  proxy_temp_path DIRECTORY/cache/tmp;
  ${upstreams.join('\n  ')}
  server {
    listen ${TRACKER_PORT};
    server_name localhost;
    ${locations.join('\n    ')}
    error_page 500 502 503 504 /50x.html;
    location = /50x.html { root html; }
  }
}
`
}

/** A tracker as the example in config/ has it, without its cache: what storages do shall show. */
export function trackerYaml(groups: readonly (readonly NetworkHost[])[]): string {
  const whole = readFileSync(join(EXAMPLES, 'fastdfs-tracker.yaml'), 'utf8')
  const text = whole.replace(/^ {4}cache:\n(?: {6}.*\n)+/m, '')
  assert.notEqual(text, whole)
  return exchangeAll(text, { '192.168.3.23': 'group1', '192.168.3.24': 'group2' }).replace(
    /^ *- \{ address: group(\d).*\n/gm,
    (line, group) =>
      groups[Number(group) - 1]!.map(each => line.replace(`group${group}`, each.address)).join(''),
  )
}

/** A storage: files below their group's path. */
export const STORAGE_NGINX = `
user root;
worker_processes 1;
events { worker_connections 1024; }
http { include mime.types; server { listen ${STORAGE_PORT}; root html; } }
`

/** Starts real nginx; once this returns it listens. */
export function startNginxOn(
  host: NetworkHost,
  files: TierFiles,
  text: string,
  content: Readonly<Record<string, string>> = {},
): Tier {
  const directory = files.make(content)
  const paths = ['client_body', 'fastcgi', 'scgi', 'uwsgi'].map(
    name => `${name}_temp_path ${directory}/${name};`,
  )
  const proxy = text.includes('proxy_temp_path') ? '' : `proxy_temp_path ${directory}/proxy;`
  const own = `access_log ${directory}/logs/access.log; ${paths.join(' ')} ${proxy}`
  const main = `pid ${directory}/pid; error_log ${directory}/logs/error.log warn;`
  const config = text.replaceAll('DIRECTORY', directory).replace('http {', `http { ${own}`)
  writeFileSync(join(directory, 'nginx.conf'), `${main}\n${config}`)
  const command = ['nginx', '-p', directory, '-c', join(directory, 'nginx.conf')]
  // It goes into the background once it listens.
  const { status } = spawnSync('ip', ['netns', 'exec', host.namespace, ...command], {
    stdio: 'ignore',
  })
  assert.equal(status, 0, readFileSync(join(directory, 'logs/error.log'), 'utf8'))
  return tierOf(host, directory, () => readFileSync(join(directory, 'logs/error.log'), 'utf8'))
}

/** Starts this program. @param name of the configuration file, which says the dialect */
export async function startProgramOn(
  host: NetworkHost,
  files: TierFiles,
  name: string,
  text: string,
): Promise<Tier> {
  const directory = files.make({})
  writeFileSync(join(directory, name), text.replaceAll('DIRECTORY', directory))
  const child = host.spawn(
    process.execPath,
    [MAIN, 'run', '-p', directory, '-c', join(directory, name)],
    directory,
  )
  let said = ''
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const onText = (piece: string) => {
    said += piece
    if (said.includes(' started: ')) resolve()
  }
  child.stdout!.setEncoding('utf8').on('data', onText)
  child.stderr!.setEncoding('utf8').on('data', onText)
  child.on('close', () => reject(new Error(`ended: ${said}`)))
  await promise
  return tierOf(host, directory, () => said)
}

function tierOf(host: NetworkHost, directory: string, errors: () => string): Tier {
  const log = join(directory, 'logs/access.log')
  return { address: host.address, accessLog: () => readFileSync(log, 'utf8'), errors }
}

function exchangeAll(text: string, words: Readonly<Record<string, string>>): string {
  let result = text
  for (const [from, to] of Object.entries(words)) {
    assert.ok(result.includes(from), `the example names ${from}`)
    result = result.replaceAll(from, to)
  }
  return result
}
