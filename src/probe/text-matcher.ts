// Tests texts that peers sent, in bounded time: a regex with quantifiers may backtrack for ages on
// the wrong body, so it runs in a context that is stopped. Starting the watch over it costs more
// than the regex itself, so its answers are kept: the page that a probe asks for is mostly the same
// each time.

import { createContext, Script } from 'node:vm'
import { LRUCache } from 'lru-cache'
import type { TextTest } from '../model/probe.ts'
import { PROBE_LIMITS } from './limits.ts'
import { msText, quoted } from './reason.ts'

/** Whether a regex was found; `slow` = it took too long to say, `broken` = it cannot be run. */
export type Finding = 'found' | 'missing' | 'slow' | 'broken'

const compiled = new LRUCache<string, RegExp>({ max: PROBE_LIMITS.regexAnswersMax })
const answers = new LRUCache<string, Finding>({
  max: PROBE_LIMITS.regexAnswersMax,
  maxSize: PROBE_LIMITS.regexAnswersLengthMax,
  sizeCalculation: (_finding, key) => key.length,
})

interface Sandbox {
  regex: RegExp | null
  text: string
}

const sandbox: Sandbox = { regex: null, text: '' }
const script = new Script('regex.test(text)')
let context: ReturnType<typeof createContext> | null = null

/**
 * Says what is wrong with a text.
 *
 * @param what the name of the text: `body`
 * @returns empty when it passes
 */
export function textFault(what: string, text: string, test: TextTest): string {
  const wanted = quoted(test.text)
  switch (test.kind) {
    case 'contains':
    case 'equal': {
      const isEqual = test.kind === 'equal'
      const isFound = isEqual ? isSame(text, test) : hasPart(text, test)
      if (isFound !== test.isNegated) return ''
      if (isEqual) {
        return test.isNegated
          ? `${what} was ${wanted}`
          : `${what} was ${quoted(text)}, not ${wanted}`
      }
      return test.isNegated ? `${what} contained ${wanted}` : `${what} did not contain ${wanted}`
    }
    case 'regex': {
      const finding = findRegex(test, text)
      if (finding === 'slow') {
        const { regexMs } = PROBE_LIMITS
        return `regex ${wanted} took more than ${msText(regexMs)} on the ${what}`
      }
      if (finding === 'broken') return `regex ${wanted} cannot be run on the ${what}`
      if ((finding === 'found') !== test.isNegated) return ''
      return test.isNegated ? `${what} matched ${wanted}` : `${what} did not match ${wanted}`
    }
  }
}

function isSame(text: string, test: TextTest): boolean {
  if (!test.isCaseInsensitive) return text === test.text
  return text.toLowerCase() === test.text.toLowerCase()
}

function hasPart(text: string, test: TextTest): boolean {
  if (!test.isCaseInsensitive) return text.includes(test.text)
  return text.toLowerCase().includes(test.text.toLowerCase())
}

/** Looks for a regex anywhere in a text. */
export function findRegex(test: TextTest, text: string): Finding {
  const flags = test.isCaseInsensitive ? 'i' : ''
  const source = `${flags} ${test.text}`
  let regex = compiled.get(source)
  if (regex === undefined) {
    try {
      regex = new RegExp(test.text, flags)
    } catch {
      return 'broken'
    }
    compiled.set(source, regex)
  }
  // Without a quantifier there is nothing to go back to.
  if (!/[*+?{]/.test(test.text)) return regex.test(text) ? 'found' : 'missing'
  const key = `${source}\n${text}`
  const known = answers.get(key)
  if (known !== undefined) return known
  const finding = runBounded(regex, text)
  answers.set(key, finding, finding === 'slow' ? { ttl: PROBE_LIMITS.regexSlowMs } : {})
  return finding
}

function runBounded(regex: RegExp, text: string): Finding {
  context ??= createContext(sandbox)
  sandbox.regex = regex
  sandbox.text = text
  try {
    for (let tries = 1; ; tries++) {
      try {
        const isFound: unknown = script.runInContext(context, { timeout: PROBE_LIMITS.regexMs })
        return isFound === true ? 'found' : 'missing'
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        // Too large to compile, or out of stack.
        if (code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') return 'broken'
        if (tries === PROBE_LIMITS.regexTriesMax) return 'slow'
      }
    }
  } finally {
    sandbox.regex = null
    sandbox.text = ''
  }
}
