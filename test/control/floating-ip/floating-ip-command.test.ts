// `headgate floating-ip` against clouds that answer, refuse, delay and break: it has the address or says why not.

import assert from 'node:assert/strict'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'

import { runCommandLine } from '../../../src/control/commands.ts'
import { freePort } from '../../harness/ports.ts'
import { makeDirectory } from '../../harness/program.ts'
import { ADDRESS, CloudDouble, TOKEN } from './cloud-double.ts'

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

async function run(words: readonly string[], env: Readonly<Record<string, string>>): Promise<Ran> {
  let out = ''
  let err = ''
  const code = await runCommandLine(['floating-ip', ...words], {
    out: text => {
      out += text
    },
    err: text => {
      err += text
    },
    env,
    cwd: '/',
    hostname: 'lb2',
    hasColor: false,
  })
  return { code, out, err }
}

const CLOUDS = [
  { provider: 'digitalocean', self: '22', other: '11', env: { DO_TOKEN: TOKEN } },
  { provider: 'hetzner', self: '22', other: '11', env: { HCLOUD_TOKEN: TOKEN } },
  {
    provider: 'ec2',
    self: 'i-22',
    other: 'i-11',
    env: { AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 'k', AWS_REGION: 'eu-central-1' },
  },
] as const

function at(cloud: CloudDouble, provider: string, ...more: readonly string[]): string[] {
  const where = ['--api', cloud.url, '--metadata', cloud.url, '--pause', '0']
  return ['--address', ADDRESS, '--provider', provider, ...where, ...more]
}

async function clouds(
  t: TestContext,
  work: (cloud: CloudDouble, each: (typeof CLOUDS)[number]) => Promise<void>,
): Promise<void> {
  for (const each of CLOUDS) {
    const cloud = await CloudDouble.open(t)
    cloud.holder = each.other
    await work(cloud, each)
  }
}

function ordersOf(cloud: CloudDouble): number {
  return cloud.bodies.filter(body => /assign|server|AssociateAddress/.test(body)).length
}

describe('floating-ip assign', { timeout: 60_000 }, () => {
  it('takes the address from another machine', t =>
    clouds(t, async (cloud, { provider, self, env }) => {
      const { code, err } = await run(['assign', ...at(cloud, provider)], env)
      assert.equal(code, 0, err)
      assert.equal(cloud.holder, self)
      assert.match(err, new RegExp(`is here now \\(${self}\\)`))
      assert.equal(ordersOf(cloud), 1)
    }))

  it('does nothing when the address is here', t =>
    clouds(t, async (cloud, { provider, self, env }) => {
      cloud.holder = self
      const { code, err } = await run(['assign', ...at(cloud, provider)], env)
      assert.equal(code, 0)
      assert.match(err, /is here already/)
      assert.equal(ordersOf(cloud), 0)
    }))

  it('takes one that nobody has', t =>
    clouds(t, async (cloud, { provider, self, env }) => {
      cloud.holder = null
      assert.equal((await run(['assign', ...at(cloud, provider)], env)).code, 0)
      assert.equal(cloud.holder, self)
    }))

  it('goes on while the cloud is busy, and waits until the order is carried out', t =>
    clouds(t, async (cloud, { provider, self, env }) => {
      cloud.lag = 2
      cloud.failures.push({ path: /^(?:GET \/v|POST \/$)/, status: 503, times: 2 })
      const { code, err } = await run(['assign', ...at(cloud, provider)], env)
      assert.equal(code, 0, err)
      assert.equal(cloud.holder, self)
      assert.match(err, /try 1 of 10: .*503, trouble/)
    }))

  it('gives up after its tries, and says so', t =>
    clouds(t, async (cloud, { provider, other, env }) => {
      cloud.failures.push({ path: /^(?:GET \/v|POST \/$)/, status: 500, times: 100 })
      const { code, err } = await run(['assign', ...at(cloud, provider, '--tries', '3')], env)
      assert.equal(code, 1)
      assert.equal(cloud.holder, other)
      assert.match(err, /try 3 of 3/)
      assert.match(err, /could not be had in 3 tries/)
    }))

  it('ends at once when the token is refused', async t => {
    const cloud = await CloudDouble.open(t)
    const env = { DO_TOKEN: 'wrong' }
    const { code, err } = await run(['assign', ...at(cloud, 'digitalocean')], env)
    assert.equal(code, 1)
    assert.match(err, /401, Unable to authenticate you \(the token is not valid\)/)
    assert.match(err, /would not help/)
    assert.ok(!err.includes('wrong'), 'no log has the token')
    assert.equal(cloud.calls.filter(call => call.includes('/v2/')).length, 1)
  })

  it('tries again when an order is pending (422)', async t => {
    const cloud = await CloudDouble.open(t)
    const body =
      '{"id":"unprocessable_entity","message":"The address already has a pending event."}'
    cloud.failures.push({ path: /^POST/, status: 422, body, times: 1 })
    const { code, err } = await run(['assign', ...at(cloud, 'digitalocean')], { DO_TOKEN: TOKEN })
    assert.equal(code, 0, err)
    assert.match(err, /422, The address already has a pending event/)
  })

  it('is not held by an API that never answers, nor by one that is not there', async t => {
    const cloud = await CloudDouble.open(t)
    cloud.failures.push({ path: /./, status: 0, times: 100, isSilent: true })
    const words = at(cloud, 'digitalocean', '--timeout', '0.2', '--tries', '2')
    // Less than a second is refused: nobody means it.
    assert.equal((await run(['assign', ...words], { DO_TOKEN: TOKEN })).code, 2)
    const slow = at(cloud, 'digitalocean', '--timeout', '1', '--tries', '1')
    const silent = await run(['assign', ...slow], { DO_TOKEN: TOKEN })
    assert.match(silent.err, /no answer in time/)
    assert.equal(silent.code, 1)
    const closed = `http://127.0.0.1:${await freePort()}`
    const gone = ['--api', closed, '--metadata', closed, '--pause', '0']
    const words2 = ['--address', ADDRESS, '--provider', 'hetzner', '--tries', '1', ...gone]
    const nobody = await run(['assign', ...words2], { HCLOUD_TOKEN: TOKEN })
    assert.match(nobody.err, /Connection refused/)
  })

  it('has the keys of the machine’s role where the environment has none', async t => {
    const cloud = await CloudDouble.open(t)
    cloud.holder = 'i-11'
    const { code, err } = await run(['assign', ...at(cloud, 'ec2')], {})
    assert.equal(code, 0, err)
    assert.equal(cloud.holder, 'i-22')
    assert.ok(cloud.calls.includes('PUT /latest/api/token'))
  })

  it('knows an address that the project does not have', async t => {
    const cloud = await CloudDouble.open(t)
    const words = at(cloud, 'hetzner').map(word => (word === ADDRESS ? '203.0.113.99' : word))
    const { code, err } = await run(['assign', ...words], { HCLOUD_TOKEN: TOKEN })
    assert.equal(code, 1)
    assert.match(err, /has no floating address 203\.0\.113\.99/)
  })

  it('has a program in the cloud’s place', async t => {
    const directory = makeDirectory(t)
    const program = join(directory, 'move')
    writeFileSync(
      program,
      `#!/bin/sh\ncase $1 in holder) cat ${directory}/holder 2>/dev/null; exit 0;; esac\n` +
        `[ -e ${directory}/tried ] || { touch ${directory}/tried; echo busy >&2; exit 1; }\n` +
        `echo $3 > ${directory}/holder\n`,
    )
    chmodSync(program, 0o755)
    const words = ['--address', ADDRESS, '--provider', 'command', '--command', program]
    const { code, err } = await run(['assign', ...words, '--pause', '0'], {})
    assert.equal(code, 0, err)
    assert.match(err, /try 1 of 10: .*busy/)
    assert.match(err, /is here now \(lb2\)/)
    const missing = ['--address', ADDRESS, '--provider', 'command', '--command', '/no/such/program']
    const gone = await run(['assign', ...missing], {})
    assert.equal(gone.code, 1)
    assert.match(gone.err, /ENOENT/)
  })
})

