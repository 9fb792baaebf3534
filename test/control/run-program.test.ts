// Real programs: what they are given, how their ends are told, and how they are ended.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'

import { runProgram, splitWords } from '../../src/control/run-program.ts'
import { makeDirectory } from '../harness/program.ts'

/** A shell script; `OUT` in it is a file that the test reads. */
function script(t: TestContext, text: string): { readonly path: string; readonly out: string } {
  const directory = makeDirectory(t)
  const out = join(directory, 'out')
  const files = makeDirectory(t, { 'it.sh': `#!/bin/sh\n${text.replaceAll('OUT', out)}\n` })
  const path = join(files, 'it.sh')
  chmodSync(path, 0o755)
  return { path, out }
}

/** One that has ended may wait for somebody to ask how. */
function isRunning(pid: number): boolean {
  const path = `/proc/${pid}/stat`
  return existsSync(path) && !/\) Z /.test(readFileSync(path, 'utf8'))
}

describe('runProgram', () => {
  it('gives words, environment and input', async t => {
    const { path, out } = script(t, 'echo "$1|$2|$WHY|$(cat)" > OUT')
    const problem = await runProgram(`'${path}' first`, {
      arguments: ['a b; $(date)'],
      environment: { WHY: 'so "it" is' },
      input: 'text',
    })
    assert.equal(problem, null)
    assert.equal(readFileSync(out, 'utf8'), 'first|a b; $(date)|so "it" is|text\n')
  })

  it('has outputs and an input that can be opened by their names', async t => {
    const { path } = script(
      t,
      'set -e; echo one > /dev/stdout; cat /dev/stdin > /dev/stderr; exit 3',
    )
    const input = `${'x'.repeat(200_000)}\nthe end`
    assert.equal(await runProgram(path, { arguments: [], input }), `${path}: exit code 3 (the end)`)
    const without = script(t, 'set -e; cat /dev/stdin; exit 4')
    assert.equal(await runProgram(without.path, { arguments: [] }), `${without.path}: exit code 4`)
  })

  it('does not wait for a program to read', async t => {
    const { path } = script(t, 'exit 0')
    assert.equal(await runProgram(path, { arguments: [], input: 'x'.repeat(500_000) }), null)
  })

  it('tells the exit code and the last line of what it said', async t => {
    const { path } = script(t, 'echo one; echo "two " >&2; exit 3')
    assert.equal(await runProgram(path, { arguments: [] }), `${path}: exit code 3 (two)`)
  })

  it('tells the signal that ended it', async t => {
    const { path } = script(t, 'kill -9 $$')
    assert.equal(await runProgram(path, { arguments: [] }), `${path}: ended by SIGKILL`)
  })

  it('tells of a program that is not there', async () => {
    assert.equal(
      await runProgram('/nowhere/at/all', { arguments: [] }),
      '/nowhere/at/all: 2: No such file or directory',
    )
    assert.equal(await runProgram(' ', { arguments: [] }), 'there is no program to run')
  })

  it('tells that no descriptors are left, and goes on when there are', () => {
    const text = `
      import { closeSync, openSync } from 'node:fs'
      import { runProgram } from '${import.meta.resolve('../../src/control/run-program.ts')}'
      const run = input => runProgram('true', { arguments: [], input })
      const taken = []
      await run('text')
      const take = () => { try { for (;;) taken.push(openSync('/dev/null')) } catch {} }
      // With what is in store, and without.
      const during = []
      for (let count = 0; count < 20; count++) { take(); during.push(await run('text')) }
      taken.forEach(fd => closeSync(fd))
      console.log(JSON.stringify([during.at(-1), await run('text'), await run('')]))`
    const command = 'ulimit -n 80; exec "$0" --input-type=module -e "$1"'
    const out = execFileSync('sh', ['-c', command, process.execPath, text], { encoding: 'utf8' })
    assert.deepEqual(JSON.parse(out), ['true: 24: Too many open files', null, null])
  })

  it('ends one that takes too long, with what it has started', async t => {
    const { path, out } = script(t, 'sleep 1000 & echo $! > OUT; echo waiting; wait')
    const problem = await runProgram(path, { arguments: [], timeoutMs: 400 })
    assert.equal(problem, `${path}: no end in 0.4 s (waiting)`)
    const child = Number(readFileSync(out, 'utf8'))
    assert.equal(isRunning(child), false)
  })

  it('ends one that ignores to be told', async t => {
    const { path } = script(t, "trap '' TERM; while :; do sleep 0.1; done")
    const problem = await runProgram(path, { arguments: [], timeoutMs: 200 })
    assert.equal(problem, `${path}: no end in 0.2 s`)
  })

  it('does not wait for what a program leaves behind', async t => {
    const { path, out } = script(t, 'sleep 1000 & echo $! > OUT')
    assert.equal(await runProgram(path, { arguments: [], timeoutMs: 60_000 }), null)
    process.kill(Number(readFileSync(out, 'utf8')), 'SIGKILL')
  })

  it('ends when it is told to', async t => {
    const { path } = script(t, 'sleep 1000')
    const end = new AbortController()
    const running = runProgram(path, { arguments: [], signal: end.signal })
    end.abort()
    assert.equal(await running, `${path}: it was stopped`)
  })

  it('keeps little of an output without end', async t => {
    const { path } = script(t, 'yes | head -c 10000000; exit 1')
    assert.equal(await runProgram(path, { arguments: [] }), `${path}: exit code 1 (y)`)
  })
})

describe('splitWords', () => {
  const rows: [string, string[]][] = [
    ['a b  c', ['a', 'b', 'c']],
    ['"/my programs/it" x', ['/my programs/it', 'x']],
    ["a'b c'd", ['ab cd']],
    ['a "" b', ['a', '', 'b']],
    ["it's", ["it's"]],
    ['', []],
  ]
  for (const [text, words] of rows) {
    it(`makes ${words.length} of ${JSON.stringify(text)}`, () => {
      assert.deepEqual(splitWords(text), words)
    })
  }
})
