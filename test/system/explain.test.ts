// `headgate explain` and `headgate check --fidelity` as the program says them; the transcript in docs/explain.md is one of
// them. UPDATE_SNAPSHOTS=1 rewrites it.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'

import { makeDirectory, runProgram } from '../harness/program.ts'

const DOCUMENT = new URL('../../docs/explain.md', import.meta.url)
const TRANSCRIPT =
  /```nginx\n([\s\S]*?)```[\s\S]*?```sh\nheadgate (.*)\n```\n\n```text\n([\s\S]*?)```/

const GOOD = 'events { }\nhttp {\n  server { listen 8080; location / { return 200 fine; } }\n}\n'

describe('headgate explain', { timeout: 60_000 }, () => {
  it('says what docs/explain.md shows', async t => {
    const document = readFileSync(DOCUMENT, 'utf8')
    const [, configuration = '', command = '', shown = ''] = TRANSCRIPT.exec(document) ?? []
    assert.notEqual(configuration, '')
    const directory = makeDirectory(t, { 'shop.conf': configuration })
    const words = command.match(/'[^']*'|\S+/g)!.map(word => word.replaceAll("'", ''))
    const end = await runProgram(words, { cwd: directory })
    assert.equal(end.code, 0, end.stderr)
    assert.equal(end.stderr, '')
    const said = end.stdout
    if (process.env.UPDATE_SNAPSHOTS === '1') {
      writeFileSync(
        DOCUMENT,
        document.replace(`\`\`\`text\n${shown}`, () => `\`\`\`text\n${said}`),
      )
    } else {
      assert.equal(shown, said, 'run with UPDATE_SNAPSHOTS=1')
    }
    assert.deepEqual(readdirSync(directory), ['shop.conf'])
  })

  it('gives JSON', async t => {
    const directory = makeDirectory(t, { 'a.conf': GOOD })
    const end = await runProgram(
      ['explain', '--json', '-c', 'a.conf', '-X', 'HEAD', 'http://a.test/'],
      { cwd: directory },
    )
    assert.equal(end.code, 0, end.stderr)
    const { method, location, outcome, decisions } = JSON.parse(end.stdout)
    assert.deepEqual([method, location, outcome], ['HEAD', '/', { kind: 'answer', status: 200 }])
    assert.ok(decisions.every((each: object) => Object.keys(each).join() === 'topic,text,at'))
  })

  const refusals = [
    { name: 'without a URL', args: [], code: 2, says: /"explain" needs a URL/ },
    { name: 'what is no URL', args: ['ftp://a/'], code: 2, says: /"ftp:\/\/a\/" is no URL/ },
    { name: 'what is no field', args: ['http://a/', '-H', 'x'], code: 2, says: /"x" is no field/ },
    {
      name: 'a port without a listener',
      args: ['http://a:9/'],
      code: 2,
      says: /on port 9; there is/,
    },
  ]
  for (const { name, args, code, says } of refusals) {
    it(`refuses ${name}`, async t => {
      const directory = makeDirectory(t, { 'a.conf': GOOD })
      const end = await runProgram(['explain', '-c', 'a.conf', ...args], { cwd: directory })
      assert.equal(end.code, code)
      assert.match(end.stderr, says)
      assert.equal(end.stdout, '')
    })
  }

  it('shows what is wrong with a configuration', async t => {
    const directory = makeDirectory(t, { 'a.conf': GOOD.replace('return', 'retrun') })
    const end = await runProgram(['explain', '-c', 'a.conf', 'http://a/'], { cwd: directory })
    assert.equal(end.code, 1)
    assert.match(end.stderr, /a\.conf:3:\d+: error: .*retrun/)
  })
})

describe('headgate check --fidelity', { timeout: 60_000 }, () => {
  const check = async (t: Parameters<typeof makeDirectory>[0], text: string, ...args: string[]) => {
    const directory = makeDirectory(t, {
      'a.conf': `daemon off; pid a.pid; error_log stderr;\n${text}`,
    })
    return runProgram(['check', '-c', 'a.conf', ...args], { cwd: directory })
  }
  const DIFFERING = GOOD.replace('http {', 'http { client_header_timeout 5s; sendfile on;')

  it('prints a row for each directive', async t => {
    const { code, stdout } = await check(t, DIFFERING, '--fidelity')
    assert.equal(code, 0)
    assert.match(stdout, /^client_header_timeout +1 +\S+a\.conf:3 +differs: /m)
    assert.match(stdout, /^sendfile +1 +\S+a\.conf:3 +ignored: /m)
    assert.match(stdout, /^location +1 +\S+a\.conf:4 +same$/m)
  })

  it('is one line without being asked for, and none when it shall be quiet', async t => {
    const { stdout, stderr } = await check(t, DIFFERING)
    assert.equal(stdout, '')
    assert.match(
      stderr,
      /directives beside nginx: .* 1 ignored, 2 that differ \(see them with --fid/,
    )
    assert.doesNotMatch((await check(t, DIFFERING, '-q')).stderr, /directives beside nginx/)
  })

  it('fails with --strict when something differs', async t => {
    assert.equal((await check(t, DIFFERING, '--strict', '-q')).code, 1)
  })

  it('passes with --strict when nothing does', async t => {
    const directory = makeDirectory(t, { 'a.conf': `daemon off; pid a.pid;\n${GOOD}` })
    const end = await runProgram(['check', '-q', '--strict', '-c', 'a.conf'], { cwd: directory })
    assert.equal(end.code, 0, end.stderr)
  })

  it('gives JSON', async t => {
    const { stdout } = await check(t, DIFFERING, '--json')
    const { directives } = JSON.parse(stdout)
    const found = directives.find(({ name }: { name: string }) => name === 'sendfile')
    assert.deepEqual([found.fidelity, found.isMeaning, found.count], ['ignored', false, 1])
  })

  it('names what is not supported yet, of a configuration that cannot run', async t => {
    const { code, stdout } = await check(t, GOOD.replace('http {', 'http { gzip on;'), '--fidelity')
    assert.equal(code, 1)
    assert.match(stdout, /^gzip +1 +\S+ +refused: not supported yet$/m)
  })

  it('has nothing to compare in another dialect', async t => {
    const directory = makeDirectory(t, {
      'a.yaml': 'servers:\n  - { listen: 8080, return: { status: 204 } }\n',
    })
    const end = await runProgram(['check', '--fidelity', '-c', 'a.yaml'], { cwd: directory })
    assert.equal(end.code, 0, end.stderr)
    assert.match(end.stderr, /only an nginx\.conf is compared with nginx/)
    assert.equal(end.stdout, '')
  })
})
