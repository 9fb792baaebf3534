// The same head again and again on one connection, while what its steps depend on changes: what is remembered of a head
// must never bring another request's outcome. nginx, which remembers nothing, says what is right.

import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'

import { type Pair, type Served, startPair, withoutNginx } from '../harness/beside-nginx.ts'

const PEER = 'proxy_pass http://unix:DIRECTORY/peer:;'

const HTTP = `
access_log off;
proxy_cache_path DIRECTORY/cache keys_zone=z:1m;
server {
  listen unix:DIRECTORY/peer;
  return 200 "$request_uri host=$http_host n=$http_x_n";
}
server {
  listen 127.0.0.1:PORT;
  if (-f DIRECTORY/flag-server) { rewrite ^/server /moved; set $args flagged; }
  location / { ${PEER} }
  location /break { if (-f DIRECTORY/flag) { rewrite ^ /flagged break; } ${PEER} }
  location /other { if (-f DIRECTORY/flag) { proxy_pass http://unix:DIRECTORY/peer:$uri/flagged; } ${PEER} }
  location /args { if (-f DIRECTORY/flag) { set $args flagged; } ${PEER} }
  location /with-uri { if (-f DIRECTORY/flag) { set $args flagged; } proxy_pass http://unix:DIRECTORY/peer:/pre; }
  location /host { set $proxy_host "n$connection_requests"; ${PEER} }
  location /own { set $n $connection_requests; ${PEER} proxy_set_header X-N $n; }
  location /last { if (-f DIRECTORY/flag) { rewrite ^ /own last; } ${PEER} }
  location /cached { if (-f DIRECTORY/flag) { set $args flagged; } ${PEER}
    proxy_cache z; proxy_cache_key $uri$is_args$args; proxy_cache_valid 1m; }
  location /return { if (-f DIRECTORY/flag) { return 200 flagged; } return 200 "plain"; }
}
`

const PATHS = [
  '/server',
  '/break',
  '/other',
  '/args',
  '/with-uri',
  '/host',
  '/own',
  '/last',
  '/cached',
  '/return',
]

/** Whether the files are there at each request of the same head. */
const FLAGS = [false, false, false, true, true, false, false, true]

describe('heads that come again and steps that depend on more', { skip: withoutNginx() }, () => {
  let pair: Pair

  before(async () => {
    pair = await startPair(HTTP, 'compat nginx/1.28 strict;')
  })
  after(async () => {
    await pair.end()
    pair.remove()
  })

  /** The bodies of the same request, one after the other on one connection. */
  async function bodies({ port, directory }: Served, path: string): Promise<string[]> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const found: string[] = []
    for (const isThere of FLAGS) {
      for (const name of ['flag', 'flag-server']) {
        if (isThere) writeFileSync(join(directory, name), '')
        else rmSync(join(directory, name), { force: true })
      }
      found.push(await body(port, path, agent))
    }
    agent.destroy()
    return found
  }

  function body(port: number, path: string, agent: Agent): Promise<string> {
    return new Promise((resolve, reject) => {
      const asking = get({ port, path: `${path}?q=1`, agent, host: '127.0.0.1' }, response => {
        let text = `${response.statusCode} `
        response.setEncoding('latin1').on('data', piece => {
          text += piece
        })
        response.on('end', () => resolve(text))
      })
      asking.on('error', reject)
    })
  }

  for (const path of PATHS) {
    it(path, async () => {
      const theirs = await bodies(pair.nginx, path)
      assert.notEqual(new Set(theirs).size, 1, 'nothing changed: the row is wrong')
      assert.deepEqual(
        (await bodies(pair.headgate, path)).map(text =>
          text.replaceAll(pair.headgate.directory, ''),
        ),
        theirs.map(text => text.replaceAll(pair.nginx.directory, '')),
      )
    })
  }
})