describe('the token of floating-ip', () => {
  it('comes from a file that nobody else can read', async t => {
    const cloud = await CloudDouble.open(t)
    const directory = makeDirectory(t, { token: `${TOKEN}\n`, empty: '' })
    const file = join(directory, 'token')
    const words = ['assign', ...at(cloud, 'digitalocean', '--token-file', file)]
    chmodSync(file, 0o644)
    const open = await run(words, {})
    assert.equal(open.code, 1)
    assert.match(open.err, /can be read by others \(mode 0644\): chmod 600/)
    assert.deepEqual(cloud.calls, [])
    chmodSync(file, 0o600)
    assert.equal((await run(words, {})).code, 0)
    assert.deepEqual([...cloud.tokens], [TOKEN])
    chmodSync(join(directory, 'empty'), 0o600)
    const empty = ['--token-file', join(directory, 'empty')]
    const none = await run(['assign', ...at(cloud, 'digitalocean', ...empty)], {})
    assert.match(none.err, /is empty/)
  })

  it('is asked for where there is none', async () => {
    const words = ['assign', '--address', ADDRESS, '--provider', 'hetzner']
    const { code, err } = await run(words, {})
    assert.equal(code, 1)
    assert.match(err, /no token: set HCLOUD_TOKEN/)
  })
})

describe('floating-ip show', () => {
  it('says whose the address is', async t => {
    const cloud = await CloudDouble.open(t)
    const words = ['show', ...at(cloud, 'digitalocean')]
    const there = await run(words, { DO_TOKEN: TOKEN })
    assert.deepEqual([there.code, there.out], [1, `${ADDRESS} is with 11, this machine is 22\n`])
    cloud.holder = '22'
    const here = await run(words, { DO_TOKEN: TOKEN })
    assert.deepEqual([here.code, here.out], [0, `${ADDRESS} is with 22 (this machine)\n`])
  })
})

describe('the words of floating-ip', () => {
  const ROWS: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['no action', [], /takes "assign" or "show"/],
    ['another action', ['move'], /not "move"/],
    ['no address', ['assign', '--provider', 'ec2'], /--address is missing/],
    ['no address at all', ['assign', '--address', 'lb', '--provider', 'ec2'], /"lb" is no address/],
    ['no provider', ['assign', '--address', ADDRESS], /--provider is missing/],
    ['another provider', ['assign', '--address', ADDRESS, '--provider', 'x'], /digitalocean or/],
    ['no tries', ['assign', '--address', ADDRESS, '--provider', 'ec2', '--tries', '0'], /--tries/],
  ]
  for (const [name, words, said] of ROWS) {
    it(`refuse ${name}`, async () => {
      const { code, err } = await run(words, {})
      assert.equal(code, 2)
      assert.match(err, said)
    })
  }
})
