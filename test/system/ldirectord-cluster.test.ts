// The Ultra Monkey tutorial's cluster by its own file: ldirectord.cf in front of two real web servers, of which one is
// killed, loses its test page, hangs, answers 500, and comes back each time; in the end both are gone and the fallback
// answers. Users keep asking all the while, and none of them notices.

import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { afterTest } from '../harness/after-test.ts'
import { freePort } from '../harness/ports.ts'
import { makeDirectory, type Program, startProgram } from '../harness/program.ts'
import { RealNginx, withoutNginx } from '../harness/real-nginx.ts'
import { describeLoad, failures, SteadyLoad, THIS_HOST } from '../harness/steady-load.ts'

/** As published, but for the addresses. */
const FILE = `checktimeout=10
checkinterval=2
autoreload=no
logfile="local0"
quiescent=yes

virtual=127.0.0.1:VIRTUAL
        real=127.0.0.1:FIRST gate
        real=127.0.0.1:SECOND gate
        fallback=127.0.0.1:FALLBACK gate
        service=http
        request="ldirector.html"
        receive="Test Page"
        scheduler=rr
        protocol=tcp
        checktype=negotiate
`
/** `checkinterval` and `checktimeout`: a death is known after both at the latest. */
const VERDICT_MS_MAX = 12_000
const PER_SECOND = 200
/** Longer than any verdict: a user who waits gets an answer. */
const PATIENCE_MS = 30_000

/** A page that tells who served it, and the one that is checked; with a file `broken` there is only 500. */
function web(name: string): Promise<RealNginx> {
  return RealNginx.start(
    { 'index.html': name, 'ldirector.html': 'Test Page\n' },
    'if (-f $document_root/broken) { return 500; }',
  )
}

describe('ldirectord.cf', { skip: withoutNginx(), timeout: 240_000 }, () => {
  it('keeps the cluster of its tutorial serving, whatever happens to a server', async t => {
    const first = await web('first')
    const second = await web('second')
    const fallback = await RealNginx.start({ 'index.html': 'sorry' })
    afterTest(t, () => Promise.all([first, second, fallback].map(server => server.end())))
    const port = await freePort()
    const directory = makeDirectory(t, {
      'ldirectord.cf': FILE.replace('VIRTUAL', String(port))
        .replace('FIRST', String(first.port))
        .replace('SECOND', String(second.port))
        .replace('FALLBACK', String(fallback.port)),
    })
    const program = startProgram(t, ['run', '-c', join(directory, 'ldirectord.cf')])
    await program.ready()
    const url = `http://127.0.0.1:${port}/`
    await untilAnswers(url, ['first', 'second'])
    const load = new SteadyLoad(THIS_HOST, {
      url,
      perSecond: PER_SECOND,
      timeoutMs: PATIENCE_MS,
      name: 'user',
    })
    afterTest(t, () => load.stop())
    await load.more(PER_SECOND)

    const page = join(first.directory, 'html', 'ldirector.html')
    const broken = join(first.directory, 'html', 'broken')
    const events: readonly Event[] = [
      {
        name: 'killed',
        why: /Connection refused/,
        begin: () => first.kill(),
        end: () => first.startAgain(),
      },
      {
        name: 'its test page changed',
        why: /body did not (?:contain|match) .*Test Page.*\(200, \d+ bytes, \d+ ms\)/,
        begin: () => writeFileSync(page, 'It works!\n'),
        end: () => writeFileSync(page, 'Test Page\n'),
      },
      {
        name: 'it answers 500',
        why: /status was not 200-299 \(500, /,
        begin: () => writeFileSync(broken, ''),
        end: () => rmSync(broken),
      },
      {
        name: 'it hangs',
        why: /timed out|10,?000 ms|10 s/,
        begin: () => first.pause(),
        end: () => first.resume(),
      },
    ]
    for (const event of events) {
      const address = `127.0.0.1:${first.port}`
      const tookMs = await verdict(program, address, 'down', event.why, event.begin)
      t.diagnostic(`${event.name}: down after ${Math.round(tookMs)} ms`)
      assert.ok(tookMs <= VERDICT_MS_MAX + PATIENCE_MS, 'the verdict comes')
      await load.more(PER_SECOND)
      await untilAnswers(url, ['second'])
      const backMs = await verdict(program, address, 'up', /./, event.end)
      t.diagnostic(`${event.name}: up again after ${Math.round(backMs)} ms`)
      await untilAnswers(url, ['first', 'second'])
      await load.more(PER_SECOND)
    }
    const ended = await load.stop()
    t.diagnostic(describeLoad(ended))
    assert.deepEqual(failures(ended), [])

    await first.kill()
    await second.kill()
    await program.says(new RegExp(`peer 127\\.0\\.0\\.1:${second.port} down`))
    await untilAnswers(url, ['sorry'])
    await second.startAgain()
    await untilAnswers(url, ['second'])
  })
})

interface Event {
  readonly name: string
  /** What the log must say of it. */
  readonly why: RegExp
  readonly begin: () => Promise<void> | void
  readonly end: () => Promise<void> | void
}

/** How long it took from an event to the line about it. */
async function verdict(
  program: Program,
  address: string,
  state: 'up' | 'down',
  why: RegExp,
  event: () => Promise<void> | void,
): Promise<number> {
  program.stderr = ''
  const began = performance.now()
  await event()
  const [line] = await program.says(
    new RegExp(`peer ${address.replaceAll('.', '\\.')} ${state}.*\n`),
  )
  const tookMs = performance.now() - began
  assert.match(line, why)
  return tookMs
}

/** Asks until the last answers came from just these. */
async function untilAnswers(url: string, names: readonly string[]): Promise<void> {
  const wanted = names.join()
  for (let round = 0; ; round++) {
    const seen = new Set<string>()
    for (let i = 0; i < 6; i++) seen.add(await (await fetch(url)).text())
    const got = [...seen].sort().join()
    if (got === wanted) return
    assert.ok(round < 400, `answers come from ${got}, not from ${wanted}`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}
