import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { AlertDesk } from '../../src/control/alerts.ts'
import { CONTROL_LIMITS } from '../../src/control/limits.ts'
import type { Mail } from '../../src/control/mail.ts'
import type { PeerVerdict } from '../../src/control/probe-log.ts'
import type { Alerts } from '../../src/model/probe.ts'
import { afterTest } from '../harness/after-test.ts'
import { ManualDelay } from '../harness/manual-delay.ts'
import { makeDirectory } from '../harness/program.ts'
import { probedUpstream, sampleRoster } from '../harness/roster.ts'

const NONE: Alerts = {
  command: null,
  webhook: null,
  mailTo: [],
  mailFrom: '',
  smtp: '',
  repeatMs: 0,
}

class Bench {
  readonly mails: Mail[] = []
  readonly lines: string[] = []
  readonly time = new ManualDelay()
  nowMs = 1_700_000_000_000
  readonly desk = new AlertDesk({
    log: (level, text) => {
      this.lines.push(`[${level}] ${text}`)
      this.#said.resolve()
    },
    now: () => this.nowMs,
    delay: this.time.delay,
    send: mail => {
      this.mails.push(mail)
      return this.sent
    },
  })
  sent: Promise<string | null> = Promise.resolve(null)
  #said = Promise.withResolvers<void>()
  readonly peer
  readonly #alerts: Alerts

