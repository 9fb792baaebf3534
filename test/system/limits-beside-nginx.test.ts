// Limits of requests and connections in nginx and in the program: the same bursts get the same statuses, the same words of
// `$limit_req_status` and `$limit_conn_status`, and the same lines in the error log. Rates are so low that it does not matter
// how long a burst takes. The YAML that `convert` makes of the configuration runs beside them, and does the same.

import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'

import {
  ask,
  getRequest,
  type Pair,
  type Served,
  startPair,
  withoutNginx,
} from '../harness/beside-nginx.ts'
import { freePort } from '../harness/ports.ts'
import { Program, runProgram } from '../harness/program.ts'

const root = mkdtempSync(join(tmpdir(), 'limits-beside-'))

/** A directory with files for every location, of which each has a name of its own. */
function makeFiles(): void {
  chmodSync(root, 0o755)
  mkdirSync(join(root, 'dir'))
  writeFileSync(join(root, 'page'), 'the page')
  writeFileSync(join(root, 'limited.html'), 'too many')
  writeFileSync(join(root, 'dir/index.html'), 'index')
  writeFileSync(join(root, 'big'), Buffer.alloc(1_000_000, 'big'))
}

/** What stands in the `http` block, and one location for each row. */
interface Row {
  readonly name: string
  /** Lines of the location `/LOC`, of which everything leads to `/page`. */
  readonly location: string
  /** Lines of `http`. */
  readonly http?: string
  /** Lines of the server beside the location. */
  readonly server?: string
  /** Targets behind `/LOC`, asked one after the other; a method may stand before them. */
  readonly asks: readonly string[]
}

const PAGE = 'try_files /page =404;'

function times(count: number, target: string): string[] {
  return new Array<string>(count).fill(target)
}

/** A zone of the row's own: `ZONE` is its name. */
const BY_K = 'limit_req_zone $arg_k zone=ZONE:32k rate=1r/m;'
const CONN_BY_K = 'limit_conn_zone $arg_k zone=ZONE:32k;'

