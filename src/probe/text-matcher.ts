// Tests texts that peers sent, in bounded time: a regex with quantifiers may backtrack for ages on
// the wrong body, so it runs in a context that is stopped. Starting the watch over it costs more
// than the regex itself, so its answers are kept: the page that a probe asks for is mostly the same
// each time.

import { createContext, Script } from 'node:vm'
import { LRUCache } from 'lru-cache'
import type { TextTest } from '../model/probe.ts'
import { PROBE_LIMITS } from './limits.ts'
import { msText, quoted } from './reason.ts'
import type { RegexAllowance, RegexPatience } from './regex-patience.ts'

/**
 * Whether a regex was found; `slow` = it took too long to say, `resting` = it did so before and was
 * not run, `broken` = it cannot be run.
 */
export type Finding = 'found' | 'missing' | 'slow' | 'resting' | 'broken'

const compiled = new LRUCache<string, RegExp>({ max: PROBE_LIMITS.regexAnswersMax })
/** How a regex is run that nobody else's patience depends on. */
const FREELY: RegexAllowance = {
  triesMax: PROBE_LIMITS.regexTriesMax,
  limitMs: PROBE_LIMITS.regexMs,
}
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
 * @param patience with regexes, that of the peer's checks; null = without limit but for one run
 * @returns empty when it passes
 */
export function textFault(
  what: string,
  text: string,
  test: TextTest,
  patience: RegexPatience | null = null,
): string {
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
      const finding = findRegex(test, text, patience)
      if (finding === 'slow') {
        const { regexMs } = PROBE_LIMITS
        return `regex ${wanted} took more than ${msText(regexMs)} on the ${what}`
      }
      if (finding === 'resting')
        return `regex ${wanted} was too slow to match on the ${what}: it rests`
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
export function findRegex(
  test: TextTest,
  text: string,
  patience: RegexPatience | null = null,
): Finding {
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
  const allowance = patience?.allow(source) ?? FREELY
  if (allowance.triesMax === 0) return 'resting'
  const startMs = patience?.nowMs ?? 0
  const finding = runBounded(regex, text, allowance)
  if (finding === 'slow') patience?.onSlow(source, patience.nowMs - startMs)
  else patience?.onDone(source)
  // A run that was hurried says little of the next.
  if (finding === 'slow' && allowance.limitMs < PROBE_LIMITS.regexMs) return 'resting'
  answers.set(key, finding, finding === 'slow' ? { ttl: PROBE_LIMITS.regexSlowMs } : {})
  return finding
}

function runBounded(regex: RegExp, text: string, { triesMax, limitMs }: RegexAllowance): Finding {
  context ??= createContext(sandbox)
  sandbox.regex = regex
  sandbox.text = text
  try {
    for (let tries = 1; ; tries++) {
      try {
        const isFound: unknown = script.runInContext(context, { timeout: limitMs })
        return isFound === true ? 'found' : 'missing'
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        // Too large to compile, or out of stack.
        if (code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') return 'broken'
        if (tries === triesMax) return 'slow'
      }
    }
  } finally {
    sandbox.regex = null
    sandbox.text = ''
  }
}
