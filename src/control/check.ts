// `headgate check` and `-t`: everything that a start would find out, without starting. The two differ in one line, and in
// what `check` says of an nginx.conf beside nginx.

import { countText } from '../config/diagnostic.ts'
import { type Comparison, compareWithNginx, isFaithful } from '../config/nginx/fidelity.ts'
import { fidelityJson, fidelityLine, fidelityTable } from './fidelity.ts'
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

/** What `check` is told. */
export interface CheckOptions {
  readonly isQuiet: boolean
  /** What differs from nginx fails. */
  readonly isStrict: boolean
  /** How the comparison with nginx is shown. */
  readonly comparison: 'line' | 'table' | 'json'
}

/** Says what is wrong with a configuration. Returns the exit code. */
export async function checkConfiguration(
  options: LoadOptions,
  terminal: Terminal,
  { isQuiet, isStrict, comparison }: CheckOptions,
): Promise<number> {
  const loaded = await loadForCheck({ ...options, keepsWritten: true })
  showFindings(terminal, loaded, isQuiet ? ['error'] : ['error', 'warning', 'notice'])
  const comparisons = compare(loaded)
  if (comparison !== 'line') showComparison(comparisons, comparison, options.file, terminal)
  const counts = countText(loaded.diagnostics)
  const isFine = loaded.config !== null
  if (!isFine || !isQuiet) {
    const text = isFine ? 'the configuration can run' : 'the configuration cannot run'
    say(terminal, `${options.file}: ${text}${counts === '' ? '' : ` (${counts})`}`)
  }
  if (comparisons !== null && !isQuiet && comparison === 'line') {
    const isSame = comparisons.every(({ fidelity }) => fidelity === 'same')
    const more = isSame ? '' : ' (see them with --fidelity)'
    say(terminal, `${options.file}: ${fidelityLine(comparisons)}${more}`)
  }
  return isFine && (!isStrict || comparisons === null || isFaithful(comparisons)) ? 0 : 1
}

/** Null for another dialect. */
function compare({ written, config }: Loaded): readonly Comparison[] | null {
  return written === undefined ? null : compareWithNginx(written, config?.isStrict ?? false)
}

function showComparison(
  comparisons: readonly Comparison[] | null,
  form: 'table' | 'json',
  file: string,
  terminal: Terminal,
): void {
  if (comparisons === null) {
    say(terminal, `${file}: only an nginx.conf is compared with nginx`)
    return
  }
  terminal.out(form === 'json' ? fidelityJson(comparisons) : fidelityTable(comparisons))
}
