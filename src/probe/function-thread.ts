// The thread in which the functions of one module run: an entry file. Whatever they do, it is this
// thread that they block or bring down, and the prober starts another.

import { stat } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { failedCallText } from '../base/system-error.ts'
import type { CheckedPeer, FromThread, ToThread } from './function-words.ts'
import { placeFrom, plain, quoted, thrownText } from './reason.ts'

type CheckFunction = (peer: CheckedPeer, signal: AbortSignal) => unknown

/** Starts to listen; the rest of the thread's life is answers. */
function serve(port: MessagePort, path: string): void {
  const running = new Map<number, AbortController>()
  const say = (word: FromThread) => port.postMessage(word)
  const die = (error: unknown) => {
    say({ kind: 'died', text: thrownText(error) || 'something without a message was thrown' })
    process.exit(1)
  }
  process.on('uncaughtException', die)
  // By default it becomes the other one; a module may have changed that for its process.
  process.on('unhandledRejection', die)
  port.on('message', (word: ToThread) => {
    if (word.kind === 'stop') {
      say({ kind: 'stopped', id: word.id })
      // What listens to the signal is the user's.
      running.get(word.id)?.abort()
      running.delete(word.id)
      return
    }
    if (word.kind === 'load') {
      void tryToLoad(path).then(say)
      return
    }
    const controller = new AbortController()
    running.set(word.id, controller)
    const onBegin = () => say({ kind: 'begun', id: word.id })
    void callFunction(path, word.peer, controller.signal, onBegin).then(fault => {
      running.delete(word.id)
      say({ kind: 'answer', id: word.id, fault })
    })
  })
  say({ kind: 'ready' })
}

async function callFunction(
  path: string,
  peer: CheckedPeer,
  signal: AbortSignal,
  onBegin: () => void,
): Promise<string> {
  const check = await loadFunction(path)
  if (typeof check === 'string') return check
  if (signal.aborted) return 'stopped'
  onBegin()
  try {
    await check(peer, signal)
    return ''
  } catch (error) {
    return thrownText(error) || 'the function threw'
  }
}

/** What the thread has: a module that was loaded stays as it is, whatever becomes of its file. */
let loaded: CheckFunction | null = null

/** The function, or what is wrong with the module. One that could not be loaded is tried again. */
async function loadFunction(path: string): Promise<CheckFunction | string> {
  if (loaded !== null) return loaded
  try {
    const found = await importFunction(path)
    if (typeof found === 'function') loaded ??= found
    return found
  } catch (error) {
    return `cannot load the check: ${loadText(error, path)}`
  }
}

/** The function, or that there is none. Fails with what loading fails with. */
async function importFunction(path: string): Promise<CheckFunction | string> {
  const { mtimeMs } = await stat(path)
  const url = pathToFileURL(path)
  // A file that has changed since it failed is another module.
  url.search = `changed=${mtimeMs}`
  const module: { readonly default?: unknown } = await import(url.href)
  // The default export is whatever the user wrote; its kind is all that can be checked.
  if (typeof module.default === 'function') return module.default as CheckFunction
  return `${quoted(path)} has no function as its default export`
}

async function tryToLoad(path: string): Promise<FromThread> {
  const fine = { kind: 'loaded', text: '', place: '', isSyntax: false, isLasting: false } as const
  try {
    const found = await importFunction(path)
    return typeof found === 'function' ? fine : { ...fine, text: found, isLasting: true }
  } catch (error) {
    // Not one that the module's own code threw.
    const stack = error instanceof SyntaxError ? (error.stack ?? '') : ''
    const isSyntax = /\n {4}at (.*)/.exec(stack)?.[1]?.includes('node:internal') === true
    const place = isSyntax ? placeFrom(stack) : ''
    return { ...fine, text: loadText(error, path), place, isSyntax, isLasting: isSyntax }
  }
}

function loadText(error: unknown, path: string): string {
  try {
    return plain(failedCallText(error, path))
  } catch {
    return thrownText(error)
  }
}

if (parentPort !== null) serve(parentPort, String(workerData))
