// One origin of the demo, a process of its own so that it can be killed: `/` is a page that asks `/api` again and again
// and shows who answered, `/api` says who answered. `/break` makes it answer everything with the wrong page, and 200,
// until `/mend`. It ends when the demo does, however that ends.

import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What an origin tells the demo: it listens there. */
export interface OriginReady {
  readonly port: number
}

/** What it tells the demo later. */
export interface OriginNews {
  readonly isBroken: boolean
}

/** What an origin serves, and who is told what happens to it. */
export interface OriginEvents {
  readonly onReady: (ready: OriginReady) => void
  readonly onNews: (news: OriginNews) => void
}

/** What `/api` answers. */
export interface OriginAnswer {
  readonly origin: number
  readonly pid: number
  readonly port: number
  /** Answers since the process started. */
  readonly answers: number
}

/** What a server answers that lost its site: the page of somebody's package, and 200. */
const WRONG_PAGE =
  '<!doctype html><title>Welcome!</title><p>If you see this page, the web server works.\n'

const PAGE = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Headgate demo</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem }
  table { border-collapse: collapse; width: 100% }
  td, th { text-align: left; padding: .2rem .6rem; border-bottom: 1px solid #8884 }
  .tag { color: #fff; border-radius: .3rem; padding: .1rem .5rem }
  .o1 { background: #1769aa } .o2 { background: #2e7d32 } .o3 { background: #ad5700 }
  .lost { background: #b71c1c } code { user-select: all }
  @media (prefers-color-scheme: dark) { body { background: #181818; color: #ddd } }
</style>
<h1>Headgate demo</h1>
<p>This page came through the proxy and asks it for <code>/api</code> twice a second.
Kill an origin and watch: the others take its share. Break one, and it answers 200 with the wrong page,
until a probe has found out.</p>
<table><thead><tr><th>origin<th>answers seen<th>last seen<th>to kill it<th>to break it</thead><tbody id="origins"></tbody></table>
<p>Not answered: <b id="lost">0</b></p>
<table><thead><tr><th>time<th>answered by<th>status<th>took</thead><tbody id="last"></tbody></table>
<script>
const seen = new Map(); let lost = 0
const cell = (row, text, tag) => {
  const td = row.insertCell()
  const box = td.appendChild(document.createElement(tag ? 'span' : 'code'))
  box.textContent = text
  if (tag) box.className = 'tag ' + tag
}
async function ask() {
  const began = performance.now()
  let status = 0, who = null
  try {
    const response = await fetch('/api', { cache: 'no-store' })
    status = response.status
    if (response.ok) who = await response.json()
  } catch {}
  const row = last.insertRow(0), time = new Date().toLocaleTimeString()
  cell(row, time)
  cell(row, who ? 'origin ' + who.origin : 'nobody', who ? 'o' + who.origin : 'lost')
  cell(row, status || 'no connection')
  cell(row, Math.round(performance.now() - began) + ' ms')
  while (last.rows.length > 15) last.deleteRow(-1)
  if (who) {
    const before = seen.get(who.origin)
    seen.set(who.origin, { pid: who.pid, port: who.port, time, count: (before ? before.count : 0) + 1 })
  } else document.getElementById('lost').textContent = ++lost
  origins.replaceChildren()
  for (const [origin, { pid, port, time, count }] of [...seen].sort((a, b) => a[0] - b[0])) {
    const row = origins.insertRow()
    cell(row, 'origin ' + origin, 'o' + origin); cell(row, count); cell(row, time); cell(row, 'kill ' + pid)
    cell(row, 'curl http://127.0.0.1:' + port + '/break')
  }
}
setInterval(ask, 500); ask()
</script></html>
`

/** What an origin is to be. */
export interface OriginPlan {
  readonly number: number
  readonly port: number
  /** Takes another port when its own is taken. One that comes back may not: the proxy knows the old one. */
  readonly isFlexible: boolean
}

/** Serves as an origin. Throws, later, when the port is taken and has to be this one. */
export function serveOrigin(plan: OriginPlan, { onReady, onNews }: OriginEvents): void {
  let answers = 0
  let isBroken = false
  const server = createServer((request, response) => {
    const { port } = server.address() as AddressInfo
    answers++
    const path = request.url?.split('?')[0]
    if (path === '/break' || path === '/mend') {
      isBroken = path === '/break'
      onNews({ isBroken })
      const text = isBroken ? 'with the wrong page' : 'as it should'
      return answer(response, 200, 'text/plain', `origin ${plan.number} answers ${text}\n`)
    }
    if (isBroken) return answer(response, 200, 'text/html; charset=utf-8', WRONG_PAGE)
    if (path === '/') return answer(response, 200, 'text/html; charset=utf-8', PAGE)
    const who: OriginAnswer = { origin: plan.number, pid: process.pid, port, answers }
    if (path === '/api')
      return answer(response, 200, 'application/json', `${JSON.stringify(who)}\n`)
    answer(response, 404, 'text/plain', 'there are /, /api, /break and /mend\n')
  })
  server.on('listening', () => onReady({ port: (server.address() as AddressInfo).port }))
  if (plan.isFlexible) server.once('error', () => server.listen(0, '127.0.0.1'))
  server.listen(plan.port, '127.0.0.1')
}

function answer(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  })
  response.end(body)
}

// Started by control/demo.ts with its plan.
if (process.argv[1] === import.meta.filename && process.send !== undefined) {
  // Ctrl-C reaches the whole group; the demo decides who ends when.
  process.on('SIGINT', () => {})
  process.on('disconnect', () => process.exit(0))
  serveOrigin(JSON.parse(process.argv[2]!), {
    onReady: ready => process.send!(ready),
    onNews: news => process.send!(news),
  })
}
