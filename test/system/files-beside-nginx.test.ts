// Files served by nginx and by us from one directory: the same status, the same fields that describe the file, the
// same bytes, for every kind of path, condition and range.

import assert from 'node:assert/strict'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'

import { ask, getRequest, type Pair, startPair, withoutNginx } from '../harness/beside-nginx.ts'

const MODIFIED = 1_000_000_000
const DATE = 'Sun, 09 Sep 2001 01:46:40 GMT'
const ETAG = '"3b9aca00-3e8"'

const root = mkdtempSync(join(tmpdir(), 'files-beside-'))

function put(name: string, bytes: string | Buffer): void {
  const path = Buffer.from(join(root, name), 'latin1')
  writeFileSync(path, bytes)
  utimesSync(path, MODIFIED, MODIFIED)
}

function makeFiles(): void {
  // Started by root, nginx serves as somebody else.
  chmodSync(root, 0o755)
  for (const name of ['dir', 'dir/inner', 'no-index', 'a b', 'abs', 'deep', 'w3', 'q?d']) {
    mkdirSync(join(root, name), { recursive: true })
  }
  put('thousand.txt', Buffer.alloc(1000, '0123456789'))
  put('empty.txt', '')
  put('page.HTML', '<p>')
  put('dir/index.html', 'index of dir')
  put('dir/inner/other.idx', 'second index')
  put('no-index/x', 'x')
  put('.hidden', 'h')
  put('deep/.html', 'h')
  put('name.unknown', 'u')
  put('noext', 'n')
  put('a b/c d.txt', 'spaces')
  put('q?d/f', 'f')
  put('q?d/index.html', 'index in a directory with a question mark')
  put('pl%us.txt', 'percent')
  put('\xe9t\xe9.txt', 'latin-1 name')
  put('w3/top.gif', 'gif')
  put('secret.txt', 'secret')
  put('big.bin', Buffer.alloc(3_000_000, 'abcdefg'))
  put('error.html', 'my error page')
  symlinkSync('thousand.txt', join(root, 'link.txt'))
  symlinkSync('nowhere', join(root, 'dangling.txt'))
}

const HTTP = `
types { text/html html htm; text/plain txt; image/gif gif; }
default_type application/x-default;
access_log off;
server {
  listen 127.0.0.1:PORT;
  root ROOT/;
  index index.html other.idx;
  location /alias/ { alias ROOT/w3/; }
  location /alias-no-slash { alias ROOT/w3/; }
  location = /exact { alias ROOT/thousand.txt; }
  location ~ ^/regex/(.*)$ { alias ROOT/$1; }
  location /loop/ { index /loop/; }
  location /abs/ { index nothing /thousand.txt; }
  location /notype/ { alias ROOT/w3/; types { } default_type ""; }
  location /errors/ { error_page 404 /error.html; error_page 403 = /error.html; error_page 405 =200 /error.html; }
  location /var/ { root ROOT/$arg_d; }
}
server {
  listen 127.0.0.1:PORT;
  server_name named.test;
  root ROOT;
  server_name_in_redirect on;
  port_in_redirect off;
}
server {
  listen 127.0.0.1:PORT;
  server_name relative.test;
  root ROOT;
  absolute_redirect off;
}
`.replaceAll('ROOT', root)

interface Row {
  readonly name: string
  readonly request: string
  /** The status that both must give, where the table is to say so. */
  readonly status?: number
}

const range = (value: string) => getRequest('/thousand.txt', [`Range: ${value}`])
const conditional = (...fields: string[]) => getRequest('/thousand.txt', fields)

