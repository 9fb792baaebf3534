// `headgate cache` and the cache thread of the real program, over a directory that an earlier run left behind.

import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'

import { entryPath, temporaryPath } from '../../src/cache/store/entry-path.ts'
import type { ListReport, PurgeReport } from '../../src/control/cache/cache-desk.ts'
import { makeRun } from '../../src/control/cache/cache-run.ts'
import type { StatusCache } from '../../src/control/cache/cache-status.ts'
import type { StatusReport } from '../../src/control/status-report.ts'
import { type EntryParts, hexOf, makeEntry } from '../control/cache/cache-fixture.ts'
import { makeDirectory, type Program, runProgram, startProgram } from '../harness/program.ts'

const LOADED = /cache "pages": (\d+) entr(?:y|ies) loaded \((\d+) bytes\), (\d+) dropped.*\n/
const WHILE_MS = 3_600_000

interface Setting {
  readonly directory: string
  readonly file: string
  /** Of the cache. */
  readonly root: string
  readonly env: Readonly<Record<string, string>>
}

function setUp(t: TestContext, cachePath = 'levels=1:2 keys_zone=pages:1m'): Setting {
  const directory = makeDirectory(t)
  const setting: Setting = {
    directory,
    file: join(directory, 'nginx.conf'),
    root: join(directory, 'cache'),
    env: { XDG_RUNTIME_DIR: directory },
  }
  configure(setting, cachePath)
  return setting
}

function configure({ file, root }: Setting, cachePath: string): void {
  writeFileSync(
    file,
    `worker_processes 2;
error_log stderr notice;
events {}
http {
  access_log off;
  proxy_cache_path ${root} ${cachePath} use_temp_path=off;
  server {
    listen 127.0.0.1:0;
    server_name example.com;
    location / {
      proxy_pass http://127.0.0.1:1;
      proxy_cache pages;
      proxy_cache_key $uri$is_args$args;
    }
    location /plain/ { proxy_pass http://127.0.0.1:1; }
  }
}
`,
  )
}

/** Writes an entry as an earlier run left it. */
function leave({ root }: Setting, parts: EntryParts, body = 'a page'): string {
  const nowMs = Date.now()
  const path = entryPath(root, [1, 2], hexOf(parts))
  const freshness = {
    freshUntilMs: nowMs + WHILE_MS,
    staleWhileMs: 0,
    staleErrorMs: 0,
    mustRevalidate: false,
    isAlwaysValidated: false,
  }
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, makeEntry({ requestMs: nowMs, responseMs: nowMs, freshness, ...parts }, body))
  return path
}

async function start(t: TestContext, { file, env }: Setting): Promise<Program> {
  const program = startProgram(t, ['run', '-c', file], { env })
  await Promise.all([program.ready(), program.says(LOADED)])
  return program
}

function cache({ file, env }: Setting, ...words: string[]) {
  return runProgram(['cache', '-c', file, ...words], { env })
}

async function list(setting: Setting, ...words: string[]): Promise<ListReport> {
  return JSON.parse((await cache(setting, 'ls', '--json', ...words)).stdout) as ListReport
}

async function statistics(setting: Setting): Promise<StatusCache> {
  return (JSON.parse((await cache(setting, 'stat', '--json')).stdout) as StatusCache[])[0]!
}

