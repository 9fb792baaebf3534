// A tracker of FastDFS that caches, from the seed's nginx.conf and from the YAML example with verification: what was read
// once does not reach the storages again, also when they are gone, and what is not the file of its name is never kept.

import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { crc32 } from 'node:zlib'

import { encodeFastdfsName } from '../cache/fastdfs-encoder.ts'
import { CountingOrigin } from '../harness/counting-origin.ts'
import { freePort } from '../harness/ports.ts'
import { makeDirectory, type Program, startProgram } from '../harness/program.ts'
import { bodyBytes } from './cache-origin.ts'
import { until } from './cache-proxy.ts'

const EXAMPLE = new URL('../../config/fastdfs-tracker.yaml', import.meta.url)
const FILES = new Map<string, Buffer>()
const PICTURE = addFile(1, 50_000)
const VIDEO = addFile(2, 3_000_000)
const SMALL = addFile(3, 100)
const ORPHAN = addFile(4, 70_000, '/group2/M00/00/00/')

/** A file as a storage would name it. */
function addFile(number: number, size: number, before = '/group1/M00/00/00/'): string {
  const pieces: Buffer[] = []
  for (let at = 0; at < size; at += 65_536) pieces.push(bodyBytes(number, at, size))
  for (const [index, piece] of pieces.entries()) {
    pieces[index] = piece.subarray(0, size - index * 65_536)
  }
  const content = Buffer.concat(pieces)
  const name = encodeFastdfsName({
    source: [192, 168, 3, 23],
    createdAt: 1_500_000_000,
    size: BigInt(size),
    crc32: crc32(content),
    before,
  })
  FILES.set(name, content)
  return name
}

/** A storage; `spoil` may change what it answers. */
async function startStorage(
  t: TestContext,
  spoil: (content: Buffer) => Buffer = content => content,
): Promise<CountingOrigin> {
  return CountingOrigin.open(t, 'storage', (asked, response) => {
    const content = FILES.get(asked.url!.split('?')[0]!)
    if (content === undefined) {
      response.writeHead(404).end('no such file')
      return
    }
    const body = spoil(content)
    const range = /^bytes=(\d+)-(\d+)$/.exec(asked.headers.range ?? '')
    const fields = {
      'last-modified': 'Fri, 14 Jul 2017 02:40:00 GMT',
      etag: `"${body.length}"`,
      'accept-ranges': 'bytes',
    }
    if (range === null) {
      response.writeHead(200, { ...fields, 'content-length': body.length }).end(body)
      return
    }
    const [from, to] = [Number(range[1]), Number(range[2]) + 1]
    const place = `bytes ${from}-${to - 1}/${body.length}`
    response.writeHead(206, { ...fields, 'content-range': place }).end(body.subarray(from, to))
  })
}