const ROWS: readonly Row[] = [
  { name: 'a file', request: getRequest('/thousand.txt'), status: 200 },
  { name: 'HEAD of a file', request: getRequest('/thousand.txt', [], 'HEAD'), status: 200 },
  { name: 'a file over HTTP/1.0', request: 'GET /thousand.txt HTTP/1.0\r\n\r\n', status: 200 },
  { name: 'an empty file', request: getRequest('/empty.txt'), status: 200 },
  { name: 'a large file', request: getRequest('/big.bin'), status: 200 },
  { name: 'an extension in capitals', request: getRequest('/page.HTML'), status: 200 },
  { name: 'an unknown extension', request: getRequest('/name.unknown'), status: 200 },
  { name: 'no extension', request: getRequest('/noext'), status: 200 },
  { name: 'nothing but an extension', request: getRequest('/deep/.html'), status: 200 },
  { name: 'a hidden file', request: getRequest('/.hidden'), status: 200 },
  { name: 'no type at all', request: getRequest('/notype/top.gif'), status: 200 },
  { name: 'a name with spaces', request: getRequest('/a%20b/c%20d.txt'), status: 200 },
  { name: 'a name with a percent sign', request: getRequest('/pl%25us.txt'), status: 200 },
  { name: 'a name in latin-1', request: getRequest('/%E9t%e9.txt'), status: 200 },
  { name: 'a name with a question mark', request: getRequest('/q%3Fd/f'), status: 200 },
  { name: 'a link', request: getRequest('/link.txt'), status: 200 },
  { name: 'a dangling link', request: getRequest('/dangling.txt'), status: 404 },
  { name: 'a missing file', request: getRequest('/missing.txt'), status: 404 },
  { name: 'a file taken for a directory', request: getRequest('/thousand.txt/x'), status: 404 },
  { name: 'a file with a slash behind it', request: getRequest('/thousand.txt/'), status: 404 },
  { name: 'a name too long', request: getRequest(`/${'x'.repeat(300)}`), status: 404 },
  { name: 'a path with dots', request: getRequest('/dir/../thousand.txt'), status: 200 },
  { name: 'an encoded NUL', request: getRequest('/thousand.txt%00.html'), status: 400 },
  { name: 'a path out of the root', request: getRequest('/../secret.txt'), status: 400 },
  {
    name: 'an encoded path out of the root',
    request: getRequest('/%2e%2e/secret.txt'),
    status: 400,
  },
  { name: 'an index', request: getRequest('/dir/'), status: 200 },
  { name: 'an index with arguments', request: getRequest('/dir/?a=1'), status: 200 },
  { name: 'a second index', request: getRequest('/dir/inner/'), status: 200 },
  { name: 'an absolute index', request: getRequest('/abs/'), status: 200 },
  { name: 'no index', request: getRequest('/no-index/'), status: 403 },
  { name: 'a missing directory', request: getRequest('/missing/'), status: 404 },
  { name: 'a directory without its slash', request: getRequest('/dir'), status: 301 },
  { name: 'the same with arguments', request: getRequest('/dir?a=1&b=%20'), status: 301 },
  {
    name: 'an index where the path has a question mark',
    request: getRequest('/q%3Fd/?x=1'),
    status: 200,
  },
  { name: 'the same with a question mark in it', request: getRequest('/q%3Fd?x=1'), status: 301 },
  { name: 'the same with spaces', request: getRequest('/a%20b'), status: 301 },
  {
    name: 'the same in a server with a name',
    request: getRequest('/dir').replace('example.test', 'named.test'),
    status: 301,
  },
  {
    name: 'the same without an absolute URL',
    request: getRequest('/dir').replace('example.test', 'relative.test'),
    status: 301,
  },
  {
    name: 'the same over HTTP/1.0 without Host',
    request: 'GET /dir HTTP/1.0\r\n\r\n',
    status: 301,
  },
  {
    name: 'POST to a file',
    request: getRequest('/thousand.txt', ['Content-Length: 0'], 'POST'),
    status: 405,
  },
  {
    name: 'POST to an index',
    request: getRequest('/dir/', ['Content-Length: 0'], 'POST'),
    status: 405,
  },
  {
    name: 'POST to a directory without index',
    request: getRequest('/no-index/', ['Content-Length: 0'], 'POST'),
  },
  {
    name: 'POST to a missing file',
    request: getRequest('/missing', ['Content-Length: 0'], 'POST'),
  },
  {
    name: 'PUT of a file',
    request: getRequest('/thousand.txt', ['Content-Length: 0'], 'PUT'),
    status: 405,
  },
  { name: 'DELETE of a directory', request: getRequest('/dir/', [], 'DELETE'), status: 405 },
  { name: 'an alias', request: getRequest('/alias/top.gif'), status: 200 },
  { name: 'an alias of one file', request: getRequest('/exact'), status: 200 },
  { name: 'an alias of a regex', request: getRequest('/regex/w3/top.gif'), status: 200 },
  { name: 'a directory of an alias', request: getRequest('/alias/') },
  { name: 'a root with a variable', request: getRequest('/var/top.gif?d=nothing'), status: 404 },
  { name: 'an error page', request: getRequest('/errors/missing'), status: 404 },
  {
    name: 'an error page asked for in part',
    request: getRequest('/errors/missing', ['Range: bytes=0-1']),
    status: 404,
  },
  {
    name: 'an error page with its own status',
    request: getRequest('/errors/x', ['Content-Length: 0'], 'PUT'),
    status: 200,
  },
  {
    name: 'If-Modified-Since the very date',
    request: conditional(`If-Modified-Since: ${DATE}`),
    status: 304,
  },
  {
    name: 'If-Modified-Since a later date',
    request: conditional('If-Modified-Since: Sun, 09 Sep 2001 01:46:41 GMT'),
    status: 200,
  },
  {
    name: 'If-Modified-Since rubbish',
    request: conditional('If-Modified-Since: yesterday'),
    status: 200,
  },
  {
    name: 'If-Modified-Since with HEAD',
    request: getRequest('/thousand.txt', [`If-Modified-Since: ${DATE}`], 'HEAD'),
    status: 304,
  },
  { name: 'If-None-Match', request: conditional(`If-None-Match: ${ETAG}`), status: 304 },
  { name: 'If-None-Match, weak', request: conditional(`If-None-Match: W/${ETAG}`), status: 304 },
  {
    name: 'If-None-Match in a list',
    request: conditional(`If-None-Match: "a" ,, W/"b",${ETAG} , "c"`),
    status: 304,
  },
  { name: 'If-None-Match *', request: conditional('If-None-Match: *'), status: 304 },
  { name: 'If-None-Match of another', request: conditional('If-None-Match: "a", b'), status: 200 },
  {
    name: 'If-None-Match without quotes',
    request: conditional('If-None-Match: 3b9aca00-3e8'),
    status: 200,
  },
  {
    name: 'a tag that matches and a date that does not',
    request: conditional(
      `If-None-Match: ${ETAG}`,
      'If-Modified-Since: Sun, 09 Sep 2001 01:46:41 GMT',
    ),
    status: 200,
  },
  {
    name: 'a date that matches and a tag that does not',
    request: conditional('If-None-Match: "a"', `If-Modified-Since: ${DATE}`),
    status: 200,
  },
  { name: 'If-Match', request: conditional(`If-Match: "a", ${ETAG}`), status: 200 },
  { name: 'If-Match *', request: conditional('If-Match: *'), status: 200 },
  { name: 'If-Match of another', request: conditional('If-Match: "a"'), status: 412 },
  { name: 'If-Match, weak', request: conditional(`If-Match: W/${ETAG}`), status: 412 },
  {
    name: 'If-Unmodified-Since the very date',
    request: conditional(`If-Unmodified-Since: ${DATE}`),
    status: 200,
  },
  {
    name: 'If-Unmodified-Since an earlier date',
    request: conditional('If-Unmodified-Since: Sun, 09 Sep 2001 01:46:39 GMT'),
    status: 412,
  },
  {
    name: 'If-Unmodified-Since rubbish',
    request: conditional('If-Unmodified-Since: never'),
    status: 412,
  },
  { name: 'bytes from the start', request: range('bytes=0-99'), status: 206 },
  { name: 'bytes to the end', request: range('bytes=900-'), status: 206 },
  { name: 'bytes past the end', request: range('bytes=900-2000'), status: 206 },
  { name: 'the last bytes', request: range('bytes=-10'), status: 206 },
  { name: 'more last bytes than there are', request: range('bytes=-2000'), status: 206 },
  { name: 'one byte', request: range('bytes=5-5'), status: 206 },
  { name: 'all bytes', request: range('bytes=0-'), status: 206 },
  { name: 'blanks in a range', request: range('bytes= 1 - 2 '), status: 206 },
  { name: 'the unit in capitals', request: range('BYTES=1-2'), status: 206 },
  { name: 'two ranges', request: range('bytes=0-9,100-109'), status: 206 },
  {
    name: 'three ranges, one of them outside',
    request: range('bytes=0-9, 5000-6000, -1'),
    status: 206,
  },
  {
    name: 'ranges that overlap to more than the whole',
    request: range('bytes=0-999,0-999'),
    status: 200,
  },
  { name: 'a range outside', request: range('bytes=1000-'), status: 416 },
  { name: 'a range that runs backwards', request: range('bytes=5-2'), status: 416 },
  { name: 'the last no bytes', request: range('bytes=-0'), status: 416 },
  { name: 'a range without numbers', request: range('bytes=-'), status: 416 },
  { name: 'a range that is a word', request: range('bytes=abc'), status: 416 },
  { name: 'a range with a comma at its end', request: range('bytes=0-1,'), status: 416 },
  { name: 'a blank before the last bytes', request: range('bytes=- 5'), status: 416 },
  { name: 'a number too large', request: range('bytes=0-99999999999999999999'), status: 416 },
  { name: 'another unit', request: range('lines=0-1'), status: 200 },
  {
    name: 'HEAD with a range',
    request: getRequest('/thousand.txt', ['Range: bytes=0-9'], 'HEAD'),
    status: 206,
  },
  {
    name: 'a range of an empty file',
    request: getRequest('/empty.txt', ['Range: bytes=0-']),
    status: 200,
  },
  {
    name: 'the last bytes of an empty file',
    request: getRequest('/empty.txt', ['Range: bytes=-1']),
    status: 200,
  },
  {
    name: 'ranges across pieces of a large file',
    request: getRequest('/big.bin', ['Range: bytes=65530-65545, 131000-400000']),
    status: 206,
  },
  {
    name: 'If-Range with the tag',
    request: conditional('Range: bytes=0-9', `If-Range: ${ETAG}`),
    status: 206,
  },
  {
    name: 'If-Range with another tag',
    request: conditional('Range: bytes=0-9', 'If-Range: "a"'),
    status: 200,
  },
  {
    name: 'If-Range with the date',
    request: conditional('Range: bytes=0-9', `If-Range: ${DATE}`),
    status: 206,
  },
  {
    name: 'If-Range with another date',
    request: conditional('Range: bytes=0-9', 'If-Range: Sun, 09 Sep 2001 01:46:41 GMT'),
    status: 200,
  },
  {
    name: 'a condition that holds before a range',
    request: conditional('Range: bytes=0-9', `If-None-Match: ${ETAG}`),
    status: 304,
  },
]

