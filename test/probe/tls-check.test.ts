// Checks over TLS: certificates of all kinds of wrong, names, our own certificate, HTTP/2 by ALPN.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createSecureServer } from 'node:http2'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it, type TestContext } from 'node:test'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import type { ListenAddress } from '../../src/model/listener.ts'
import { type HttpCheck, PLAIN_HTTP_CHECK, type ProbeTls } from '../../src/model/probe.ts'
import { certificateDaysFault } from '../../src/probe/certificate.ts'
import type { CheckAnswer } from '../../src/probe/checker.ts'
import { makeChecker } from '../../src/probe/make-checker.ts'
import { afterTest } from '../harness/after-test.ts'
import { makeAuthority, makeCertificate, type Pair } from './certificate-maker.ts'
import {
  ask,
  contains,
  expecting,
  listen,
  machineTime,
  makeTarget,
  PLAIN_TLS,
} from './probe-values.ts'

const DAY_MS = 86_400_000
const directory = mkdtempSync(join(tmpdir(), 'headgate-probe-tls-'))
after(() => rmSync(directory, { recursive: true }))

function fileOf(name: string, text: string): string {
  const path = join(directory, name)
  writeFileSync(path, text)
  return path
}

const inDays = (days: number) => new Date(Date.now() + days * DAY_MS)

const authority = makeAuthority()
const good = makeCertificate({ name: 'app.example', issuer: authority, to: inDays(20.5) })
const trustedPath = fileOf('authority.pem', authority.certificate)
const VERIFIED: ProbeTls = {
  ...PLAIN_TLS,
  isVerified: true,
  trustedPath,
  serverName: 'app.example',
}

async function serve(t: TestContext, pair: Pair, more: TlsOptions = {}): Promise<ListenAddress> {
  const options = { key: pair.key, cert: pair.certificate, ...more }
  const server = createServer(options, (request, response) => {
    const { servername, authorized } = request.socket as unknown as {
      servername: string | false
      authorized: boolean
    }
    response.end(`name=${servername} authorized=${authorized}`)
  })
  // Handshakes fail here on purpose.
  server.on('tlsClientError', () => {})
  return listen(t, server)
}

async function askOnce(
  t: TestContext,
  address: ListenAddress,
  tls: ProbeTls,
  changes: Partial<HttpCheck> = {},
): Promise<CheckAnswer> {
  const check = { ...PLAIN_HTTP_CHECK, tls, ...changes }
  const checker = makeChecker(makeTarget({ address, check }), machineTime())
  afterTest(t, () => checker.close())
  return ask(checker)
}

