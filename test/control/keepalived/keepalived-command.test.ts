// `headgate keepalived init`: what it writes keepalived itself takes, and our own check finds nothing in it; and the words of
// both actions.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'

import { runCommandLine } from '../../../src/control/commands.ts'
import { makeDirectory } from '../../harness/program.ts'

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

async function run(words: readonly string[], cwd = '/'): Promise<Ran> {
  let out = ''
  let err = ''
  const code = await runCommandLine(['keepalived', ...words], {
    out: text => {
      out += text
    },
    err: text => {
      err += text
    },
    env: {},
    cwd,
    hostname: 'lb1',
    hasColor: false,
  })
  return { code, out, err }
}

const FLAGS = ['--interface', 'lo', '--first', '127.0.0.1', '--second', '192.168.0.104']
const ADDRESS = ['--address', '192.168.0.105/24']
const ALL = ['init', ...FLAGS, ...ADDRESS, '--check', '/bin/true']
const NAMES = ['keepalived-first.conf', 'keepalived-second.conf']

/** keepalived wants an interface that is there, and takes no loopback. */
const device = readdirSync('/sys/class/net').find(name => name !== 'lo')
const isMissing = spawnSync('keepalived', ['-v']).error !== undefined
const skip = isMissing
  ? 'keepalived is not installed here'
  : device === undefined && 'there is no network interface but lo'

describe('keepalived init', () => {
  const KINDS: readonly (readonly [string, readonly string[]])[] = [
    ['the usual pair', []],
    ['adverts below a second', ['--advert', '0.1']],
    ['an address that stays', ['--stay-put']],
    ['multicast', ['--multicast']],
    ['two addresses, one of IPv6', ['--address', '2001:db8::5/64']],
    ['a notify program', ['--notify-master', '/bin/echo here']],
  ]
  for (const [name, flags] of KINDS) {
    it(`writes files without a fault for ${name}`, async t => {
      const directory = makeDirectory(t)
      const { code, err } = await run([...ALL, ...flags, '--out', directory])
      assert.equal(code, 0, err)
      const [first, second] = NAMES.map(file => join(directory, file))
      const checked = await run(['check', first!, '--pair', second!])
      assert.equal(checked.err, `headgate: nothing is wrong with ${first} and ${second}\n`)
      assert.equal(checked.code, 0)
    })

    it(`writes what keepalived takes for ${name}`, { skip }, async t => {
      const directory = makeDirectory(t)
      await run([...ALL, ...flags, '--interface', device!, '--out', directory])
      for (const file of NAMES) {
        const path = join(directory, file)
        const { stderr, stdout, status } = spawnSync('keepalived', ['-t', '-l', '-f', path], {
          encoding: 'utf8',
        })
        assert.deepEqual([status, stderr + stdout], [0, ''])
      }
    })
  }

  it('prints both where no directory is named, and explains each line', async () => {
    const { code, out } = await run(ALL)
    assert.equal(code, 0)
    for (const name of NAMES) assert.ok(out.includes(`## ${name}`))
    assert.match(out, /priority 110 .*# the higher one has the address/)
    assert.match(out, /state MASTER .*#/)
  })

  it('writes over nothing unless told to', async t => {
    const directory = makeDirectory(t, { [NAMES[1]!]: 'mine' })
    const refused = await run([...ALL, '--out', directory])
    assert.equal(refused.code, 1)
    assert.match(refused.err, /is there already/)
    assert.ok(!existsSync(join(directory, NAMES[0]!)))
    assert.equal((await run([...ALL, '--out', directory, '--force'])).code, 0)
    assert.match(readFileSync(join(directory, NAMES[1]!), 'utf8'), /vrrp_instance/)
  })

  const MISTAKES: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['nothing', ['init'], /missing: --interface, --address, --first, --second/],
    [
      'one machine twice',
      ['init', ...ADDRESS, '--interface', 'lo', '--first', '10.0.0.1', '--second', '10.0.0.1'],
      /have one address/,
    ],
    [
      'the address of a machine',
      ['init', ...FLAGS, '--address', '127.0.0.1/8'],
      /the virtual one is a third/,
    ],
    [
      'no prefix length',
      ['init', ...FLAGS, '--address', '192.168.0.105'],
      /write|lacks its prefix length/,
    ],
    [
      'a router id out of range',
      [...ALL, '--router-id', '300'],
      /--router-id is a number from 1 to 255/,
    ],
    ['adverts that are none', [...ALL, '--advert', 'soon'], /--advert takes seconds/],
    ['a check without a path', [...ALL, '--check', 'pidof'], /--check takes a whole path/],
    ['an interface with a line break', [...ALL, '--interface', 'a\nb'], /is no interface/],
    ['a quote in a command', [...ALL, '--notify-master', '/bin/x "y"'], /take no quotes/],
    ['another action', ['make'], /takes "init" or "check", not "make"/],
    ['no file to check', ['check'], /needs a FILE/],
  ]
  for (const [name, words, said] of MISTAKES) {
    it(`refuses ${name}`, async () => {
      const { code, err } = await run(words)
      assert.equal(code, 2)
      assert.match(err, said)
    })
  }
})

describe('keepalived check', () => {
  it('names file, line and column, and ends with 1', async t => {
    const directory = makeDirectory(t)
    writeFileSync(join(directory, 'k.conf'), 'vrrp_instance A {\n  nopreemt\n}\n')
    const { code, err } = await run(['check', 'k.conf'], directory)
    assert.equal(code, 1)
    assert.match(err, /^k\.conf:2:3: error: unknown keyword "nopreemt"/m)
    assert.match(err, /\^{8}/)
  })

  it('says when the file is not there', async () => {
    const { code, err } = await run(['check', '/none/keepalived.conf'])
    assert.equal(code, 1)
    assert.match(err, /no such file/)
  })
})