const COMPARED = [
  'etag',
  'last-modified',
  'content-type',
  'content-range',
  'accept-ranges',
  'location',
  'content-length',
]

describe('files beside nginx', { skip: withoutNginx() }, () => {
  let pair: Pair

  before(async () => {
    makeFiles()
    pair = await startPair(HTTP)
  })
  after(async () => {
    await pair.end()
    pair.remove()
    rmSync(root, { recursive: true, force: true })
  })

  for (const { name, request, status } of ROWS) {
    it(name, async () => {
      const theirs = await ask(pair.nginx.port, request)
      const ours = await ask(pair.headgate.port, request)
      if (status !== undefined) assert.equal(theirs.status, status, 'the table is wrong')
      assert.equal(ours.status, theirs.status)
      // Built-in pages carry the server's name, so only what is served from a file has comparable bytes.
      const isFile = theirs.fields.has('etag')
      for (const field of COMPARED) {
        if (!isFile && field === 'content-length') continue
        assert.equal(
          comparable(ours.fields.get(field), pair.headgate.port),
          comparable(theirs.fields.get(field), pair.nginx.port),
          field,
        )
      }
      if (isFile)
        assert.equal(
          comparable(ours.body.toString('latin1'), 0),
          comparable(theirs.body.toString('latin1'), 0),
        )
    })
  }

  it('never leaves the root of an alias that ends in a slash where its location does not', async () => {
    const ours = await ask(pair.headgate.port, getRequest('/alias-no-slash../secret.txt'))
    // nginx gives the file: the one place where we do not want to be like it.
    assert.equal(ours.status, 404)
  })
})

/** Without what each run chooses for itself: its port, and the numbers of multipart boundaries. */
function comparable(text: string | undefined, port: number): string | undefined {
  return text?.replaceAll(`:${port}/`, ':PORT/').replace(/\b0{10}\d{10}\b/g, 'BOUNDARY')
}
