// What the head of an answer of our own says, with the lines of the configuration that put it there, and which file it is.

import { compileTemplate } from '../../proxy/variables.ts'
import type { Told } from '../../worker/rehearsal.ts'
import type { Decision } from './explanation.ts'
import type { Places } from './places.ts'
import type { Watch } from './watch.ts'

/** Lines that every answer has. */
const USUAL = /^(Date|Connection|Keep-Alive|Server):/i
const REDIRECTS = /^HTTP\/1\.1 3/
const BODY_SHOWN = 200

/** The lines of the head, and the beginning of a text that the configuration says. */
export function answerLines(
  { head, body }: Told,
  watch: Watch,
  places: Places,
): readonly Decision[] {
  const { chain, location } = watch
  const [first = '', ...lines] = head.trimEnd().split('\r\n')
  const added = places.lines(chain, 'add_header').map(({ args }) => args[0]?.toLowerCase())
  const decisions = lines
    .filter(line => !USUAL.test(line))
    .map((text): Decision => {
      const name = text.slice(0, text.indexOf(':')).toLowerCase()
      const at = added.includes(name)
        ? places.find(chain, ADD_HEADER, ([written]) => written?.toLowerCase() === name)
        : ''
      return { topic: 'answers', text, at }
    })
  const isOwnText = location?.config?.returns?.text != null && !REDIRECTS.test(first)
  const text = Buffer.from(body.slice(0, BODY_SHOWN), 'latin1').toString('utf8')
  const [line = ''] = text.split(/\r?\n/)
  if (!isOwnText || line === '') return decisions
  const isWhole = body.trimEnd() === line
  return [...decisions, { topic: 'answers', text: `body "${line}${isWhole ? '' : '…'}"`, at: '' }]
}

/** The file that a location without peers looks for, where the request came so far. */
export function fileDecision(watch: Watch, status: number, places: Places): readonly Decision[] {
  const { exchange, location, chain } = watch
  if (exchange === null || location === null || location.request !== null) return []
  if ((location.config ?? exchange.server.config).returns !== null || isStopped(watch, status))
    return []
  const path = compileTemplate([{ variable: 'request_filename' }])(exchange)
  const name = location.settings.files.isAlias ? 'alias' : 'root'
  const at = places.find(chain, { nginx: name, model: 'files.root' })
  const text = Buffer.from(path, 'latin1').toString('utf8')
  return [{ topic: 'file', text, at }]
}

/** Whether what was decided last is what answers. */
function isStopped({ decisions }: Watch, status: number): boolean {
  const last = decisions.at(-1)
  if (last?.topic === 'rewrite') return /^(return|redirect) /.test(last.text)
  if (last?.topic === 'access') return status === 401 || status === 403 || status === 500
  return last?.topic === 'limit' && status >= 400 && status !== 404
}

const ADD_HEADER = { nginx: 'add_header', model: 'addFields' }