const ROWS: readonly Row[] = [
  {
    name: 'refuses what comes after the first',
    http: BY_K,
    location: `limit_req zone=ZONE; ${PAGE}`,
    asks: times(3, '?k=a'),
  },
  {
    name: 'lets a burst through at once',
    http: BY_K,
    location: `limit_req zone=ZONE burst=2 nodelay; ${PAGE}`,
    asks: times(5, '?k=a'),
  },
  {
    name: 'counts keys apart',
    http: BY_K,
    location: `limit_req zone=ZONE burst=1 nodelay; ${PAGE}`,
    asks: ['?k=a', '?k=b', '?k=a', '?k=b', '?k=a', '?k=b', '?k=c'],
  },
  {
    name: 'does not count an empty key',
    http: BY_K,
    location: `limit_req zone=ZONE; ${PAGE}`,
    asks: ['', '?k=', '', '?k=a', '', '?k=a'],
  },
  {
    name: 'counts everybody by a key without variables',
    http: 'limit_req_zone all zone=ZONE:32k rate=1r/m;',
    location: `limit_req zone=ZONE; ${PAGE}`,
    asks: ['?k=a', '?k=b'],
  },
  {
    name: 'counts by a key of several variables',
    http: 'limit_req_zone "$arg_a-$arg_b" zone=ZONE:32k rate=1r/m;',
    location: `limit_req zone=ZONE; ${PAGE}`,
    asks: ['?a=1&b=2', '?a=1&b=3', '?a=1&b=2', '', ''],
  },
  {
    name: 'counts by the address of the client',
    http: 'limit_req_zone $binary_remote_addr zone=ZONE:32k rate=2r/m;',
    location: `limit_req zone=ZONE burst=1 nodelay; ${PAGE}`,
    asks: times(3, ''),
  },
  {
    name: 'takes a rate without a unit for one of seconds',
    http: 'limit_req_zone $arg_k zone=ZONE:32k rate=1;',
    location: `limit_req zone=ZONE burst=900 nodelay; ${PAGE}`,
    asks: times(3, '?k=a'),
  },
  {
    name: 'asks two zones, of which the second refuses',
    http: `${BY_K} limit_req_zone $arg_j zone=ZONE2:32k rate=1r/m;`,
    location: `limit_req zone=ZONE burst=9 nodelay; limit_req zone=ZONE2; ${PAGE}`,
    asks: ['?k=a&j=x', '?k=a&j=x', '?k=a&j=y', '?k=a&j=y'],
  },
  {
    name: 'asks two zones, of which the first refuses',
    http: `${BY_K} limit_req_zone $arg_j zone=ZONE2:32k rate=1r/m;`,
    location: `limit_req zone=ZONE; limit_req zone=ZONE2 burst=9 nodelay; ${PAGE}`,
    asks: ['?k=a&j=x', '?k=a&j=x', '?k=b&j=x'],
  },
  {
    name: 'a refusal of the second zone costs nothing in the first',
    http: `${BY_K} limit_req_zone $arg_j zone=ZONE2:32k rate=1r/m;`,
    location: `limit_req zone=ZONE burst=2 nodelay; limit_req zone=ZONE2; ${PAGE}`,
    asks: ['?k=a&j=x', '?k=a&j=x', '?k=a&j=x', '?k=a&j=y', '?k=a&j=z', '?k=a&j=w'],
  },
  {
    name: 'counts by the first zone where the key of the second is empty',
    http: `${BY_K} limit_req_zone $arg_j zone=ZONE2:32k rate=1r/m;`,
    location: `limit_req zone=ZONE; limit_req zone=ZONE2; ${PAGE}`,
    asks: ['?k=a', '?k=a', '?k=b'],
  },
  {
    name: 'counts by the second zone where the key of the first is empty',
    http: `${BY_K} limit_req_zone $arg_j zone=ZONE2:32k rate=1r/m;`,
    location: `limit_req zone=ZONE; limit_req zone=ZONE2; ${PAGE}`,
    asks: ['?j=a', '?j=a', '?j=b'],
  },
  {
    name: 'counts three zones',
    http: `${BY_K} limit_req_zone $arg_j zone=ZONE2:32k rate=1r/m; limit_req_zone all zone=ZONE3:32k rate=1r/m;`,
    location: `limit_req zone=ZONE; limit_req zone=ZONE2; limit_req zone=ZONE3 burst=1 nodelay; ${PAGE}`,
    asks: ['?k=a&j=a', '?k=b&j=b', '?k=c&j=c'],
  },
  {
    name: 'refuses with the status that is written',
    http: BY_K,
    location: `limit_req zone=ZONE; limit_req_status 429; ${PAGE}`,
    asks: times(2, '?k=a'),
  },
  {
    name: 'closes the connection with 444',
    http: BY_K,
    location: `limit_req zone=ZONE; limit_req_status 444; ${PAGE}`,
    asks: times(2, '?k=a'),
  },
  {
    name: 'refuses with a status that nobody knows',
    http: BY_K,
    location: `limit_req zone=ZONE; limit_req_status 599; ${PAGE}`,
    asks: times(2, '?k=a'),
  },
  {
    name: 'only says so where it runs dry',
    http: BY_K,
    location: `limit_req zone=ZONE; limit_req_dry_run on; ${PAGE}`,
    asks: times(3, '?k=a'),
  },
  {
    name: 'says of a dry run what would wait',
    http: BY_K,
    location: `limit_req zone=ZONE burst=2; limit_req_dry_run on; ${PAGE}`,
    asks: times(5, '?k=a'),
  },
  {
    name: 'lets some of a burst go at once, and the others wait',
    http: BY_K,
    location: `limit_req zone=ZONE burst=5 delay=2; limit_req_dry_run on; ${PAGE}`,
    asks: times(8, '?k=a'),
  },
  {
    name: 'a delay above the burst lets nobody wait',
    http: BY_K,
    location: `limit_req zone=ZONE burst=1 delay=5; ${PAGE}`,
    asks: times(4, '?k=a'),
  },
  {
    name: 'the longest wait of two zones decides',
    http: `${BY_K} limit_req_zone $arg_j zone=ZONE2:32k rate=2r/m;`,
    location: `limit_req zone=ZONE burst=3; limit_req zone=ZONE2 burst=3 nodelay; limit_req_dry_run on; ${PAGE}`,
    asks: [...times(3, '?k=a&j=a'), '?k=b&j=a', '?k=c&j=a'],
  },
  {
    name: 'logs at the level that is written',
    http: BY_K,
    location: `limit_req zone=ZONE burst=1; limit_req_dry_run on; limit_req_log_level info; ${PAGE}`,
    asks: times(3, '?k=a'),
  },
  {
    name: 'logs a wait one level below',
    http: BY_K,
    location: `limit_req zone=ZONE burst=1; limit_req_dry_run on; limit_req_log_level warn; ${PAGE}`,
    asks: times(3, '?k=a'),
  },
  {
    name: 'lets a location inside inherit',
    http: BY_K,
    location: `limit_req zone=ZONE; limit_req_status 430; location /LOC/in { ${PAGE} } ${PAGE}`,
    asks: ['/in?k=a', '?k=a', '/in?k=a', '/in?k=b'],
  },
  {
    name: 'lets a location inside have limits of its own',
    http: `${BY_K} limit_req_zone $arg_j zone=ZONE2:32k rate=1r/m;`,
    location: `limit_req zone=ZONE; location /LOC/in { limit_req zone=ZONE2; ${PAGE} } ${PAGE}`,
    asks: ['/in?k=a&j=a', '?k=a', '/in?k=a&j=b', '/in?k=z&j=b', '?k=a'],
  },
  {
    name: 'counts HEAD as well',
    http: BY_K,
    location: `limit_req zone=ZONE; ${PAGE}`,
    asks: ['HEAD ?k=a', '?k=a', 'HEAD ?k=b', 'HEAD ?k=b'],
  },
  {
    name: 'counts what is not allowed in the end',
    http: BY_K,
    location: `limit_req zone=ZONE; ${PAGE}`,
    asks: ['POST ?k=a', 'POST ?k=a'],
  },
  {
    name: 'counts what is not there in the end',
    http: BY_K,
    location: 'limit_req zone=ZONE;',
    asks: ['/nothing?k=a', '/nothing?k=a'],
  },
  {
    name: 'does not count what returns before',
    http: BY_K,
    location: 'limit_req zone=ZONE; return 200 returned;',
    asks: times(3, '?k=a'),
  },
  {
    name: 'shows a page of its own, which is not limited again',
    http: BY_K,
    location: `limit_req zone=ZONE; error_page 503 /page-ZONE.html; ${PAGE}`,
    server: 'location = /page-ZONE.html { limit_req zone=ZONE; try_files /limited.html =404; }',
    asks: times(3, '?k=a'),
  },
  {
    name: 'gives the page another status',
    http: BY_K,
    location: `limit_req zone=ZONE; error_page 503 =200 /limited.html; ${PAGE}`,
    asks: times(2, '?k=a'),
  },
  {
    name: 'sends whoever is refused elsewhere',
    http: BY_K,
    location: `limit_req zone=ZONE; error_page 503 =302 http://other.test/; ${PAGE}`,
    asks: times(2, '?k=a'),
  },
  {
    name: 'counts a request once that an index leads on',
    http: BY_K,
    location: 'limit_req zone=ZONE burst=1 nodelay; alias ROOT/dir/; index index.html;',
    asks: times(4, '/?k=a'),
  },
  {
    name: 'counts a request once that try_files leads on',
    http: BY_K,
    location: 'limit_req zone=ZONE burst=1 nodelay; try_files /nothing @ZONE;',
    server: `location @ZONE { limit_req zone=ZONE; ${PAGE} }`,
    asks: times(4, '?k=a'),
  },
  {
    name: 'counts where a request comes to, if nobody did before',
    http: BY_K,
    location: 'try_files /nothing @ZONE;',
    server: `location @ZONE { limit_req zone=ZONE; ${PAGE} }`,
    asks: times(3, '?k=a'),
  },
  {
    name: 'counts what is denied in the end',
    http: BY_K,
    location: `limit_req zone=ZONE; deny all; ${PAGE}`,
    asks: ['?k=a', '?k=a', '?k=b'],
  },
  {
    name: 'counts what lacks its password in the end',
    http: BY_K,
    location: `limit_req zone=ZONE; auth_basic here; auth_basic_user_file ${root}/page; ${PAGE}`,
    asks: ['?k=a', '?k=a', '?k=b'],
  },
  {
    name: 'does not count what is rewritten before',
    http: BY_K,
    location: 'limit_req zone=ZONE; rewrite ^ /page last;',
    asks: times(3, '?k=a'),
  },
  {
    name: 'counts where a rewrite leads',
    http: BY_K,
    location: 'rewrite ^ /page-ZONE last;',
    server: `location = /page-ZONE { limit_req zone=ZONE; ${PAGE} }`,
    asks: times(3, '?k=a'),
  },
  {
    name: 'counts in a branch by the limits around it',
    http: BY_K,
    location: `limit_req zone=ZONE; if ($arg_x) { add_header X-Limits "branch $limit_req_status" always; } ${PAGE}`,
    asks: ['?k=a&x=1', '?k=a&x=1', '?k=a', '?k=b&x=1'],
  },
  {
    name: 'does not count what a branch returns',
    http: BY_K,
    location: `limit_req zone=ZONE; if ($arg_x) { return 204; } ${PAGE}`,
    asks: ['?k=a&x=1', '?k=a', '?k=a&x=1', '?k=a'],
  },
  {
    name: 'lets a request wait',
    http: 'limit_req_zone $arg_k zone=ZONE:32k rate=30r/m;',
    location: `limit_req zone=ZONE burst=1; ${PAGE}`,
    asks: ['?k=a', '?k=a'],
  },
  {
    name: 'counts connections one after the other',
    http: CONN_BY_K,
    location: `limit_conn ZONE 1; ${PAGE}`,
    asks: times(3, '?k=a'),
  },
  {
    name: 'does not count connections by an empty key',
    http: CONN_BY_K,
    location: `limit_conn ZONE 1; ${PAGE}`,
    asks: ['', '?k=', '?k=a'],
  },
  {
    name: 'does not count connections by a key of more than 255 bytes',
    http: CONN_BY_K,
    location: `limit_conn ZONE 1; ${PAGE}`,
    asks: [`?k=${'a'.repeat(255)}`, `?k=${'a'.repeat(256)}`],
  },
  {
    name: 'counts requests before connections',
    http: `${BY_K} limit_conn_zone $arg_k zone=ZONE2:32k;`,
    location: `limit_req zone=ZONE; limit_conn ZONE2 1; ${PAGE}`,
    asks: times(2, '?k=a'),
  },
  {
    name: 'a rate is no limit that a field could tell of before it began',
    location: `limit_rate 100k; ${PAGE}`,
    asks: [''],
  },
  {
    name: 'a rate that is set shows at once',
    location: `limit_rate 100k; set $limit_rate 10k; ${PAGE}`,
    asks: [''],
  },
  {
    name: 'a rate may be set by what the client says',
    location: `set $limit_rate $arg_r; ${PAGE}`,
    asks: ['?r=5000', '?r=7m', '?r=0', '?r=fast', '?r=1g', '?r=-1'],
  },
  {
    name: 'a branch has a rate of its own',
    location: `limit_rate 1m; if ($arg_slow) { limit_rate 100k; limit_rate_after 1k; } ${PAGE}`,
    asks: ['', '?slow=1'],
  },
  {
    name: 'a rate with variables that come to none is logged',
    location: `limit_rate $arg_r; ${PAGE}`,
    asks: ['?r=fast', '?r=100k', '?r='],
  },
  {
    name: 'a peer sets the rate',
    location: 'proxy_pass http://127.0.0.1:PORT/peer-ZONE;',
    server: `location /peer-ZONE { add_header X-Accel-Limit-Rate $arg_r; ${PAGE} }`,
    asks: ['?r=12345', '?r=0', '?r=10k', '?r=', '?r=-3', '?r=1.5'],
  },
  {
    name: 'a peer sets the rate for nothing',
    location:
      'proxy_ignore_headers X-Accel-Limit-Rate; proxy_pass http://127.0.0.1:PORT/peer-ZONE;',
    server: `location /peer-ZONE { add_header X-Accel-Limit-Rate $arg_r; ${PAGE} }`,
    asks: ['?r=12345'],
  },
  {
    name: 'a peer sets the rate of the file that it points at',
    location: 'proxy_pass http://127.0.0.1:PORT/peer-ZONE;',
    server: `location = /peer-ZONE { add_header X-Accel-Limit-Rate 7777; add_header X-Accel-Redirect /page; ${PAGE} }`,
    asks: [''],
  },
]

