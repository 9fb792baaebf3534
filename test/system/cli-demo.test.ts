// The demo as a user plays with it: kill an origin, see that the others answer.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { startProgram } from '../harness/program.ts'

describe('headgate demo', { timeout: 60_000 }, () => {
  it('notices that an origin died, and goes on answering', async t => {
    const program = startProgram(t, ['demo'])
    const [, address] = await program.says(/Open (http:\/\/127\.0\.0\.1:\d+\/) in a browser/)
    await program.says(/Ctrl-C ends everything/)
    const page = await fetch(address!)
    assert.match(await page.text(), /<title>Headgate demo<\/title>/)
    const seen = new Set<number>()
    for (let request = 0; request < 12; request++) {
      const answer = (await (await fetch(`${address}api`)).json()) as { origin: number }
      seen.add(answer.origin)
    }
    assert.deepEqual([...seen].sort(), [1, 2, 3])
    const [, pid] = program.stdout.match(/kill (\d+) +# origin 2/)!
    process.kill(Number(pid), 'SIGTERM')
    await program.says(/origin 2 died \(pid \d+, SIGTERM\)/)
    const [, shares] = await program.says(/all 12 were answered: (.*); requests go on/)
    assert.match(shares!, /^origin 1 ×\d+, origin 3 ×\d+$/)
    program.child.kill('SIGINT')
    assert.equal((await program.ended).code, 0)
    await assert.rejects(fetch(address!))
  })

  it('shows a probe that catches a server which answers 200 with the wrong page', async t => {
    const program = startProgram(t, ['demo'])
    const [, origin] = await program.says(/curl (http:\/\/127\.0\.0\.1:\d+)\/break/)
    await program.says(/Ctrl-C ends everything/)
    assert.equal((await fetch(`${origin}/break`)).status, 200)
    assert.equal((await fetch(origin!)).status, 200)
    await program.says(/origin 2 answers 200 with the wrong page now/)
    const [, shares] = await program.says(/after .* s: all 12 were answered: (.*); requests go on/)
    assert.match(shares!, /^origin 1 ×\d+, origin 3 ×\d+$/)
    await fetch(`${origin}/mend`)
    await program.says(/origin 2 gets requests again/)
    program.child.kill('SIGINT')
    assert.equal((await program.ended).code, 0)
  })

  it('takes a signal to its whole group for its end, not for the death of its origins', async t => {
    const program = startProgram(t, ['demo'], { isLeader: true })
    await program.says(/Ctrl-C ends everything/)
    process.kill(-program.pid, 'SIGTERM')
    const end = await program.ended
    assert.equal(end.code, 0)
    assert.doesNotMatch(end.stdout, /died/)
  })
})
