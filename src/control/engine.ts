// What the JavaScript engine and Node are told about worker threads. A request runs through some thirty small functions;
// with V8's own budget for inlining half of them stay calls (docs/decisions/020-engine-settings.md).

import { setFlagsFromString } from 'node:v8'

/** Bytecodes of one function that is inlined, and of all that are inlined into one: V8 has 460 and 920. */
const ENGINE_FLAGS = [
  '--max-inlined-bytecode-size=700',
  '--max-inlined-bytecode-size-cumulative=2000',
]

/** Nothing in a worker uses AsyncLocalStorage, and the way Node carries it costs every callback of a socket. */
const THREAD_FLAG = '--no-async-context-frame'

let isTuned = false

/** Sets the engine up for the workers that are made from here on, and says how to make them. */
export function tuneEngine(): { readonly execArgv?: string[] } {
  // Who starts the program with options of his own has them all.
  if (process.execArgv.length > 0) return {}
  if (!isTuned) {
    isTuned = true
    for (const flag of ENGINE_FLAGS) setFlagsFromString(flag)
  }
  // A list takes the place of the options that this process was started with: there are none.
  return process.allowedNodeEnvironmentFlags.has(THREAD_FLAG) ? { execArgv: [THREAD_FLAG] } : {}
}