/** Rows for which somebody has a request in hand: what others get meanwhile, and afterwards. */
interface HeldRow extends Omit<Row, 'asks'> {
  /** A target that takes its time. */
  readonly held: string
  readonly meanwhile: readonly string[]
  readonly afterwards: readonly string[]
}

const BIG = 'limit_rate 1k; try_files /big =404;'

const HELD_ROWS: readonly HeldRow[] = [
  {
    name: 'refuses a second connection of one key',
    http: CONN_BY_K,
    location: `limit_conn ZONE 1; ${BIG}`,
    held: '?k=a',
    meanwhile: ['HEAD ?k=a', 'HEAD ?k=a', 'HEAD ?k=b', 'HEAD '],
    afterwards: ['HEAD ?k=a'],
  },
  {
    name: 'lets two in where two may be',
    http: CONN_BY_K,
    location: `limit_conn ZONE 2; ${BIG}`,
    held: '?k=a',
    meanwhile: ['HEAD ?k=a', 'HEAD ?k=a'],
    afterwards: ['HEAD ?k=a'],
  },
  {
    name: 'refuses connections with the status that is written',
    http: CONN_BY_K,
    location: `limit_conn ZONE 1; limit_conn_status 429; ${BIG}`,
    held: '?k=a',
    meanwhile: ['HEAD ?k=a'],
    afterwards: ['HEAD ?k=a'],
  },
  {
    name: 'only says so where connections run dry',
    http: CONN_BY_K,
    location: `limit_conn ZONE 1; limit_conn_dry_run on; limit_conn_log_level warn; ${BIG}`,
    held: '?k=a',
    meanwhile: ['HEAD ?k=a', 'HEAD ?k=b'],
    afterwards: ['HEAD ?k=a'],
  },
  {
    name: 'gives back in the first zone what the second refuses',
    http: `${CONN_BY_K} limit_conn_zone $arg_j zone=ZONE2:32k;`,
    location: `limit_conn ZONE 2; limit_conn ZONE2 1; ${BIG}`,
    held: '?k=a&j=x',
    meanwhile: ['HEAD ?k=a&j=x', 'HEAD ?k=a&j=x', 'HEAD ?k=a&j=y', 'HEAD ?k=b&j=x'],
    afterwards: ['HEAD ?k=a&j=x'],
  },
  {
    name: 'counts a request that was led on where it was counted first',
    http: CONN_BY_K,
    location: 'limit_conn ZONE 1; try_files /nothing @ZONE;',
    server: `location @ZONE { limit_conn ZONE 1; ${BIG} }`,
    held: '?k=a',
    meanwhile: ['HEAD ?k=a', 'HEAD ?k=b'],
    afterwards: ['HEAD ?k=a'],
  },
]

