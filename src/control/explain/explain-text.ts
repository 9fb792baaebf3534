// An explanation as text: one line for each decision, the topic before it and the line of the configuration behind it.

import type { Decision, Explanation } from './explanation.ts'

/** Column in which places begin, where lines are not longer. */
const PLACE_COLUMN = 72
const CONTROLS = /[\x00-\x1f\x7f-\x9f\u2028\u2029]/g

/** What is printed. */
export function explanationText({ method, url, decisions }: Explanation): string {
  let text = `${method} ${url}\n\n`.replaceAll(/[\x00-\x09\x0b-\x1f\x7f]/g, '\ufffd')
  let before: Decision['topic'] | null = null
  for (const { topic, text: said, at } of decisions) {
    const title = topic === before ? '' : topic
    const line = `${title.padEnd(10)}${printable(said)}`
    text += `${at === '' ? line : `${line.padEnd(PLACE_COLUMN)}  ${printable(at)}`}\n`
    before = topic
  }
  return text
}

/** What comes from requests and files does not reach the terminal as control characters. */
function printable(text: string): string {
  return text.replaceAll(CONTROLS, '\ufffd')
}
