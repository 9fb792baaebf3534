// `return`: an answer without asking anybody, in the words of the configuration.

import type { Return } from '../model/route.ts'
import { answerRedirect, answerStatus, answerText } from './answer.ts'
import { mediaType } from './media-type.ts'
import type { Handler } from './runtime.ts'
import { compileTemplate } from './variables.ts'

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** Makes the handler that answers under the settings of the exchange's location. */
export function makeReturn({ status, text }: Return): Handler {
  // Without a text only an error has a page; what is none says nothing.
  if (text === null && (status >= 400 || REDIRECTS.has(status)))
    return exchange => answerStatus(exchange, status)
  const render = compileTemplate(text ?? [])
  if (REDIRECTS.has(status)) return exchange => answerRedirect(exchange, status, render(exchange))
  return exchange => {
    // What its text says of itself.
    exchange.status = status
    const { files } = (exchange.location ?? exchange.server.fallback).settings
    const type = exchange.keptType || mediaType(exchange.uri, files)
    answerText(exchange, status, type, render(exchange))
  }
}
