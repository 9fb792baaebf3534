// Mails to a server and a `sendmail` that the test plays.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { type Mail, mailText, sendMail } from '../../src/control/mail.ts'
import { afterTest } from '../harness/after-test.ts'
import { makeDirectory } from '../harness/program.ts'

const NOW = new Date('2026-11-21T01:02:03Z')

const MAIL: Mail = {
  to: ['ops@example.org', 'Second <second@example.org>'],
  from: 'Headgate <proxy@example.org>',
  subject: 'peer down',
  text: 'First\n.dot\nlast\n',
}

/** A server that answers each command by `answer`, and what it was told. */
async function openServer(
  t: TestContext,
  answer: (line: string) => string | null = () => null,
): Promise<{ readonly smtp: string; readonly told: string[] }> {
  const told: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.setEncoding('latin1')
    let text = ''
    let isData = false
    const greeting = answer('')
    socket.write(greeting ?? '220 mail.example.org\r\n')
    socket.on('data', chunk => {
      text += chunk
      for (;;) {
        const ending = isData ? '\r\n.\r\n' : '\r\n'
        const end = text.indexOf(ending)
        if (end === -1) return
        const line = text.slice(0, end)
        text = text.slice(end + ending.length)
        told.push(line)
        const usual = isData ? '250 queued\r\n' : usualAnswer(line)
        isData = !isData && line === 'DATA'
        socket.write(answer(line) ?? usual)
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  afterTest(t, () => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { smtp: `127.0.0.1:${(server.address() as AddressInfo).port}`, told }
}

function usualAnswer(line: string): string {
  if (line.startsWith('EHLO')) return '250-mail.example.org\r\n250-SIZE 1000\r\n250 8BITMIME\r\n'
  if (line === 'DATA') return '354 go on\r\n'
  return line === 'QUIT' ? '221 bye\r\n' : '250 ok\r\n'
}

const sending = (smtp: string, parts = {}) => ({
  smtp,
  now: () => NOW,
  signal: new AbortController().signal,
  ...parts,
})

describe('sendMail', () => {
  it('hands a mail to an SMTP server', async t => {
    const { smtp, told } = await openServer(t)
    assert.equal(await sendMail(MAIL, sending(smtp)), null)
    assert.match(told[0]!, /^EHLO /)
    assert.deepEqual(told.slice(1, 5), [
      'MAIL FROM:<proxy@example.org>',
      'RCPT TO:<ops@example.org>',
      'RCPT TO:<second@example.org>',
      'DATA',
    ])
    const [head = '', body] = told[5]!.split('\r\n\r\n')
    assert.match(head, /^From: Headgate <proxy@example\.org>\r\n/)
    assert.match(head, /\r\nTo: ops@example\.org, Second <second@example\.org>\r\n/)
    assert.match(head, /\r\nDate: Sat, 21 Nov 2026 01:02:03 \+0000\r\n/)
    assert.equal(body, 'First\r\n..dot\r\nlast')
  })

  it('greets a server in the old way that does not know the new one', async t => {
    const { smtp, told } = await openServer(t, line =>
      line.startsWith('EHLO') ? '500 what\r\n' : null,
    )
    assert.equal(await sendMail(MAIL, sending(smtp)), null)
    assert.match(told[1]!, /^HELO /)
  })

  it('takes a reply without a text', async t => {
    const { smtp, told } = await openServer(t, line =>
      line.startsWith('MAIL') ? '250\r\n' : line.startsWith('RCPT') ? '250-\r\n250\r\n' : null,
    )
    assert.equal(await sendMail(MAIL, sending(smtp, { timeoutMs: 5000 })), null)
    assert.equal(told[4], 'DATA')
  })

  it('tells what a server has against it', async t => {
    const { smtp } = await openServer(t, line =>
      line.startsWith('RCPT') ? '550 nobody\r\n' : null,
    )
    assert.equal(
      await sendMail(MAIL, sending(smtp)),
      `SMTP server ${smtp}: "550 nobody" to RCPT TO:<ops@example.org>`,
    )
  })

  it('tells of a server that refuses connections', async t => {
    const { smtp } = await openServer(t)
    const dead = smtp.replace(/\d+$/, '1')
    assert.equal(
      await sendMail(MAIL, sending(dead)),
      `SMTP server ${dead}: 111: Connection refused`,
    )
  })

  it('gives up on a server that is silent', async t => {
    const { smtp } = await openServer(t, () => '')
    const problem = await sendMail(MAIL, sending(smtp, { timeoutMs: 100 }))
    assert.equal(problem, `SMTP server ${smtp}: no end in 100 ms`)
  })

  it('gives up on a server whose reply has no end', async t => {
    const { smtp } = await openServer(t, () => `220-${'x'.repeat(40_000)}`)
    const problem = await sendMail(MAIL, sending(smtp))
    assert.equal(problem, `SMTP server ${smtp}: its reply does not end`)
  })

  it('stops when it is told to', async t => {
    const { smtp } = await openServer(t, () => '')
    const end = new AbortController()
    const sent = sendMail(MAIL, sending(smtp, { signal: end.signal }))
    end.abort()
    assert.equal(await sent, `SMTP server ${smtp}: it was stopped`)
  })

  it('gives a mail to sendmail where no server is named', async t => {
    const directory = makeDirectory(t, {
      sendmail: '#!/bin/sh\necho "$@" > "$0.args"; cat > "$0.in"\n',
    })
    const path = join(directory, 'sendmail')
    chmodSync(path, 0o755)
    assert.equal(await sendMail(MAIL, sending('', { sendmailPaths: ['/nowhere', path] })), null)
    assert.equal(readFileSync(`${path}.args`, 'utf8'), '-t -oi\n')
    const text = readFileSync(`${path}.in`, 'utf8')
    assert.match(text, /^From: Headgate <proxy@example\.org>\nTo: /)
    assert.match(text, /\n\nFirst\n\.dot\nlast\n$/)
  })

  it('says that there is no sendmail', async () => {
    assert.equal(
      await sendMail(MAIL, sending('', { sendmailPaths: ['/nowhere'] })),
      'no sendmail in /nowhere: name an SMTP server',
    )
  })
})

describe('mailText', () => {
  it('lets no line end in a subject begin a field', () => {
    const text = mailText({ ...MAIL, subject: 'a\r\nBcc: x@example.org' }, NOW)
    assert.match(text, /\r\nSubject: =\?utf-8\?B\?[^\r]*\r\n/)
    assert.doesNotMatch(text, /\r\nBcc/)
  })

  it('encodes what is not ASCII', () => {
    const text = mailText({ ...MAIL, subject: 'größer '.repeat(10), text: 'größer\n' }, NOW)
    const subject = /\r\nSubject: ([^\r]*)/.exec(text)![1]!
    const words = subject.split(' ')
    assert.equal(words.length > 1, true)
    for (const word of words) assert.equal(word.length <= 75, true)
    const decoded = words.map(word => Buffer.from(word.split('?')[3]!, 'base64').toString())
    assert.equal(decoded.join(''), 'größer '.repeat(10))
    const body = text.split('\r\n\r\n')[1]!
    assert.equal(Buffer.from(body, 'base64').toString(), 'größer\n')
  })

  it('encodes lines that are longer than a server takes', () => {
    const text = mailText({ ...MAIL, text: 'x'.repeat(5_000) }, NOW)
    for (const line of text.split('\r\n')) assert.equal(line.length <= 998, true)
  })
})
