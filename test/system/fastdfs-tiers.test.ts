// Two tiers in front of real nginx servers, as a FastDFS cluster has them: a front that forwards /dfs to two trackers, and
// trackers that send each group's path to its storage. In both dialects, with a tracker and a storage killed.

import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { afterTest } from '../harness/after-test.ts'
import { load } from '../harness/load.ts'
import { freePort } from '../harness/ports.ts'
import { makeDirectory, type Program, startProgram } from '../harness/program.ts'
import { RealNginx, withoutNginx } from '../harness/real-nginx.ts'

const root = new URL('../..', import.meta.url).pathname
const PICTURE = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7919) & 0xff))

function frontNginx(trackers: readonly number[], port: number): string {
  return `
worker_processes 1;
events { worker_connections 1024; }
http {
  include mime.types;
  default_type application/octet-stream;
  sendfile on;
  keepalive_timeout 65;
  proxy_read_timeout 150;
  upstream trackers {
    ${trackers.map(each => `server 127.0.0.1:${each} weight=1 max_fails=2 fail_timeout=30s;`).join('\n    ')}
  }
  server {
    listen 127.0.0.1:${port};
    server_name localhost;
    location / { root html; index index.html index.htm; }
    error_page 500 502 503 504 /50x.html;
    location = /50x.html { root html; }
    location /dfs {
      proxy_pass http://trackers/;
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

function trackerNginx(storages: readonly number[], port: number, directory: string): string {
  const groups = storages.map((_, index) => index + 1)
  return `
worker_processes 1;
events { worker_connections 1024; use epoll; }
http {
  include mime.types;
  default_type application/octet-stream;
  tcp_nopush on;
  server_names_hash_bucket_size 128;
  client_header_buffer_size 32k;
  large_client_header_buffers 4 32k;
  client_max_body_size 300m;
  proxy_redirect off;
  proxy_set_header Host $http_host;
  proxy_set_header X-Real-IP $remote_addr;
  proxy_connect_timeout 90;
  proxy_buffer_size 16k;
  proxy_buffers 4 64k;
  proxy_busy_buffers_size 128k;
  proxy_temp_file_write_size 128k;
  proxy_cache_path ${directory}/cache levels=1:2 keys_zone=http-cache:200m max_size=1g inactive=30d;
  proxy_temp_path ${directory}/tmp;
  ${groups.map(group => `upstream group${group} { server 127.0.0.1:${storages[group - 1]} max_fails=2 fail_timeout=30s; }`).join('\n  ')}
  server {
    listen 127.0.0.1:${port};
    server_name localhost;
    ${groups
      .map(
        group => `location /group${group}/M00 {
      proxy_next_upstream http_502 http_504 error timeout invalid_header;
      proxy_cache http-cache;
      proxy_cache_valid 200 304 12h;
      proxy_cache_key $uri$is_args$args;
      proxy_pass http://group${group};
      expires 30d;
    }`,
      )
      .join('\n    ')}
    error_page 500 502 503 504 /50x.html;
    location = /50x.html { root html; }
  }
}
`
}

/** The examples in config/ with the addresses of this run. */
function example(name: string, addresses: Readonly<Record<string, string>>): string {
  let text = readFileSync(join(root, 'config', name), 'utf8')
  for (const [from, to] of Object.entries(addresses)) {
    assert.ok(text.includes(from), `${name} names ${from}`)
    text = text.replaceAll(from, to)
  }
  return text
}

interface Tier {
  readonly program: Program
  readonly port: number
}

async function startTier(
  t: TestContext,
  file: string,
  text: (port: number, directory: string) => string,
): Promise<Tier> {
  const port = await freePort()
  const directory = makeDirectory(t, {
    'mime.types': 'types { text/html html; image/jpeg jpg; }',
    [file]: '',
  })
  for (const name of ['html', 'logs']) mkdirSync(join(directory, name))
  writeFileSync(join(directory, 'html/index.html'), 'front')
  writeFileSync(join(directory, 'html/50x.html'), 'sorry, a storage is away')
  writeFileSync(join(directory, file), text(port, directory))
  const program = startProgram(t, ['run', '-p', directory, '-c', join(directory, file)])
  await program.ready()
  return { program, port }
}

describe('two tiers in front of real storages', { skip: withoutNginx(), timeout: 120_000 }, () => {
  let storages: RealNginx[] = []

  before(async () => {
    storages = await Promise.all(
      [1, 2].map(group =>
        RealNginx.start({
          [`group${group}/M00/00/00/picture.jpg`]: PICTURE,
          [`group${group}/M00/00/00/note.txt`]: `group ${group}`,
        }),
      ),
    )
  })

  after(() => Promise.all(storages.map(storage => storage.end())))

  const dialects = {
    'nginx.conf': {
      tracker: (t: TestContext) =>
        startTier(t, 'tracker.conf', (port, directory) =>
          trackerNginx(
            storages.map(each => each.port),
            port,
            directory,
          ),
        ),
      front: (t: TestContext, trackers: readonly number[]) =>
        startTier(t, 'front.conf', port => frontNginx(trackers, port)),
    },
    YAML: {
      tracker: (t: TestContext) =>
        startTier(t, 'tracker.yaml', port =>
          example('fastdfs-tracker.yaml', {
            '192.168.3.23:8888': `127.0.0.1:${storages[0]!.port}`,
            '192.168.3.24:8888': `127.0.0.1:${storages[1]!.port}`,
            'listen: 8000': `listen: 127.0.0.1:${port}`,
          }),
        ),
      front: (t: TestContext, trackers: readonly number[]) =>
        startTier(t, 'front.yaml', port =>
          example('fastdfs-loadbalancer.yaml', {
            '192.168.3.19:8000': `127.0.0.1:${trackers[0]}`,
            '192.168.3.20:8000': `127.0.0.1:${trackers[1]}`,
            'listen: 80\n': `listen: 127.0.0.1:${port}\n`,
          }),
        ),
    },
  }

  for (const [name, dialect] of Object.entries(dialects)) {
    it(`serves both groups through both tiers from ${name}, and outlives a tracker`, async t => {
      const trackers = [await dialect.tracker(t), await dialect.tracker(t)]
      const front = await dialect.front(
        t,
        trackers.map(each => each.port),
      )
      const url = `http://127.0.0.1:${front.port}`

      assert.equal(await (await fetch(`${url}/`)).text(), 'front')
      for (const group of [1, 2]) {
        const answer = await fetch(`${url}/dfs/group${group}/M00/00/00/picture.jpg`)
        assert.equal(answer.status, 200)
        assert.equal(answer.headers.get('content-type'), 'image/jpeg')
        assert.match(answer.headers.get('cache-control') ?? '', /max-age=2592000/)
        assert.ok(PICTURE.equals(Buffer.from(await answer.arrayBuffer())))
      }
      const part = await fetch(`${url}/dfs/group1/M00/00/00/picture.jpg`, {
        headers: { range: 'bytes=1000-1999' },
      })
      assert.equal(part.status, 206)
      assert.ok(PICTURE.subarray(1000, 2000).equals(Buffer.from(await part.arrayBuffer())))
      assert.equal((await fetch(`${url}/dfs/group1/M00/00/00/none.jpg`)).status, 404)

      const result = await load(`${url}/dfs/group2/M00/00/00/note.txt`, 3000, 16, () => {
        trackers[0]!.program.child.kill('SIGKILL')
      })
      t.diagnostic(`a tracker killed under load: ${result.text}`)
      assert.deepEqual([result.good, result.bad], [3000, 0])
    })
  }

  it('answers the error page while the only storage of a group is away', async t => {
    const storage = await RealNginx.start({ 'group1/M00/a': 'a' })
    afterTest(t, () => storage.end())
    const tracker = await startTier(t, 'tracker.conf', (port, directory) =>
      trackerNginx([storage.port, storages[1]!.port], port, directory),
    )
    const url = `http://127.0.0.1:${tracker.port}`
    assert.equal(await (await fetch(`${url}/group1/M00/a`)).text(), 'a')
    await storage.kill()
    // What was read once is in the tracker's cache.
    assert.equal(await (await fetch(`${url}/group1/M00/a`)).text(), 'a')
    const answer = await fetch(`${url}/group1/M00/b`)
    assert.deepEqual([answer.status, await answer.text()], [502, 'sorry, a storage is away'])
    assert.equal(await (await fetch(`${url}/group2/M00/00/00/note.txt`)).text(), 'group 2')
  })
})