describe('headgate cache', { timeout: 120_000 }, () => {
  it('makes the directory for nobody else, and says that nothing is there', async t => {
    const setting = setUp(t)
    await start(t, setting)
    assert.equal(statSync(setting.root).mode & 0o777, 0o700)
    const { code, stdout } = await cache(setting, 'ls')
    assert.deepEqual([code, stdout], [0, 'nothing is stored there\n'])
  })

  it('refuses to start where the directory cannot be had, as nginx does', async t => {
    const setting = setUp(t)
    configure({ ...setting, root: join(setting.directory, 'no', 'cache') }, 'keys_zone=pages:1m')
    const { code, stderr } = await runProgram(['run', '-c', setting.file], { env: setting.env })
    assert.equal(code, 1)
    assert.match(stderr, /mkdir\(\) ".*\/no\/cache" failed \(2: No such file or directory\)/)
  })

  it('loads what a killed run left, and lists it', async t => {
    const setting = setUp(t)
    const path = leave(setting, { key: '/a', tags: ['red'] })
    leave(setting, { key: '/b' })
    writeFileSync(leave(setting, { key: '/damaged' }), 'damaged')
    const temporary = temporaryPath(dirname(path), hexOf({ key: '/a' }), makeRun(0x3fff_ffff), 7)
    writeFileSync(temporary, 'half an ent')
    writeFileSync(join(setting.root, 'README'), 'mine')
    const program = await start(t, setting)
    const [, entries, bytes, dropped] = program.stderr.match(LOADED)!
    assert.deepEqual([entries, dropped], ['2', '1'])
    assert.match(program.stderr, /left alone what is none of its files: ".*README"/)
    assert.equal(existsSync(temporary), false)
    assert.ok(existsSync(join(setting.root, 'README')))

    const { entries: listed } = await list(setting, '--url', 'http://example.com/a')
    assert.equal(listed.length, 1)
    const { url, key, status, bytes: bodyBytes, fresh, tags, path: where } = listed[0]!
    assert.deepEqual(
      { url, key, status, bodyBytes, fresh, tags, where },
      {
        url: 'http://example.com/a',
        key: '/a',
        status: 200,
        bodyBytes: 6,
        fresh: true,
        tags: ['red'],
        where: path,
      },
    )
    const text = (await cache(setting, 'ls', '--limit', '1')).stdout
    assert.match(
      text,
      /^Status +Size +Bytes +Fresh +Used +Uses +Variant +Key +URL\n200 +6 B +all +\d+ .* - +\/[ab] +http:\/\/example\.com\/[ab].*\n\(more than these 1;/,
    )

    const found = await statistics(setting)
    const { state, loaded, dropped: refused } = found
    assert.deepEqual(
      { state, entries: found.entries, bytes: found.bytes, loaded, refused },
      { state: 'ready', entries: 2, bytes: Number(bytes), loaded: 2, refused: 1 },
    )
    const table = await runProgram(['status', '-c', setting.file], { env: setting.env })
    assert.match(
      table.stdout,
      /\nCache +Entries +Size .*\npages +2 +[\d.]+ \w+ +- +0 +0 +- +0 B +0 +0 +ready\n/,
    )
    const json = await runProgram(['status', '-c', setting.file, '--json'], { env: setting.env })
    assert.deepEqual((JSON.parse(json.stdout) as StatusReport).caches, [found])
  })

  it('lists variants, pieces and parts as what they are', async t => {
    const setting = setUp(t)
    const head = 'HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 10-19/95\r\n\r\n'
    leave(setting, { key: '/film bytes=10-19', url: 'http://example.com/film', head })
    leave(setting, { key: '/v', vary: 'accept', variant: 'text/html' })
    leave(setting, { key: '/p', parts: [{ start: 5, end: 11 }], length: 95 })
    await start(t, setting)
    const { stdout } = await cache(setting, 'ls')
    const rows = stdout
      .split('\n')
      .slice(1, -1)
      .map(line => line.split(/ {2,}/))
      .map(([status, size, bytes, , , , variant, key, url]) =>
        [status, size, bytes, variant, key, url].join('|'),
      )
    assert.deepEqual(rows.sort(), [
      '200|6 B|all|text/html|/v|http://example.com/v',
      '200|part of 95 B|5-10|-|/p|http://example.com/p',
      '206|6 B|10-19|-|/film bytes=10-19|http://example.com/film',
    ])
  })

  it('purges by URL, key, start, tag, and all', async t => {
    const setting = setUp(t)
    const keys = ['/a', '/a?x=1', '/b', '/dir/c', '/dir/d', '/e', '/é']
    for (const key of keys) {
      const latin1 = Buffer.from(key).toString('latin1')
      leave(setting, { key: latin1, tags: key === '/b' ? ['red'] : ['blue'] })
    }
    leave(setting, { key: '/a', vary: 'accept', variant: 'x' })
    await start(t, setting)
    const rows: readonly (readonly [readonly string[], number])[] = [
      [['http://example.com/a'], 2],
      [['--key', '/é'], 1],
      [['--tag', 'red'], 1],
      [['--prefix', '/dir/*'], 2],
      [['--prefix', 'http://example.com/a?'], 1],
      [['--prefix', 'http://example.com/a?'], 0],
      [['--tag', 'red'], 0],
      [['--all'], 1],
      [['--all', '--soft'], 0],
    ]
    for (const [words, expected] of rows) {
      const { code, stdout, stderr } = await cache(setting, 'purge', '--json', ...words)
      assert.deepEqual([code, stderr], [0, ''], words.join(' '))
      assert.equal((JSON.parse(stdout) as PurgeReport).entries, expected, words.join(' '))
    }
    const files = readdirSync(setting.root, { recursive: true, withFileTypes: true })
    assert.deepEqual(
      files.filter(found => found.isFile()),
      [],
    )
    assert.equal((await statistics(setting)).purges, 8)
    const gone: readonly (readonly [readonly string[], RegExp, string])[] = [
      [
        ['http://example.com/a'],
        /^cache "pages": 0 entries removed \(0 B\) in .*, key "\/a"\n$/,
        'http://example.com/a',
      ],
      [
        ['http://example.com/a', '--soft'],
        /^cache "pages": 0 entries made stale /,
        'http://example.com/a',
      ],
      [['--key', '/é'], /^cache "pages": 0 entries removed /, '/é'],
      [['--key', '/é', '--json'], /^\{\n {2}"entries": 0,/, '/é'],
    ]
    for (const [words, says, name] of gone) {
      const { code, stdout, stderr } = await cache(setting, 'purge', ...words)
      assert.deepEqual([code, stderr], [1, `headgate: nothing was stored for "${name}"\n`])
      assert.match(stdout, says)
    }
  })

  it('makes stale what is purged softly, over a restart', async t => {
    const setting = setUp(t)
    const path = leave(setting, { key: '/a' })
    const program = await start(t, setting)
    const { stdout } = await cache(setting, 'purge', '--soft', '--all')
    assert.match(stdout, /^cache "pages": 1 entry made stale \(/)
    assert.ok(existsSync(path))
    assert.equal((await list(setting)).entries[0]!.fresh, false)
    program.child.kill('SIGKILL')
    await program.ended
    await start(t, setting)
    assert.equal((await list(setting)).entries[0]!.fresh, false)
    assert.equal(readFileSync(path).includes('a page'), true)
  })

  it('goes on over a reload, and begins anew with another zone', async t => {
    const setting = setUp(t)
    leave(setting, { key: '/a' })
    const program = await start(t, setting)
    assert.equal((await cache(setting, 'purge', '--key', '/nothing')).code, 1)
    await program.tell('SIGHUP', / reloaded: /)
    assert.doesNotMatch(program.stderr, LOADED)
    assert.equal((await statistics(setting)).entries, 1)
    configure(setting, 'levels=1:2 keys_zone=pages:2m max_size=1')
    await program.tell('SIGHUP', LOADED)
    assert.match(
      program.stderr,
      /cache "pages" begins anew from its directory: the zone had 1048576 bytes/,
    )
    const { keysMax, bytesMax } = await statistics(setting)
    assert.ok(keysMax > 20_000)
    assert.equal(bytesMax, 1)
    while ((await statistics(setting)).entries > 0);
    assert.equal((await statistics(setting)).evictions, 1)
  })

  it('says what is wrong, and does nothing', async t => {
    const setting = setUp(t)
    leave(setting, { key: '/a' })
    await start(t, setting)
    const rows: readonly (readonly [readonly string[], RegExp, number?])[] = [
      [[], /^headgate: wants an action: purge, stat, ls\n$/],
      [['prune'], /^headgate: cannot "prune" a cache: purge, stat, ls\n$/],
      [['purge'], /"purge" wants a URL, --key, --prefix, --tag or --all\n$/],
      [['purge', '--all', '--tag', 'a'], /takes one of a URL, .*, not 2\n$/],
      [['purge', '/a'], /"\/a" is no URL such as http:\/\/example\.com\/a: --key purges by key/],
      [
        ['purge', '--all', '--cache', 'page'],
        /there is no cache "page": did you mean "pages"\?\n$/,
      ],
      [['purge', 'http://example.com/plain/a'], /^headgate: .+\n$/],
      [['purge', '--all', '--limit', '3'], /"purge" takes no --limit\n$/],
      [['stat', 'all'], /"stat" takes no "all"\n$/],
      [['stat', '--cache', 'page'], /there is no cache "page": there is pages\n$/],
      [['ls', '--limit', '0'], /option "--limit" takes a number from 1, not "0"\n$/],
      [['ls', '--soft'], /"ls" takes no --soft\n$/],
      [['ls', 'a', 'b'], /"cache" takes one ACTION and one URL, and no more/, 2],
      [['ls', '--sorted'], /unknown option "--sorted" of "cache"/, 2],
    ]
    for (const [words, says, expected = 1] of rows) {
      const { code, stdout, stderr } = await cache(setting, ...words)
      assert.deepEqual([code, stdout], [expected, ''], words.join(' '))
      assert.match(stderr, says)
    }
    assert.equal((await statistics(setting)).entries, 1)
  })

  it('ends with 3 where nothing runs', async t => {
    const setting = setUp(t)
    for (const words of [['stat'], ['ls'], ['purge', '--all']]) {
      const { code, stderr } = await cache(setting, ...words)
      assert.equal(code, 3)
      assert.match(stderr, /^headgate: it is not running: there is no control socket/)
    }
  })

  it('ends with the process, also while it loads', async t => {
    const setting = setUp(t, 'levels=1:2 keys_zone=pages:1m loader_files=1 loader_sleep=1h')
    for (let i = 0; i < 10; i++) leave(setting, { key: `/${i}` })
    const program = startProgram(t, ['run', '-c', setting.file], { env: setting.env })
    await program.ready()
    assert.equal((await statistics(setting)).state, 'loading')
    program.child.kill('SIGTERM')
    assert.equal((await program.ended).code, 0)
  })

  it('hurries loading for a purge, which then takes what was not loaded yet', async t => {
    const setting = setUp(t, 'levels=1:2 keys_zone=pages:1m loader_files=1 loader_sleep=1h')
    for (let i = 0; i < 10; i++) leave(setting, { key: `/${i}` })
    const program = startProgram(t, ['run', '-c', setting.file], { env: setting.env })
    await program.ready()
    const { stdout } = await cache(setting, 'purge', '--all')
    assert.match(stdout, /^cache "pages": 10 entries removed/)
    assert.match(program.stderr, LOADED)
  })
})