describe('HttpChecker with TLS', () => {
  const EXPIRED = { name: 'app.example', issuer: authority, from: inDays(-40), to: inDays(-10) }
  const ROWS: readonly {
    readonly name: string
    readonly pair: () => Pair
    readonly tls: Partial<ProbeTls>
    readonly fault: string
  }[] = [
    { name: 'a good certificate', pair: () => good, tls: {}, fault: '' },
    {
      name: 'any certificate while it is not to be verified',
      pair: () => makeCertificate({ name: 'x', issuer: null, to: inDays(-1), from: inDays(-2) }),
      tls: { isVerified: false, trustedPath: null },
      fault: '',
    },
    {
      name: 'a certificate that has expired',
      pair: () => makeCertificate(EXPIRED),
      tls: {},
      fault: `certificate has expired: it ended on ${EXPIRED.to.toISOString().slice(0, 10)}`,
    },
    {
      name: 'a certificate that is not valid yet',
      pair: () => makeCertificate({ name: 'app.example', issuer: authority, from: inDays(2) }),
      tls: {},
      fault: `certificate is not valid before ${inDays(2).toISOString().slice(0, 10)}`,
    },
    {
      name: 'a certificate that is signed by itself',
      pair: () => makeCertificate({ name: 'app.example', issuer: null }),
      tls: {},
      fault: 'certificate is not trusted: it is signed by itself',
    },
    {
      name: 'a certificate of an unknown issuer',
      pair: () => good,
      tls: { trustedPath: fileOf('other.pem', makeAuthority().certificate) },
      fault: 'certificate is not trusted',
    },
    {
      name: 'a certificate for another name',
      pair: () => good,
      tls: { serverName: 'other.example' },
      fault: 'certificate is not for "other.example", but for "DNS:app.example"',
    },
    {
      name: 'a certificate that ends too soon',
      pair: () => good,
      tls: { daysLeftMin: 30 },
      fault: `certificate ends in 20 days, on ${inDays(20.5).toISOString().slice(0, 10)}; 30 days are wanted`,
    },
    {
      name: 'a certificate that ends soon, but not too soon',
      pair: () => good,
      tls: { daysLeftMin: 20 },
      fault: '',
    },
  ]
  for (const { name, pair, tls, fault } of ROWS) {
    it(`${fault === '' ? 'takes' : 'refuses'} ${name}`, async t => {
      const address = await serve(t, pair())
      const answer = await askOnce(t, address, { ...VERIFIED, ...tls })
      if (fault === 'certificate is not trusted')
        assert.match(answer.fault, /^certificate is (not|no)/)
      else assert.equal(answer.fault, fault)
    })
  }

  it('says by SNI whom it asks for: what is written, or the host', async t => {
    const address = await serve(t, good)
    for (const [serverName, host, name] of [
      ['app.example', 'www.example', 'app.example'],
      [null, 'www.example:8443', 'www.example'],
      [null, null, 'false'],
    ] as const) {
      const expect = expecting({ body: [contains(`name=${name} `)] })
      const tls = { ...PLAIN_TLS, serverName }
      assert.equal((await askOnce(t, address, tls, { host, expect })).fault, '')
    }
  })

  it('shows its own certificate, and takes a new one when the file changes', async t => {
    const mine = makeCertificate({ name: 'probe', issuer: authority })
    const stranger = makeCertificate({ name: 'probe', issuer: null })
    const address = await serve(t, good, {
      requestCert: true,
      ca: authority.certificate,
      rejectUnauthorized: false,
    })
    const certificatePath = fileOf('mine.pem', stranger.certificate)
    const keyPath = fileOf('mine.key', stranger.key)
    const tls = { ...PLAIN_TLS, certificatePath, keyPath }
    const expect = expecting({ body: [contains('authorized=true')] })
    assert.match((await askOnce(t, address, tls, { expect })).fault, /^body did not contain/)
    fileOf('mine.pem', `${mine.certificate}\n`)
    fileOf('mine.key', `${mine.key}\n`)
    assert.equal((await askOnce(t, address, tls, { expect })).fault, '')
  })

  it('names a file that is missing, and one that is no certificate', async t => {
    const address = await serve(t, good)
    const missing = { ...VERIFIED, trustedPath: join(directory, 'none.pem') }
    assert.match(
      (await askOnce(t, address, missing)).fault,
      /^stat\(\) ".*none\.pem" failed \(2: No such file or directory\)$/,
    )
    const path = fileOf('text.pem', 'hello')
    const wrong = { ...PLAIN_TLS, certificatePath: path, keyPath: path }
    assert.match((await askOnce(t, address, wrong)).fault, /^cannot use ".*text\.pem"/)
  })

  it('says that a peer speaks no TLS', async t => {
    const { createServer: createPlain } = await import('node:http')
    const address = await listen(
      t,
      createPlain((_request, response) => response.end()),
    )
    const { fault } = await askOnce(t, address, PLAIN_TLS)
    assert.match(fault, /^TLS failed \(.*(wrong version number|packet length too long)/)
  })

  it('speaks HTTP/2 where the peer chooses it, and says so where it does not', async t => {
    const options = { key: good.key, cert: good.certificate }
    const server = createSecureServer(options, (request, response) => {
      response.end(request.httpVersion)
    })
    const sessions = new Set<{ destroy(): void }>()
    server.on('session', session => sessions.add(session))
    afterTest(t, () => {
      for (const session of sessions) session.destroy()
    })
    const address = await listen(t, server)
    const expect = expecting({ body: [contains('2.0')] })
    assert.equal((await askOnce(t, address, VERIFIED, { isHttp2: true, expect })).fault, '')
    const old = await serve(t, good, { ALPNProtocols: ['http/1.1'] })
    const { fault } = await askOnce(t, old, VERIFIED, { isHttp2: true })
    assert.equal(fault, 'peer does not speak HTTP/2 (ALPN)')
  })
})

describe('TcpChecker with TLS', () => {
  it('talks behind the handshake', async t => {
    const server = createTlsServer({ key: good.key, cert: good.certificate }, socket => {
      socket.end('220 ready\r\n')
      socket.on('error', () => {})
    })
    const address = await listen(t, server)
    const check = { kind: 'tcp', tls: VERIFIED, send: '', expect: contains('220 ') } as const
    const checker = makeChecker(makeTarget({ address, check }), machineTime())
    assert.equal((await ask(checker)).fault, '')
  })
})

describe('certificateDaysFault', () => {
  const end = new Date('2026-03-10T12:00:00Z')
  const ROWS: readonly [string, number, string, string][] = [
    ['is not asked', 0, '2027-01-01T00:00:00Z', ''],
    ['has just enough', 7, '2026-03-03T12:00:00Z', ''],
    [
      'lacks a second',
      7,
      '2026-03-03T12:00:01Z',
      'certificate ends in 6 days, on 2026-03-10; 7 days are wanted',
    ],
    [
      'has a day',
      7,
      '2026-03-09T11:00:00Z',
      'certificate ends in 1 day, on 2026-03-10; 7 days are wanted',
    ],
    [
      'has ended',
      1,
      '2026-03-11T00:00:00Z',
      'certificate has ended, on 2026-03-10; 1 day is wanted',
    ],
  ]
  for (const [name, days, now, fault] of ROWS) {
    it(`tells when a certificate ${name}`, () => {
      assert.equal(certificateDaysFault(end, days, Date.parse(now)), fault)
    })
  }
})
