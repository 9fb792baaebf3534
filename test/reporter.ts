// What `npm test` prints: a line for each file when it is done, and each failure at once with its place, so that a run
// that is stopped half-way has said what it knew.

import { relative } from 'node:path'
import type { TestEvent } from 'node:test/reporters'
import { inspect } from 'node:util'

const root = new URL('..', import.meta.url).pathname

/** The shape `node --test --test-reporter` asks for: takes the runner's events, gives text. */
// biome-ignore lint/style/noDefaultExport: the runner takes the default export
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const { type, data } of events) {
    if (type === 'test:fail') {
      const place = `${named(data.file)}:${data.line ?? 1}`
      yield `✖ ${place} ${data.name}\n${indented(cause(data.details.error))}\n`
    } else if (type === 'test:pass' && typeof data.skip === 'string') {
      yield `- ${named(data.file)}:${data.line ?? 1} ${data.name}: skipped, ${data.skip}\n`
    } else if (type === 'test:stderr') {
      yield data.message
    } else if (type === 'test:summary' && data.file !== undefined) {
      const { tests, passed, cancelled, skipped, todo } = data.counts
      const failed = tests - passed - cancelled - skipped - todo
      const others = [failed && `${failed} failed`, cancelled && `${cancelled} cancelled`]
      const counts = [`${passed} passed`, ...others, skipped && `${skipped} skipped`].filter(
        Boolean,
      )
      const seconds = (data.duration_ms / 1000).toFixed(1)
      yield `${data.success ? '✔' : '✖'} ${named(data.file)}: ${counts.join(', ')} (${seconds} s)\n`
    }
  }
}

function named(file: string | undefined): string {
  return file === undefined ? 'the run' : relative(root, file)
}

/** The runner wraps what a test threw; the inner error is what the reader wants. */
function cause(error: Error): string {
  const inner = error.cause instanceof Error ? error.cause : error
  return inspect(inner, { depth: 4 })
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, '  ')
}
