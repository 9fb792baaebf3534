// Requests and answers of which files are made, or not: what is stored, under which name, and on which way it comes there.

const MODIFIED = 'Last-Modified: Mon, 02 Jan 2012 03:04:05 GMT'

/** One request, and what the origin answers. */
export interface Row {
  readonly name: string
  /** Its last part is the row's own. */
  readonly target: string
  readonly method?: string
  readonly fields?: readonly string[]
  readonly body?: string
  /** What the origin says before it closes; by default a response of five bytes. */
  readonly reply?: string
  readonly status?: number
  /** Files that only one of both makes: what the other is not to follow. */
  readonly differs?: readonly string[]
}

export const OK = 'HTTP/1.1 200 OK'
export const hello = (...fields: readonly string[]): string =>
  `${[OK, ...fields, 'Content-Length: 5'].join('\r\n')}\r\n\r\nhello`
const status = (line: string): string => hello().replace('200 OK', line)

export const WHICH: readonly Row[] = [
  { name: 'a response with a length', target: '/plain/length' },
  { name: 'one with a date', target: '/plain/dated', reply: hello(MODIFIED) },
  { name: 'one whose date is none', target: '/plain/undated', reply: hello('Last-Modified: x') },
  {
    name: 'one in chunks',
    target: '/plain/chunked',
    reply: `${OK}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3\r\nabc\r\n0\r\n\r\n`,
  },
  { name: 'one up to the end', target: '/plain/close', reply: `${OK}\r\n\r\nhello` },
  { name: 'an empty one', target: '/plain/empty', reply: `${OK}\r\nContent-Length: 0\r\n\r\n` },
  {
    name: 'one that no cache would keep',
    target: '/plain/private',
    reply: hello('Vary: *', 'Cache-Control: no-store', 'Set-Cookie: a=b'),
  },
  { name: 'one with a coding', target: '/plain/coded', reply: hello('Content-Encoding: gzip') },
  {
    name: 'one that was cut',
    target: '/plain/cut',
    reply: `${OK}\r\nContent-Length: 9\r\n\r\nhello`,
  },
  {
    name: 'one that was cut in its chunks',
    target: '/plain/cut-chunks',
    reply: `${OK}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3\r\n`,
  },
  {
    name: 'one longer than it says',
    target: '/plain/long',
    reply: hello().replace('h: 5', 'h: 3'),
  },
  { name: '201', target: '/plain/201', reply: status('201 Created'), status: 201 },
  { name: '203', target: '/plain/203', reply: status('203 N') },
  { name: '206', target: '/plain/206', reply: status('206 P') },
  { name: '301', target: '/plain/301', reply: status('301 M') },
  { name: '304', target: '/plain/304', reply: 'HTTP/1.1 304 N\r\n\r\n' },
  { name: '404', target: '/plain/404', reply: status('404 N'), status: 404 },
  { name: '500', target: '/plain/500', reply: status('500 E') },
  {
    name: 'POST',
    target: '/plain/post',
    method: 'POST',
    fields: ['Content-Length: 3'],
    body: 'abc',
  },
  { name: 'PUT', target: '/plain/put', method: 'PUT', fields: ['Content-Length: 3'], body: 'abc' },
  { name: 'DELETE', target: '/plain/delete', method: 'DELETE' },
  {
    name: 'HEAD of a response with a length',
    target: '/plain/head',
    method: 'HEAD',
    reply: `${OK}\r\nContent-Length: 5\r\n\r\n`,
  },
  {
    name: 'HEAD of one without',
    target: '/plain/head-open',
    method: 'HEAD',
    reply: `${OK}\r\n\r\n`,
    differs: ['plain/head-open'],
  },
  {
    name: 'a condition that holds',
    target: '/plain/known',
    fields: ['If-None-Match: "a"'],
    reply: hello('ETag: "a"'),
  },
  {
    name: 'a range',
    target: '/plain/range',
    fields: ['Range: bytes=1-2'],
    reply: hello('Accept-Ranges: bytes'),
  },
  {
    name: 'what the peer wants unbuffered',
    target: '/plain/direct',
    reply: hello('X-Accel-Buffering: no'),
  },
  {
    name: 'the same where that does not count',
    target: '/insisting/direct',
    reply: hello('X-Accel-Buffering: no'),
  },
  { name: 'without buffering', target: '/unbuffered/a' },
  {
    name: 'without buffering, where the peer wants it',
    target: '/unbuffered/b',
    reply: hello('X-Accel-Buffering: yes'),
  },
  { name: 'proxy_store off', target: '/off/a' },
]

export const WHERE: readonly Row[] = [
  { name: 'directories that are missing', target: '/plain/a/b/c/d' },
  { name: 'access for others', target: '/modes/a/b' },
  { name: 'access for reading only', target: '/narrow/a' },
  { name: 'arguments', target: '/plain/arguments?a=b' },
  { name: 'an encoded name', target: '/plain/a%20b%C3%A9' },
  { name: 'encoded dots', target: '/plain/x/%2e%2e/dots' },
  { name: 'a name that is a directory', target: '/plain/a/' },
  { name: 'a name below a file', target: '/plain/length/below' },
  { name: 'a path with variables', target: '/path/a?x=foo' },
  {
    name: 'a path with a variable that leads upwards',
    target: '/path/b?x=/../../escaped',
    differs: ['escaped', 'path/b.'],
  },
  { name: 'an alias', target: '/alias/a' },
]

export const HOW: readonly Row[] = [
  { name: 'fetched as it is missing', target: '/new/a/b', reply: hello(MODIFIED) },
  { name: 'fetched with a status of its own', target: '/page/a', status: 201 },
  { name: 'fetched with a status without a body', target: '/bare/a', status: 204 },
  { name: 'fetched as try_files found nothing', target: '/tried/a' },
  { name: 'fetched by another path', target: '/moved/a' },
]
