// The same words given to a real nginx 1.22.1 had the same outcome.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { type NginxFlags, nginxHelp, parseNginxFlags } from '../../src/control/nginx-flags.ts'

const NONE: NginxFlags = {
  configPath: null,
  prefix: null,
  errorLogPath: null,
  globals: '',
  test: 'none',
  isQuiet: false,
  signal: null,
  version: 'none',
  wantsHelp: false,
  format: null,
}

const ACCEPTED: { args: string[]; flags: Partial<NginxFlags> }[] = [
  { args: [], flags: {} },
  { args: ['-'], flags: {} },
  { args: ['-t'], flags: { test: 'test' } },
  { args: ['-T'], flags: { test: 'dump' } },
  { args: ['-t', '-T'], flags: { test: 'dump' } },
  { args: ['-T', '-t'], flags: { test: 'dump' } },
  { args: ['-tq'], flags: { test: 'test', isQuiet: true } },
  { args: ['-tc', 'a.conf'], flags: { test: 'test', configPath: 'a.conf' } },
  { args: ['-tca.conf'], flags: { test: 'test', configPath: 'a.conf' } },
  { args: ['-tcq'], flags: { test: 'test', configPath: 'q' } },
  { args: ['-ca.conf', '-qt'], flags: { test: 'test', isQuiet: true, configPath: 'a.conf' } },
  { args: ['-c', '-t'], flags: { configPath: '-t' } },
  { args: ['-p', '/p', '-e', 'stderr'], flags: { prefix: '/p', errorLogPath: 'stderr' } },
  { args: ['-g', 'daemon off;'], flags: { globals: 'daemon off;' } },
  { args: ['-gpid x;'], flags: { globals: 'pid x;' } },
  { args: ['-s', 'stop'], flags: { signal: 'stop' } },
  { args: ['-s', 'quit'], flags: { signal: 'quit' } },
  { args: ['-s', 'reload'], flags: { signal: 'reload' } },
  { args: ['-sreopen'], flags: { signal: 'reopen' } },
  { args: ['-v'], flags: { version: 'short' } },
  { args: ['-V'], flags: { version: 'long' } },
  { args: ['-Vv'], flags: { version: 'long' } },
  { args: ['-h'], flags: { wantsHelp: true } },
  { args: ['-?'], flags: { wantsHelp: true } },
  { args: ['--format', 'yaml', '-t'], flags: { format: 'yaml', test: 'test' } },
  { args: ['--format=nginx'], flags: { format: 'nginx' } },
]

const REFUSED = [
  { args: ['-x'], mistake: 'invalid option: "x"' },
  { args: ['-tx'], mistake: 'invalid option: "x"' },
  { args: ['foo'], mistake: 'invalid option: "foo"' },
  { args: ['-t', 'foo'], mistake: 'invalid option: "foo"' },
  { args: ['--help'], mistake: 'invalid option: "-help"' },
  { args: ['-h', '-x'], mistake: 'invalid option: "x"' },
  { args: ['-__proto__'], mistake: 'invalid option: "__proto__"' },
  { args: ['-s'], mistake: 'option "-s" requires parameter' },
  { args: ['-s', 'foo'], mistake: 'invalid option: "-s foo"' },
  { args: ['-c'], mistake: 'option "-c" requires file name' },
  { args: ['-tc'], mistake: 'option "-c" requires file name' },
  { args: ['-c', ''], mistake: 'option "-c" requires file name' },
  { args: ['-e'], mistake: 'option "-e" requires file name' },
  { args: ['-p'], mistake: 'option "-p" requires directory name' },
  { args: ['-g'], mistake: 'option "-g" requires parameter' },
  { args: ['--format'], mistake: 'option "--format" takes yaml or nginx or ldirectord' },
  { args: ['--format=toml'], mistake: 'option "--format" takes yaml or nginx or ldirectord' },
]

describe('parseNginxFlags', () => {
  for (const { args, flags } of ACCEPTED) {
    it(`takes ${JSON.stringify(args)}`, () => {
      assert.deepEqual(parseNginxFlags(args), { ...NONE, ...flags })
    })
  }
  for (const { args, mistake } of REFUSED) {
    it(`refuses ${JSON.stringify(args)}`, () => {
      assert.deepEqual(parseNginxFlags(args), { mistake })
    })
  }
})

describe('nginxHelp', () => {
  it('names every flag and every default path', () => {
    const text = nginxHelp(['/a.yaml', '/b.conf'])
    for (const letter of '?hvVtTqspecg') assert.ok(text.includes(`-${letter}`), letter)
    assert.ok(text.includes('/a.yaml') && text.includes('/b.conf'))
    assert.ok(text.split('\n').every(line => line.length <= 100))
  })
})
