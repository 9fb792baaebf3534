// Checks by programs and modules of the user's, by the real program: what they are given, and what
// a reload makes of a module that was edited, well or badly.

import assert from 'node:assert/strict'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'

import { ask, CountingOrigin } from '../harness/counting-origin.ts'
import { freePort } from '../harness/ports.ts'
import { makeDirectory, runProgram, startProgram } from '../harness/program.ts'

describe('a program of ldirectord.cf', () => {
  it('gets addresses, the port of the real and the environment, and can open its outputs', async t => {
    const origin = await CountingOrigin.open(t, 'a')
    const port = await freePort()
    const directory = makeDirectory(t)
    const script = join(directory, 'check.sh')
    const told = join(directory, 'told')
    writeFileSync(
      script,
      `#!/bin/sh -e\necho "$* $HEADGATE_SITE" > ${told}\necho one > /dev/stdout\necho two > /dev/stderr\n`,
    )
    chmodSync(script, 0o755)
    const file = join(directory, 'ldirectord.cf')
    writeFileSync(
      file,
      [
        'checkinterval=1',
        `virtual=localhost:${port}`,
        `    real=${origin.address} masq`,
        '    service=http',
        '    checktype=external',
        '    checkport=9',
        `    checkcommand=${script}`,
        '',
      ].join('\n'),
    )
    const program = startProgram(t, ['run', '-c', file], { env: { HEADGATE_SITE: 'here' } })
    await program.ready()
    await program.says(new RegExp(`peer ${origin.address} up: `))
    const real = origin.address.replace(':', ' ')
    assert.equal(readFileSync(told, 'utf8'), `127.0.0.1 ${port} ${real} here\n`)
    assert.equal((await ask(`127.0.0.1:${port}`)).body, 'a')
  })
})

describe('a module of checks', () => {
  it('is what it was at the last reload, and refuses one in which it cannot be read', async t => {
    const origin = await CountingOrigin.open(t, 'a')
    const says = (word: string) => `export const text = '${word}'\n`
    const check = `import { text } from './text.mjs'
export default () => { if (text !== 'good') throw new Error('it says ' + text) }
`
    const directory = makeDirectory(t, { 'check.mjs': check, 'text.mjs': says('good') })
    const file = join(directory, 'a.yaml')
    writeFileSync(
      file,
      `
workers: 1
access_log: off
error_log: { path: stderr, level: notice }
upstreams:
  web:
    peers: ['${origin.address}']
    probe: { type: function, module: check.mjs, interval: 100ms, jitter: 0, fall: 1, rise: 1, mandatory: true, persistent: true }
servers: [{ listen: '127.0.0.1:0', routes: [{ path: /, proxy: { upstream: web } }] }]
`,
    )
    const program = startProgram(t, ['run', '-c', file])
    const { listen } = await program.ready()
    await program.says(new RegExp(`peer ${origin.address} up: `))

    writeFileSync(join(directory, 'check.mjs'), `${check.slice(0, 50)}\n\nlet = = `)
    const found = await runProgram(['check', file])
    assert.equal(found.code, 1)
    assert.match(found.stderr, /Cannot load "[^"]*check\.mjs" \([^)]*check\.mjs:\d+: /)
    await program.tell('SIGHUP', /the new configuration is not used: /)
    assert.equal((await ask(listen[0]!)).body, 'a')

    writeFileSync(join(directory, 'check.mjs'), check)
    writeFileSync(join(directory, 'text.mjs'), says('bad'))
    await program.tell('SIGHUP', /reloaded: /)
    await program.says(new RegExp(`peer ${origin.address} down: it says bad`))
  })
})
