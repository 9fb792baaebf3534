// Clients that an ldirectord.cf binds to a real (`persistent`): where they go while that real is in
// maintenance, by the real program and its files.

import assert from 'node:assert/strict'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'

import { ask, CountingOrigin } from '../harness/counting-origin.ts'
import { freePort } from '../harness/ports.ts'
import { makeDirectory, runProgram, startProgram } from '../harness/program.ts'

describe('maintenancedir of a persistent section', () => {
  const rows = [
    { quiescent: 'yes', stays: true, why: /; bound sessions stay$/ },
    { quiescent: 'no', stays: false, why: /127\.0\.0\.1:\d+$/ },
  ]
  for (const { quiescent, stays, why } of rows) {
    const what = stays ? 'leaves a real to its clients' : 'sends clients elsewhere'
    it(`${what} with quiescent=${quiescent}`, async t => {
      const origins = [await CountingOrigin.open(t, 'a'), await CountingOrigin.open(t, 'b')]
      const directory = makeDirectory(t)
      const maintenance = join(directory, 'out')
      mkdirSync(maintenance)
      const address = `127.0.0.1:${await freePort()}`
      const file = join(directory, 'ldirectord.cf')
      writeFileSync(
        file,
        [
          'checkinterval=1',
          `quiescent=${quiescent}`,
          `maintenancedir=${maintenance}`,
          `virtual=${address}`,
          ...origins.map(origin => `    real=${origin.address} masq`),
          '    service=http',
          '    persistent=600',
          '    checktype=connect',
          '',
        ].join('\n'),
      )
      const program = startProgram(t, ['run', '-c', file])
      await program.ready()
      for (const origin of origins) {
        await program.says(new RegExp(`peer ${origin.address} up: `))
      }
      const { body } = await ask(address)
      const bound = origins[body === 'a' ? 0 : 1]!
      writeFileSync(join(maintenance, bound.address), '')
      await program.says(new RegExp(`peer ${bound.address} in maintenance: `))
      const next = (await ask(address)).body
      assert.equal(next === body, stays)
      const { stdout } = await runProgram(['status', '-c', file, '--json'])
      const { upstreams } = JSON.parse(stdout)
      const peer = upstreams[0].peers.find((each: { address: string }) => {
        return each.address === bound.address
      })
      assert.equal(peer.state, 'maintenance')
      assert.match(peer.why, why)
      rmSync(join(maintenance, bound.address))
      await program.says(new RegExp(`peer ${bound.address} back from maintenance: `))
    })
  }
})
