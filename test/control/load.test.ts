import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { checkWeights, type LoadOptions, withCommandLine } from '../../src/control/load.ts'
import type { Config } from '../../src/model/config.ts'
import { BUILT_IN } from '../../src/model/origin.ts'
import type { ErrorLog } from '../../src/model/settings.ts'
import { WEIGHT_TOTAL_MAX } from '../../src/model/upstream.ts'
import { sampleConfig, sampleUpstream, tcp } from '../harness/sample-config.ts'

const OPTIONS: LoadOptions = {
  file: '/p/a.conf',
  prefix: '/p',
  globals: '',
  format: null,
  env: {},
  hostname: 'here',
  isForeground: false,
  errorLogPath: null,
}

/** A configuration that names nothing, or what is in `written`. */
function config(written: { errorLogs?: readonly ErrorLog[]; pidPath?: string } = {}): Config {
  const sample = sampleConfig({ prefix: '/p', process: written })
  const origins = Object.fromEntries(Object.keys(written).map(name => [name, BUILT_IN]))
  const { settings } = sample.servers[0]!
  const location = {
    origin: BUILT_IN,
    match: { kind: 'prefix', path: '/', isFinal: false },
    settings,
    returns: null,
    action: { kind: 'files' },
    isInternal: false,
    locations: [],
  } as const
  const servers = [{ ...sample.servers[0]!, locations: [location] }]
  return { ...sample, servers, process: { ...sample.process, origins } }
}

function logsOf(result: Config): unknown[] {
  const [server] = result.servers
  return [
    result.process.errorLogs,
    server!.settings.errorLogs,
    server!.locations[0]!.settings.errorLogs,
  ].map(logs => logs.map(({ path, level }) => `${path} ${level}`).join())
}

const OWN: ErrorLog = { path: '/own.log', level: 'warn', format: 'text' }

describe('withCommandLine', () => {
  const ROWS: {
    name: string
    written?: Parameters<typeof config>[0]
    options: Partial<LoadOptions>
    log: string
  }[] = [
    { name: 'nothing: the default of nginx', options: {}, log: '/p/logs/error.log error' },
    { name: '-e stderr', options: { errorLogPath: 'stderr' }, log: 'stderr error' },
    { name: '-e under the prefix', options: { errorLogPath: 'x.log' }, log: '/p/x.log error' },
    { name: '-e with a whole path', options: { errorLogPath: '/x.log' }, log: '/x.log error' },
    { name: 'run', options: { isForeground: true }, log: 'stderr notice' },
    {
      name: 'run -e',
      options: { isForeground: true, errorLogPath: '/x.log' },
      log: '/x.log notice',
    },
  ]
  for (const { name, options, log } of ROWS) {
    it(`puts the error log of ${name} at every level`, () => {
      const result = withCommandLine(config(), { ...OPTIONS, ...options })
      assert.deepEqual(logsOf(result), [log, log, log])
    })
  }

  it('leaves an error log alone that the configuration names', () => {
    const options = { ...OPTIONS, isForeground: true, errorLogPath: 'stderr' }
    const result = withCommandLine(config({ errorLogs: [OWN] }), options)
    assert.deepEqual(result.process.errorLogs, [OWN])
  })

  it('keeps settings shared that were shared', () => {
    const result = withCommandLine(config(), { ...OPTIONS, errorLogPath: 'stderr' })
    const [server] = result.servers
    assert.equal(server!.settings, server!.locations[0]!.settings)
  })

  it('stays in the foreground for run, with a pid file only when one is named', () => {
    const run = { ...OPTIONS, isForeground: true }
    assert.deepEqual(
      [config(), config({ pidPath: '/p/x.pid' })].map(written => {
        const { isDaemon, pidPath } = withCommandLine(written, run).process
        return [isDaemon, pidPath]
      }),
      [
        [false, ''],
        [false, '/p/x.pid'],
      ],
    )
    const { isDaemon, pidPath } = withCommandLine(config(), OPTIONS).process
    assert.deepEqual([isDaemon, pidPath], [true, '/p/logs/headgate.pid'])
  })
})

describe('checkWeights', () => {
  const weight = Math.floor(WEIGHT_TOTAL_MAX / 2)
  const upstream = sampleUpstream('app', 'name:80')
  const sample = sampleConfig({
    upstreams: [{ ...upstream, peers: upstream.peers.map(peer => ({ ...peer, weight })) }],
  })
  const check = (...addresses: string[]) => {
    const peers = addresses.map(address => ({ peer: 0, address: tcp(address) }))
    return checkWeights(sample, [{ name: 'app', peers }]).map(({ message }) => message)
  }

  it('takes weights whose sum a group can hold', () => {
    assert.deepEqual(check('10.0.0.1:80', '10.0.0.2:80'), [])
  })

  it('counts a weight for each address of a name', () => {
    const what = `the weights of its 3 addresses pass ${WEIGHT_TOTAL_MAX}`
    assert.deepEqual(check('10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80'), [
      `Cannot use upstream "app": ${what}`,
    ])
  })
})
