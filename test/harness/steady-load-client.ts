// Sends requests at a steady rate, whatever becomes of those before: `URL RATE TIMEOUT_MS NAME`. SEQ in the URL is the
// number of the request, NAME the User-Agent. A line for each that has ended: number, milliseconds since it began,
// outcome. The end of standard input ends it, once the last request has its answer.

import { Agent, type IncomingMessage, request } from 'node:http'

const [url = '', rate = '', timeout = '', name = ''] = process.argv.slice(2)
const perSecond = Number(rate)
const timeoutMs = Number(timeout)
// Like users: most come back on a connection of theirs, some are new.
const kept = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })
const NEW_EVERY = 4

const startedMs = performance.now()
let sent = 0

const ticks = setInterval(() => {
  const due = ((performance.now() - startedMs) * perSecond) / 1000
  while (sent < due) ask(sent++)
}, 5)

process.stdin.on('end', () => clearInterval(ticks)).resume()

function ask(number: number): void {
  const beganMs = performance.now()
  let hasEnded = false
  const end = (outcome: string) => {
    if (hasEnded) return
    hasEnded = true
    clearTimeout(patience)
    const tookMs = Math.round(performance.now() - beganMs)
    process.stdout.write(`${number} ${tookMs} ${outcome}\n`)
  }
  const asked = request(url.replaceAll('SEQ', String(number)), {
    agent: number % NEW_EVERY === 0 ? false : kept,
    headers: { 'user-agent': name },
  })
  const patience = setTimeout(() => {
    end('left')
    asked.destroy()
  }, timeoutMs)
  asked.on('error', error => end((error as NodeJS.ErrnoException).code ?? 'error'))
  asked.on('response', response => readAnswer(response, end))
  asked.end()
}

function readAnswer(response: IncomingMessage, end: (outcome: string) => void): void {
  response.on('aborted', () => end('cut'))
  response.on('error', () => end('cut'))
  response.on('end', () => end(response.complete ? String(response.statusCode) : 'cut'))
  response.resume()
}