const ALL = [...ROWS, ...HELD_ROWS]

function fill(text: string, index: number): string {
  return text
    .replaceAll('ZONE', `z${index}`)
    .replaceAll('LOC', `l${index}`)
    .replaceAll('ROOT', root)
}

const HTTP = `
log_format rate '$request $status $limit_rate';
access_log DIRECTORY/logs/rates rate;
add_header X-Limits "$limit_req_status,$limit_conn_status,$limit_rate" always;
${ALL.map((row, index) => fill(row.http ?? '', index)).join('\n')}
server {
  listen 127.0.0.1:PORT;
  root ${root};
  ${ALL.map((row, index) => fill(`${row.server ?? ''} location /LOC { ${row.location} }`, index)).join('\n  ')}
}
`

function requestOf(index: number, target: string): string {
  const [method, path] = /^[A-Z]+ /.test(target) ? target.split(' ') : ['GET', target]
  return getRequest(fill(`/LOC${path}`, index), [], method)
}

/** What a client notices of limits. */
async function answerTo(port: number, index: number, target: string): Promise<string> {
  const { status, fields, body } = await ask(port, requestOf(index, target))
  const page = body.length < 50 ? body.toString('latin1') : `${body.length > 0}`
  return `${status} ${fields.get('x-limits') ?? ''} ${fields.get('location') ?? ''} ${status < 400 ? page : ''}`
}

