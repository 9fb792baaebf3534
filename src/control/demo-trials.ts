// What the demo says about the proxy it has measured through it: requests one after the other, and who answered them.

import { get } from 'node:http'

import type { OriginAnswer } from './demo-origin.ts'

/** Requests that find out what a death did. */
export const TRIALS = 12
const TIMEOUT_MS = 5000

/** Who answered a request of a trial; `isWrong` when it was not with what was asked for. */
export interface TrialAnswer {
  readonly origin: number
  readonly isWrong: boolean
}

/** Who answered, in turn; null where nobody did. */
export async function askOften(port: number): Promise<readonly (TrialAnswer | null)[]> {
  const answers: (TrialAnswer | null)[] = []
  for (let trial = 0; trial < TRIALS; trial++) answers.push(await askOnce(port))
  return answers
}

/** `all 12 were answered: origin 1 ×6, origin 3 ×6; requests go on`. */
export function trialText(answers: readonly (TrialAnswer | null)[]): string {
  const counts = new Map<number, number>()
  const right = answers.filter(answer => answer !== null && !answer.isWrong)
  for (const answer of right) counts.set(answer!.origin, (counts.get(answer!.origin) ?? 0) + 1)
  const shares = [...counts].sort((a, b) => a[0] - b[0])
  const shareText = shares.map(([origin, count]) => `origin ${origin} ×${count}`).join(', ')
  const wrong = answers.filter(answer => answer?.isWrong).length
  const wrongText = wrong === 0 ? '' : `; ${wrong} with the wrong page`
  const total = answers.length
  if (right.length === total) return `all ${total} were answered: ${shareText}; requests go on`
  if (right.length > 0) return `${right.length} of ${total} were answered: ${shareText}${wrongText}`
  return `none of ${total} was answered${wrongText === '' ? ': no origin is left' : wrongText}`
}

function askOnce(port: number): Promise<TrialAnswer | null> {
  const { promise, resolve } = Promise.withResolvers<TrialAnswer | null>()
  const request = get({ host: '127.0.0.1', port, path: '/api', agent: false }, response => {
    let body = ''
    response.setEncoding('utf8')
    response.on('data', text => {
      body += text
    })
    response.on('error', () => resolve(null))
    response.on('end', () => resolve(response.statusCode === 200 ? answerIn(body) : null))
  })
  request.setTimeout(TIMEOUT_MS, () => request.destroy())
  request.on('error', () => resolve(null))
  request.on('close', () => resolve(null))
  return promise
}

/** An origin that is broken still answers, but not who it is. */
function answerIn(body: string): TrialAnswer {
  try {
    return { origin: (JSON.parse(body) as OriginAnswer).origin, isWrong: false }
  } catch {
    return { origin: 0, isWrong: true }
  }
}
