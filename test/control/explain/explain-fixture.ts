// Explanations of requests to configurations that are written in a test: read as the command reads them, from a file.

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { renderDiagnostics } from '../../../src/config/diagnostic.ts'
import { type AskedWords, readAsked } from '../../../src/control/explain/asked.ts'
import { explain } from '../../../src/control/explain/explain.ts'
import type { Explanation } from '../../../src/control/explain/explanation.ts'
import { type Loaded, loadOffline } from '../../../src/control/load.ts'

export interface ExplainFixture {
  readonly directory: string
  ask(words: AskedWords, listen?: string): Promise<Explanation>
  /** What is said in place of an explanation. */
  refusal(words: AskedWords, listen?: string): Promise<string>
  remove(): void
}

/** Writes the files, the configuration first among them, and loads it. */
export async function makeExplainer(
  files: Readonly<Record<string, string>>,
): Promise<ExplainFixture> {
  const directory = mkdtempSync(join(tmpdir(), 'headgate-explain-'))
  for (const [name, text] of Object.entries(files)) {
    const path = join(directory, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text.replaceAll('DIR', directory))
  }
  const loaded = await loadOffline({
    file: join(directory, Object.keys(files)[0]!),
    prefix: directory,
    globals: '',
    format: null,
    env: {},
    hostname: 'here',
    isForeground: false,
    errorLogPath: null,
    keepsWritten: true,
  })
  assert.ok(loaded.config !== null, renderDiagnostics(loaded.diagnostics, loaded.sources))
  return {
    directory,
    async ask(words, listen) {
      const found = await explainOne(loaded, words, listen)
      assert.ok(typeof found !== 'string', String(found))
      return withoutDirectory(found, directory)
    },
    async refusal(words, listen) {
      const found = await explainOne(loaded, words, listen)
      assert.ok(typeof found === 'string')
      return found
    },
    remove: () => rmSync(directory, { recursive: true }),
  }
}

async function explainOne(
  loaded: Loaded,
  words: AskedWords,
  listen: string | undefined,
): Promise<Explanation | string> {
  const asked = readAsked(words)
  assert.ok(typeof asked !== 'string', String(asked))
  const options = { asked, hostname: 'here', ...(listen === undefined ? {} : { listen }) }
  return explain(loaded, options)
}

function withoutDirectory(explanation: Explanation, directory: string): Explanation {
  return JSON.parse(JSON.stringify(explanation).replaceAll(`${directory}/`, ''))
}

/** The decisions about a topic: `text @ place`. */
export function linesOf({ decisions }: Explanation, topic: string): string[] {
  return decisions
    .filter(decision => decision.topic === topic)
    .map(({ text, at }) => (at === '' ? text : `${text} @ ${at}`))
}
