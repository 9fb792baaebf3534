// `headgate explain`: says what a configuration would do with a request, without sending one.

import type { CommandInput } from '../command.ts'
import { type LoadOptions, loadOffline } from '../load.ts'
import { showFindings } from '../report.ts'
import { say } from '../terminal.ts'
import { readAsked } from './asked.ts'
import { explain } from './explain.ts'
import { explanationText } from './explain-text.ts'

/**
 * Explains the request that the command line describes.
 *
 * @returns exit code: 0 when it is explained, 1 when the configuration cannot run, 2 when the words make no request
 */
export async function explainRequest(
  { values, word, terminal }: CommandInput,
  options: LoadOptions,
): Promise<number> {
  const { method, header, client, listen, json } = values
  if (word === null) {
    say(terminal, '"explain" needs a URL: headgate explain -c FILE http://host/path')
    return 2
  }
  const asked = readAsked({
    url: word,
    ...(method === undefined ? {} : { method }),
    ...(header === undefined ? {} : { fields: header.split('\n') }),
    ...(client === undefined ? {} : { client }),
  })
  if (typeof asked === 'string') {
    say(terminal, asked)
    return 2
  }
  const loaded = await loadOffline({ ...options, keepsWritten: true })
  showFindings(terminal, loaded, ['error'])
  if (loaded.config === null) return 1
  const found = await explain(loaded, {
    asked,
    hostname: options.hostname,
    ...(listen === undefined ? {} : { listen }),
  })
  if (typeof found === 'string') {
    say(terminal, found)
    return 2
  }
  terminal.out(json === undefined ? explanationText(found) : `${JSON.stringify(found, null, 2)}\n`)
  return 0
}
