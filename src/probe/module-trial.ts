// Loads a module of check functions once to see whether it can be: in a thread of its own, which is
// ended after that. What is wrong with its text is found before any check would be bad by it.

import { execFile } from 'node:child_process'
import { Worker } from 'node:worker_threads'
import { type Delay, systemDelay } from '../base/delay.ts'
import { THREAD_LIMITS, THREAD_URL } from './function-host.ts'
import type { FromThread, ToThread } from './function-words.ts'
import { PROBE_LIMITS } from './limits.ts'
import { placeFrom, thrownText } from './reason.ts'

/** Why a module cannot be loaded. */
export interface ModuleProblem {
  readonly text: string
  /** Its text is wrong, so it stays so; otherwise it may be another time. */
  readonly isLasting: boolean
}

/** Tries a module. Never rejects; null = it can be loaded. */
export async function tryModule(
  path: string,
  delay: Delay = systemDelay,
): Promise<ModuleProblem | null> {
  const over = new AbortController()
  let thread: Worker | null = null
  try {
    thread = new Worker(THREAD_URL, { workerData: path, ...THREAD_LIMITS })
    const fault = await Promise.race([
      answerOf(thread),
      delay(PROBE_LIMITS.moduleTrialMs, over.signal).then(() => null),
    ])
    if (fault === null) {
      const text = `it was not loaded in ${PROBE_LIMITS.moduleTrialMs / 1000} s`
      return { text, isLasting: false }
    }
    if (fault.text === '') return null
    const place = fault.isSyntax && fault.place === '' ? await placeIn(path) : fault.place
    return {
      text: place === '' ? fault.text : `${place}: ${fault.text}`,
      isLasting: fault.isLasting,
    }
  } catch (error) {
    return { text: thrownText(error), isLasting: false }
  } finally {
    over.abort()
    void thread?.terminate()
  }
}

type Loaded = Extract<FromThread, { kind: 'loaded' }>

function answerOf(thread: Worker): Promise<Loaded> {
  const { promise, resolve } = Promise.withResolvers<Loaded>()
  const end = (text: string) =>
    resolve({ kind: 'loaded', text, place: '', isSyntax: false, isLasting: false })
  thread.on('message', (word: FromThread | null) => {
    if (word?.kind === 'loaded') resolve(word)
    if (word?.kind === 'died') end(word.text)
  })
  thread.on('error', error => end(thrownText(error)))
  thread.on('exit', code => end(`it ended its thread with exit code ${code}`))
  thread.postMessage({ kind: 'load' } satisfies ToThread)
  return promise
}

/**
 * Where the text of a module, or of one that it imports, is wrong. A thread is not told, but a process
 * prints it; nothing of the module runs, because it cannot be read.
 */
function placeIn(path: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const options = { timeout: PROBE_LIMITS.moduleTrialMs, killSignal: 'SIGKILL' } as const
  execFile(process.execPath, [path], options, (_error, _stdout, stderr) => {
    resolve(placeFrom(stderr))
  })
  return promise
}
