// A short mail about a peer: by the machine's own `sendmail -t`, or straight to an SMTP server
// (RFC 5321; the text by RFC 5322, base64 where it is not ASCII). One mail is one connection with
// one limit of time; nothing is kept for later.

import { existsSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { hostname, userInfo } from 'node:os'

import { systemErrorText } from '../base/system-error.ts'
import { CONTROL_LIMITS } from './limits.ts'
import { runProgram } from './run-program.ts'

export interface Mail {
  readonly to: readonly string[]
  /** Empty = who we run as. */
  readonly from: string
  readonly subject: string
  /** Lines end with `\n`. */
  readonly text: string
}

export interface MailSending {
  /** `host` or `host:port`; empty = `sendmail`. */
  readonly smtp: string
  readonly now: () => Date
  readonly signal: AbortSignal
  readonly timeoutMs?: number
  /** Where `sendmail` is looked for. */
  readonly sendmailPaths?: readonly string[]
}

const SENDMAIL_PATHS = ['/usr/sbin/sendmail', '/usr/lib/sendmail', '/usr/bin/sendmail']
const SMTP_PORT = 25
/** Bytes of one reply: a server has no reason to say more. */
const REPLY_BYTES_MAX = 16_384

/** Sends a mail. Returns null, or one line why it was not taken. */
export function sendMail(mail: Mail, sending: MailSending): Promise<string | null> {
  const from = mail.from === '' ? ownAddress() : mail.from
  const bytes = mailText({ ...mail, from }, sending.now())
  const { timeoutMs = CONTROL_LIMITS.mailTimeoutMs, signal } = sending
  if (sending.smtp !== '') return sendBySmtp(sending.smtp, from, mail.to, bytes, timeoutMs, signal)
  const { sendmailPaths = SENDMAIL_PATHS } = sending
  const program = sendmailPaths.find(path => existsSync(path))
  if (program === undefined) {
    return Promise.resolve(`no sendmail in ${sendmailPaths.join(', ')}: name an SMTP server`)
  }
  const input = bytes.replaceAll('\r\n', '\n')
  return runProgram(`'${program}'`, { arguments: ['-t', '-oi'], input, timeoutMs, signal })
}

/** The whole message, with lines as SMTP has them. */
export function mailText({ to, from, subject, text }: Mail, now: Date): string {
  const isAscii = /^[\x00-\x7f]*$/.test(text)
  const isShort = text.split('\n').every(line => line.length <= 900)
  const is7Bit = isAscii && isShort
  const body = is7Bit
    ? text.replaceAll(/\r?\n/g, '\r\n')
    : (
        Buffer.from(text)
          .toString('base64')
          .match(/.{1,76}/g) ?? []
      ).join('\r\n')
  const fields = [
    ['From', from],
    ['To', to.join(', ')],
    ['Subject', encodeWord(subject)],
    ['Date', now.toUTCString().replace('GMT', '+0000')],
    ['Message-ID', `<${now.getTime()}.${process.pid}.${serial++}@${hostname()}>`],
    ['Auto-Submitted', 'auto-generated'],
    ['MIME-Version', '1.0'],
    ['Content-Type', 'text/plain; charset=utf-8'],
    ['Content-Transfer-Encoding', is7Bit ? '7bit' : 'base64'],
  ]
  const head = fields.map(([name, value]) => `${name}: ${oneLine(value!)}\r\n`).join('')
  return `${head}\r\n${body}${body.endsWith('\r\n') ? '' : '\r\n'}`
}

let serial = 0

function ownAddress(): string {
  return `${userInfo().username}@${hostname()}`
}

/** A line end in a value would begin a field of its own. */
function oneLine(text: string): string {
  return text.replaceAll(/[\x00-\x1f\x7f]+/g, ' ')
}

/** RFC 2047: what is not ASCII, in words of at most 75 characters. */
function encodeWord(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text
  const words: string[] = []
  let part = ''
  for (const character of text) {
    if (Buffer.byteLength(part + character) > 42) {
      words.push(part)
      part = ''
    }
    part += character
  }
  words.push(part)
  return words.map(word => `=?utf-8?B?${Buffer.from(word).toString('base64')}?=`).join(' ')
}

/** The mailbox in `Name <a@b>` or `a@b`. */
function mailbox(address: string): string {
  return oneLine(/<([^<>]*)>\s*$/.exec(address)?.[1] ?? address).replaceAll(/[<>\s]/g, '')
}

async function sendBySmtp(
  server: string,
  from: string,
  to: readonly string[],
  message: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<string | null> {
  const { host, port } = hostAndPort(server)
  const talk = new SmtpTalk(connect({ host, port }))
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
  const onAbort = () => talk.fail(signal.aborted ? 'it was stopped' : `no end in ${timeoutMs} ms`)
  limit.addEventListener('abort', onAbort)
  if (limit.aborted) onAbort()
  try {
    await talk.expect(null, 220)
    const hello = hostname() || 'localhost'
    await talk.expect(`EHLO ${hello}`, 250).catch(() => talk.expect(`HELO ${hello}`, 250))
    await talk.expect(`MAIL FROM:<${mailbox(from)}>`, 250)
    for (const address of to) await talk.expect(`RCPT TO:<${mailbox(address)}>`, 250, 251)
    await talk.expect('DATA', 354)
    // RFC 5321 §4.5.2: a dot that begins a line is doubled.
    await talk.expect(`${message.replaceAll(/^\./gm, '..')}.`, 250)
    talk.end('QUIT')
    return null
  } catch (error) {
    return `SMTP server ${server}: ${(error as Error).message}`
  } finally {
    limit.removeEventListener('abort', onAbort)
    talk.close()
  }
}

function hostAndPort(server: string): { readonly host: string; readonly port: number } {
  const found = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(server)
  if (found === null) return { host: server, port: SMTP_PORT }
  return { host: found[1] ?? found[2]!, port: found[3] === undefined ? SMTP_PORT : +found[3] }
}

/** Commands and replies, one after the other. */
class SmtpTalk {
  readonly #socket: Socket
  #text = ''
  #problem = ''
  #wake: () => void = () => {}

  constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      this.#text += text
      if (this.#text.length > REPLY_BYTES_MAX) this.fail('its reply does not end')
      this.#wake()
    })
    socket.on('error', error => this.fail(systemErrorText(error)))
    socket.on('close', () => this.fail('it closed the connection'))
  }

  fail(problem: string): void {
    this.#problem ||= problem
    this.#wake()
  }

  /** Sends a command and waits for its reply; throws an `Error` with it when it is another. */
  async expect(command: string | null, ...codes: readonly number[]): Promise<void> {
    if (command !== null && this.#problem === '') this.#socket.write(`${command}\r\n`)
    const reply = await this.#reply()
    if (codes.includes(Number(reply.slice(0, 3)))) return
    const asked = command === null ? 'its greeting' : (command.split(/[\r\n]/)[0] ?? '')
    const to = asked.startsWith('From: ') ? 'the message' : asked
    throw new Error(`"${reply.trim().slice(0, 200)}" to ${to}`)
  }

  end(command: string): void {
    this.#socket.end(`${command}\r\n`)
  }

  close(): void {
    this.#socket.destroySoon()
  }

  /** RFC 5321 §4.2.1: lines `250-text`, the last one `250 text` or `250`. */
  async #reply(): Promise<string> {
    for (;;) {
      const end = /^(?:\d{3}-[^\n]*\n)*\d{3}(?: [^\n]*|\r)?\n/.exec(this.#text)
      if (end !== null) {
        this.#text = this.#text.slice(end[0].length)
        return end[0].replaceAll(/\r?\n/g, ' ')
      }
      if (this.#problem !== '') throw new Error(this.#problem)
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      await promise
    }
  }
}