  constructor(t: TestContext, parts: Partial<Alerts>) {
    this.#alerts = { ...NONE, ...parts }
    this.peer = sampleRoster(probedUpstream({ alerts: this.#alerts })).peers[0]!
    afterTest(t, () => this.desk.close())
  }

  change(before: PeerVerdict, state: PeerVerdict, why = 'no answer'): void {
    const { nowMs: atMs, peer } = this
    this.desk.onTransition({ atMs, peer, before, state, why, text: '' })
  }

  async said(): Promise<string> {
    await this.#said.promise
    return this.lines[0]!
  }

  subjects(): string[] {
    return this.mails.map(({ subject }) => subject)
  }
}

describe('AlertDesk', () => {
  it('tells of a peer that goes down and of its coming back', t => {
    const bench = new Bench(t, { mailTo: ['ops@example.org'] })
    bench.change('up', 'down')
    bench.change('down', 'up', '200, 12 ms')
    assert.deepEqual(bench.subjects(), [
      '[headgate] peer 10.0.0.1:80 is down (web)',
      '[headgate] peer 10.0.0.1:80 is up (web)',
    ])
    assert.equal(
      bench.mails[0]!.text,
      'Peer 10.0.0.1:80 of upstream "web" is down.\n\nWhy: no answer\nAt: 2023-11-14T22:13:20.000Z\n',
    )
  })

  it('tells of a first check that goes wrong, and not of one that goes well', t => {
    const bench = new Bench(t, { mailTo: ['ops@example.org'] })
    bench.change('checking', 'up')
    assert.deepEqual(bench.mails, [])
    bench.change('checking', 'down')
    assert.equal(bench.mails.length, 1)
  })

  it('tells nobody where nobody is to be told', t => {
    const bench = new Bench(t, { repeatMs: 1000 })
    bench.change('up', 'down')
    assert.equal(bench.desk.pending, 0)
  })

  it('says again what goes on, and no more when it is over', async t => {
    const bench = new Bench(t, { mailTo: ['ops@example.org'], repeatMs: 60_000 })
    bench.change('up', 'down')
    const waits = () => bench.time.waiting.map(({ ms }) => ms)
    assert.deepEqual(waits(), [CONTROL_LIMITS.alertTickMs])
    bench.nowMs += 59_999
    await bench.time.pass()
    assert.equal(bench.mails.length, 1)
    bench.nowMs += 1
    await bench.time.pass()
    bench.nowMs += 30_000
    await bench.time.pass()
    assert.deepEqual(bench.subjects().slice(1), ['[headgate] peer 10.0.0.1:80 is still down (web)'])
    assert.match(bench.mails[1]!.text, /is still down for 1 min\./)
    bench.change('down', 'up')
    bench.nowMs += 60_000
    for (const { resolve } of bench.time.waiting.splice(0)) resolve()
    assert.equal(bench.mails.length, 3)
  })

  it('speaks no more of a peer that is gone', t => {
    const bench = new Bench(t, { mailTo: ['ops@example.org'], repeatMs: 1000 })
    bench.change('up', 'down')
    bench.desk.use([])
    bench.nowMs += 5_000
    for (const { resolve } of bench.time.waiting.splice(0)) resolve()
    assert.equal(bench.mails.length, 1)
  })

  it('logs what could not be sent', async t => {
    const bench = new Bench(t, { mailTo: ['ops@example.org'] })
    bench.sent = Promise.resolve('SMTP server x: no')
    bench.change('up', 'down')
    assert.equal(
      await bench.said(),
      '[warn] alert by mail failed: SMTP server x: no, peer 10.0.0.1:80, upstream: "web"',
    )
  })

  it('logs the same failure once a minute', async t => {
    const bench = new Bench(t, { mailTo: ['ops@example.org'] })
    bench.sent = Promise.resolve('SMTP server x: no')
    const fail = async (ms: number) => {
      bench.nowMs += ms
      bench.change('up', 'down')
      while (bench.desk.pending > 0) await Promise.resolve()
      return bench.lines.length
    }
    assert.deepEqual([await fail(0), await fail(59_999), await fail(1)], [1, 1, 2])
    bench.sent = Promise.resolve('SMTP server x: something else')
    assert.equal(await fail(0), 3)
  })

  it('sends few at once, lets some wait, and says once that the rest is dropped', t => {
    const bench = new Bench(t, { mailTo: ['ops@example.org'] })
    bench.sent = new Promise(() => {})
    const { alertsActiveMax, alertsWaitingMax } = CONTROL_LIMITS
    for (let count = 0; count < alertsActiveMax + alertsWaitingMax + 20; count++) {
      bench.change('up', 'down')
    }
    assert.equal(bench.mails.length, alertsActiveMax)
    assert.equal(bench.desk.pending, alertsActiveMax + alertsWaitingMax)
    assert.deepEqual(bench.lines, ['[warn] too many alerts wait to be sent: some are dropped'])
  })

  it('runs a program with what happened in its environment', async t => {
    const directory = makeDirectory(t, {
      'it.sh': '#!/bin/sh\necho "$@ $PEER $UPSTREAM $STATE $WHY" > "$0.out"; exit 4\n',
    })
    const command = join(directory, 'it.sh')
    chmodSync(command, 0o755)
    const bench = new Bench(t, { command })
    bench.change('up', 'down', 'body did not contain "x"')
    // It ends with 4 so that there is a line to wait for.
    const failed = `${command}: exit code 4, peer 10.0.0.1:80, upstream: "web"`
    assert.equal(await bench.said(), `[warn] alert by command failed: ${failed}`)
    assert.equal(
      readFileSync(`${command}.out`, 'utf8'),
      'down 10.0.0.1:80 web 10.0.0.1:80 web down body did not contain "x"\n',
    )
  })
})

/** A webhook that answers with these statuses, one after the other. */
async function openHook(t: TestContext, ...statuses: number[]) {
  const bodies: unknown[] = []
  const third = Promise.withResolvers<void>()
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', chunk => {
      text += chunk
    })
    request.on('end', () => {
      bodies.push({ type: request.headers['content-type'], ...JSON.parse(text) })
      response.writeHead(statuses.shift() ?? 200).end('thanks')
      if (statuses.length === 0) third.resolve()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  afterTest(t, () => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
  return { url, bodies, done: third.promise }
}

describe('a webhook', () => {
  it('gets the change as JSON', async t => {
    const { url, bodies, done } = await openHook(t, 204)
    const bench = new Bench(t, { webhook: url })
    bench.change('up', 'down')
    await done
    assert.deepEqual(bodies, [
      {
        type: 'application/json',
        upstream: 'web',
        peer: '10.0.0.1:80',
        name: '10.0.0.1:80',
        state: 'down',
        why: 'no answer',
        at: '2023-11-14T22:13:20.000Z',
        seconds: 0,
      },
    ])
  })

  it('is asked once more when it fails, and then no more', async t => {
    const { url, bodies } = await openHook(t, 503, 500)
    const bench = new Bench(t, { webhook: url })
    bench.change('up', 'down')
    while (bench.time.waiting.length === 0) await new Promise(resolve => setImmediate(resolve))
    assert.deepEqual(
      bench.time.waiting.map(({ ms }) => ms),
      [CONTROL_LIMITS.webhookRetryMs],
    )
    for (const { resolve } of bench.time.waiting.splice(0)) resolve()
    const failed = `${url}: status 500, peer 10.0.0.1:80, upstream: "web"`
    assert.equal(await bench.said(), `[warn] alert by webhook failed: ${failed}`)
    assert.equal(bodies.length, 2)
  })
})
