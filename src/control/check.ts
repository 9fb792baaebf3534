// `headgate check` and `-t`: everything that a start would find out, without starting. The two differ in one line.

import { countText } from '../config/diagnostic.ts'
import { checkListeners, type Loaded, type LoadOptions, load } from './load.ts'
import { NameTable } from './name-table.ts'
import { showFindings } from './report.ts'
import { say, type Terminal } from './terminal.ts'

/** Loads the configuration and tries its addresses. */
export async function loadForCheck(options: LoadOptions): Promise<Loaded> {
  const table = new NameTable({ log: () => {}, onChange: () => {} })
  const loaded = await load(options, { table, isTrial: true })
  await table.close()
  if (loaded.config === null) return loaded
  const found = await checkListeners(loaded.config)
  return {
    ...loaded,
    config: found.length > 0 ? null : loaded.config,
    diagnostics: [...loaded.diagnostics, ...found],
  }
}

/** Says what is wrong with a configuration. Returns the exit code. */
export async function checkConfiguration(
  options: LoadOptions,
  terminal: Terminal,
  isQuiet: boolean,
): Promise<number> {
  const loaded = await loadForCheck(options)
  showFindings(terminal, loaded, isQuiet ? ['error'] : ['error', 'warning', 'notice'])
  const counts = countText(loaded.diagnostics)
  const isFine = loaded.config !== null
  if (!isFine || !isQuiet) {
    const text = isFine ? 'the configuration can run' : 'the configuration cannot run'
    say(terminal, `${options.file}: ${text}${counts === '' ? '' : ` (${counts})`}`)
  }
  return isFine ? 0 : 1
}