/** As the seed has it, with addresses of this test. */
function nginxTracker(groups: readonly (readonly string[])[], port: number, dir: string): string {
  const upstreams = groups.map((servers, index) => {
    const lines = servers.map(each => `server ${each} weight=1 max_fails=2 fail_timeout=30s;`)
    return `upstream fdfs_group${index + 1} { ${lines.join(' ')} }`
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
  return `worker_processes 2;
events { worker_connections 1024; use epoll; }
http {
default_type application/octet-stream;
sendfile on;
tcp_nopush on;
keepalive_timeout 65;
proxy_redirect off;
proxy_set_header Host $http_host;
proxy_set_header X-Real-IP $remote_addr;
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
proxy_connect_timeout 90;
proxy_read_timeout 90;
proxy_buffer_size 16k;
proxy_buffers 4 64k;
proxy_busy_buffers_size 128k;
proxy_temp_file_write_size 128k;
proxy_cache_path ${dir}/proxy_cache levels=1:2
keys_zone=http-cache:200m max_size=1g inactive=30d;
proxy_temp_path ${dir}/proxy_cache/tmp;
${upstreams.join('\n')}
server {
listen 127.0.0.1:${port};
server_name localhost;
${locations.join('\n')}
error_page 500 502 503 504 /50x.html;
location = /50x.html { root html; }
}
}
`
}

/** The example, with addresses of this test. */
function yamlTracker(groups: readonly (readonly string[])[], port: number): string {
  const text = readFileSync(EXAMPLE, 'utf8').replace('workers: 1', 'workers: 2')
  assert.ok(text.includes('verify: true') && text.includes('listen: 8000'))
  return text
    .replace('listen: 8000', `listen: 127.0.0.1:${port}`)
    .replace(/^ {4}- \{ address: 192\.168\.3\.(\d+):8888.*\n/gm, (line, host) =>
      groups[Number(host) - 23]!.map(each => line.replace(`192.168.3.${host}:8888`, each)).join(''),
    )
}

interface Tracker {
  readonly url: string
  readonly program: Program
}

async function startTracker(
  t: TestContext,
  dialect: 'nginx.conf' | 'YAML',
  groups: readonly (readonly CountingOrigin[])[],
): Promise<Tracker> {
  const directory = makeDirectory(t)
  mkdirSync(join(directory, 'html'))
  mkdirSync(join(directory, 'logs'))
  writeFileSync(join(directory, 'html/50x.html'), 'sorry, a storage is away')
  const port = await freePort()
  const addresses = groups.map(group => group.map(each => each.address))
  const isYaml = dialect === 'YAML'
  const file = join(directory, isYaml ? 'tracker.yaml' : 'nginx.conf')
  const text = isYaml ? yamlTracker(addresses, port) : nginxTracker(addresses, port, directory)
  writeFileSync(file, text)
  const program = startProgram(t, ['run', '-p', directory, '-c', file])
  await program.ready()
  return { url: `http://127.0.0.1:${port}`, program }
}

async function get(url: string, range?: string) {
  const answer = await fetch(url, range === undefined ? {} : { headers: { range } })
  const body = Buffer.from(await answer.arrayBuffer())
  return { status: answer.status, headers: answer.headers, body }
}

async function assertFile(tracker: Tracker, path: string): Promise<void> {
  const { status, headers, body } = await get(tracker.url + path)
  assert.equal(status, 200)
  assert.ok(FILES.get(path)!.equals(body), path)
  assert.match(headers.get('cache-control') ?? '', /max-age=2592000/)
}

for (const dialect of ['nginx.conf', 'YAML'] as const) {
  describe(`a FastDFS tracker with its cache, ${dialect}`, { timeout: 60_000 }, () => {
    it('answers what was read once without its storage, whole and in ranges', async t => {
      const storages = [await startStorage(t), await startStorage(t)]
      const tracker = await startTracker(
        t,
        dialect,
        storages.map(each => [each]),
      )
      const paths = [PICTURE, VIDEO, SMALL]
      for (const path of paths) await assertFile(tracker, path)
      assert.equal(storages[0]!.count, 3)
      // A worker that did not fetch it may look before the file is in its place.
      const isStored = async () => {
        const before = storages[0]!.count
        for (const path of paths) for (let i = 0; i < 8; i++) await assertFile(tracker, path)
        return storages[0]!.count === before
      }
      await until(isStored, 'the files to be in the cache')
      const asked = storages[0]!.count
      assert.ok(asked <= 6, `${asked} requests at the storage`)
      const rows = [
        [PICTURE, 0, 99],
        [PICTURE, 49_000, 49_999],
        [VIDEO, 65_535, 65_536],
        [VIDEO, 1_000_000, 2_499_999],
        [SMALL, 10, 10],
      ] as const
      storages[0]!.close()
      for (const [path, from, to] of rows) {
        const { status, headers, body } = await get(tracker.url + path, `bytes=${from}-${to}`)
        assert.equal(status, 206)
        assert.equal(headers.get('content-range'), `bytes ${from}-${to}/${FILES.get(path)!.length}`)
        assert.ok(
          FILES.get(path)!
            .subarray(from, to + 1)
            .equals(body),
        )
      }
      for (const path of paths) await assertFile(tracker, path)
      assert.equal(storages[0]!.count, asked)
      const none = await get(`${tracker.url}/group1/M00/00/00/none.jpg`)
      assert.deepEqual([none.status, String(none.body)], [502, 'sorry, a storage is away'])
      const other = await get(`${tracker.url}/group2/M00/00/00/none.jpg`)
      assert.equal(other.status, 404)
    })
  })
}

describe('fastdfs verification over a whole cluster', { timeout: 60_000, concurrency: 2 }, () => {
  const spoilers: Record<string, (content: Buffer) => Buffer> = {
    'a turned bit': content => {
      const spoiled = Buffer.from(content)
      const middle = spoiled.length >> 1
      spoiled[middle] = spoiled[middle]! ^ 1
      return spoiled
    },
    'a body that is too short': content => content.subarray(0, content.length - 1),
    'a body that is too long': content => Buffer.concat([content, Buffer.from('x')]),
    'the picture for a wrong token': () => Buffer.from('anti-steal'),
  }
  for (const [what, spoil] of Object.entries(spoilers)) {
    it(`neither answers nor stores ${what}`, async t => {
      const [bad, good] = [await startStorage(t, spoil), await startStorage(t)]
      const tracker = await startTracker(t, 'YAML', [[bad, good], [bad]])
      const paths = [SMALL, PICTURE, VIDEO]
      for (const path of [...paths, ...paths]) await assertFile(tracker, path)
      assert.ok(bad.count > 0, 'the broken storage was asked')
      await until(async () => {
        const before = good.count
        for (const path of paths) for (let i = 0; i < 6; i++) await assertFile(tracker, path)
        return good.count === before
      }, 'the files to be in the cache')
      const before = bad.count
      for (let round = 1; round <= 2; round++) {
        const { status, body } = await get(tracker.url + ORPHAN)
        assert.deepEqual([status, String(body)], [502, 'sorry, a storage is away'])
        assert.equal(bad.count, before + round, 'nothing was stored in its place')
      }
      bad.close()
      good.close()
      for (const path of paths) await assertFile(tracker, path)
    })
  }
})
