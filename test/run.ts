// Runs the tests: every `*.test.ts` below test/, each file in a process of its own. `npm test -- PATH…` runs the files
// below the paths given; `npm test -- --list` names them. Files that need a quiet machine run one at a time, each in a
// process group with a limit of time: what a test that failed left behind can neither hold the run nor harm the next.

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

/** What one such file, and all the others together, may take before they are ended, in ms. */
const FILE_LIMIT = 8 * 60_000
const TOGETHER_LIMIT = 20 * 60_000

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
  const together = files.filter(name => !isAlone(name))
  let code = together.length === 0 ? 0 : await run(together, availableParallelism(), TOGETHER_LIMIT)
  for (const name of files.filter(isAlone)) code = (await run([name], 1, FILE_LIMIT)) || code
  process.exitCode = code
}

/** Runs `node --test` on the files in a process group of their own; resolves with its exit code, 1 at the limit. */
function run(names: readonly string[], concurrency: number, limit: number): Promise<number> {
  const options = [
    '--test',
    `--test-concurrency=${concurrency}`,
    '--test-timeout=180000',
    `--test-reporter=${process.env.TEST_REPORTER ?? new URL('reporter.ts', import.meta.url).href}`,
  ]
  return new Promise(resolve => {
    const child = spawn(process.execPath, [...options, ...names], {
      cwd: root,
      stdio: 'inherit',
      env,
      detached: true,
    })
    const endGroup = () => {
      try {
        process.kill(-(child.pid ?? 0), 'SIGKILL')
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
      }
    }
    const timer = setTimeout(() => {
      const what = names.length === 1 ? names[0] : `the ${names.length} files`
      process.stdout.write(`✖ ${what}: not done after ${limit / 1000} s, ended\n`)
      endGroup()
    }, limit)
    const interrupted = () => {
      endGroup()
      process.exit(130)
    }
    process.once('SIGINT', interrupted).once('SIGTERM', interrupted)
    child.on('exit', code => {
      clearTimeout(timer)
      process.off('SIGINT', interrupted).off('SIGTERM', interrupted)
      endGroup()
      resolve(code ?? 1)
    })
  })
}
