// Runs the tests: every `*.test.ts` below test/, each file in a process of its own. `npm test -- PATH…` runs the files
// below the paths given; `npm test -- --list` names them. Files that need a quiet machine run one at a time.

import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative } from 'node:path'

const root = new URL('..', import.meta.url).pathname
const wanted = process.argv.slice(2).filter(word => !word.startsWith('-'))

/** Every worker and program of a test loads the same modules: what they compile to is kept between them. */
const env = {
  NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/compiled'),
  ...process.env,
}

/** Folders that start real programs and watch their timing: one file at a time. */
const ALONE = ['test/system', 'test/scenario', 'test/package']

const files = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
  .map(name => join('test', name))
  .filter(name => name.endsWith('.test.ts'))
  .filter(
    name =>
      wanted.length === 0 ||
      wanted.some(path => name.startsWith(relative(root, join(process.cwd(), path)))),
  )
  .sort()

if (process.argv.includes('--list')) {
  process.stdout.write(`${files.join('\n')}\n`)
} else if (files.length === 0) {
  process.stderr.write(`no test file below ${wanted.join(', ')}\n`)
  process.exitCode = 1
} else {
  const isAlone = (name: string) => ALONE.some(folder => name.startsWith(`${folder}/`))
  const together = await run(
    files.filter(name => !isAlone(name)),
    availableParallelism(),
  )
  const alone = await run(files.filter(isAlone), 1)
  process.exitCode = together || alone
}

/** Runs `node --test` on the files; resolves with its exit code. */
function run(names: readonly string[], concurrency: number): Promise<number> {
  if (names.length === 0) return Promise.resolve(0)
  const reporter = process.stdout.isTTY ? 'spec' : 'dot'
  const options = [
    '--test',
    `--test-concurrency=${concurrency}`,
    '--test-timeout=180000',
    `--test-reporter=${process.env.TEST_REPORTER ?? reporter}`,
  ]
  return new Promise(resolve => {
    const child = spawn(process.execPath, [...options, ...names], {
      cwd: root,
      stdio: 'inherit',
      env,
    })
    child.on('close', code => resolve(code ?? 1))
  })
}