async function answersTo(
  port: number,
  index: number,
  targets: readonly string[],
): Promise<string[]> {
  const answers: string[] = []
  for (const target of targets) answers.push(await answerTo(port, index, target))
  return answers
}

/** Asks, and takes nothing but the beginning of the answer. */
function hold(port: number, request: string): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>()
  const socket = connect(port, '127.0.0.1')
  socket.on('error', reject)
  socket.once('data', () => resolve(socket))
  socket.write(request)
  return promise
}

/** Lets go of a held request; others notice when the server has. */
async function letGo(socket: Socket): Promise<void> {
  const closed = new Promise(resolve => socket.on('close', resolve))
  socket.resetAndDestroy()
  await closed
}

/** Lines on limits, without what is each server's own. */
function limitLines(directory: string): string[] {
  const lines = readFileSync(join(directory, 'logs/error.log'), 'utf8').split('\n')
  return lines
    .filter(line => /limiting|delaying|is more than|invalid/.test(line))
    .map(line =>
      line
        .replace(/^.*?(\[\w+\]) \d+#\d+: \*\d+ /, '$1 ')
        .replace(/excess: \d+\.\d+/, 'excess: N')
        .replace(/, step: .*$/, ''),
    )
}

/** The program on the YAML that `convert` makes of another one's configuration. */
class Converted {
  readonly directory = mkdtempSync(join(tmpdir(), 'limits-yaml-'))
  port = 0
  #program: Program | null = null

  async start(of: Served): Promise<void> {
    this.port = await freePort()
    const { stdout } = await runProgram(['convert', '-c', join(of.directory, 'nginx.conf')])
    const yaml = stdout
      .replaceAll(of.directory, this.directory)
      .replaceAll(String(of.port), String(this.port))
    mkdirSync(join(this.directory, 'logs'))
    writeFileSync(join(this.directory, 'site.yaml'), yaml)
    this.#program = new Program(['run', '-c', join(this.directory, 'site.yaml')])
    await this.#program.ready()
  }

  async end(): Promise<void> {
    this.#program?.child.kill('SIGQUIT')
    await this.#program?.ended
  }

  remove(): void {
    rmSync(this.directory, { recursive: true })
  }
}

describe('limits beside nginx', { skip: withoutNginx(), timeout: 120_000 }, () => {
  let pair: Pair
  const converted = new Converted()

  before(async () => {
    makeFiles()
    pair = await startPair(HTTP)
    await converted.start(pair.headgate)
  })

  after(async () => {
    await pair?.end()
    await converted.end()
    pair?.remove()
    converted.remove()
    rmSync(root, { recursive: true })
  })

  for (const [index, { name, asks }] of ROWS.entries()) {
    it(name, async () => {
      const [theirs, ours, yaml] = await Promise.all(
        [pair.nginx, pair.headgate, converted].map(({ port }) => answersTo(port, index, asks)),
      )
      assert.deepEqual(ours, theirs)
      assert.deepEqual(yaml, theirs, 'as YAML')
    })
  }

  for (const [at, { name, held, meanwhile, afterwards }] of HELD_ROWS.entries()) {
    it(name, async () => {
      const index = ROWS.length + at
      const seen: string[][] = []
      for (const { port } of [pair.nginx, pair.headgate, converted]) {
        const socket = await hold(port, requestOf(index, held))
        const first = await answersTo(port, index, meanwhile)
        await letGo(socket)
        // The server hears of the client's end in its own time.
        let last: string[] = []
        for (let i = 0; i < 200; i++) {
          last = await answersTo(port, index, afterwards)
          if (last.every(answer => answer.startsWith('200'))) break
        }
        seen.push([...first, ...last])
      }
      assert.deepEqual(seen[1], seen[0])
      assert.deepEqual(seen[2], seen[0], 'as YAML')
    })
  }

  it('writes the same lines into the error log', async () => {
    await Promise.all([pair.end(), converted.end()])
    // Of held requests each server may have refused more while it did not know that the client had left.
    const isCounted = (line: string) => {
      const row = /request: "\w+ \/l(\d+)/.exec(line)
      return row !== null && Number(row[1]) < ROWS.length
    }
    const [theirs, ours, yaml] = [pair.nginx, pair.headgate, converted].map(({ directory }) =>
      limitLines(directory).filter(isCounted),
    )
    assert.ok(theirs!.length > 40, `${theirs!.length} lines`)
    assert.deepEqual(ours, theirs)
    assert.deepEqual(yaml, theirs, 'as YAML')
  })

  it('writes the same rates into the access log', () => {
    const [theirs, ours] = [pair.nginx, pair.headgate].map(({ directory }) => {
      const lines = readFileSync(join(directory, 'logs/rates'), 'utf8').split('\n')
      return lines.filter(line => / (102400|10240|12345|7777)$/.test(line))
    })
    assert.ok(theirs!.length > 4, `${theirs!.length} lines`)
    assert.deepEqual(ours, theirs)
  })
})
