// The steps of a server or a location made into one row of instructions with jumps, as nginx has them
// (ngx_http_script.c): an `if` that does not hold jumps over what is inside of it.

import type { RewriteCondition, RewriteStep, SetStep, UriStep } from '../model/rewrite.ts'
import type { Location } from '../model/route.ts'
import type { Template } from '../model/template.ts'
import { answerRedirect, answerStatus } from './answer.ts'
import type { Exchange } from './exchange.ts'
import { logFailure } from './failure-log.ts'
import { makeReturn } from './return.ts'
import { type Instruction, type RewriteRun, type RewriteScript, STOP, WAIT } from './rewrite-run.ts'
import { compileScriptText, unescapeRedirect } from './rewrite-text.ts'
import { setCaptures } from './route.ts'
import type { LocationRuntime } from './runtime.ts'
import { setVariable } from './set-variable.ts'
import { compileTemplate } from './variables.ts'

/** Compiles the location of an `if`. */
export type CompileBranch = (location: Location) => LocationRuntime

/**
 * Compiles the steps of one level.
 *
 * @param isLogged whether the level has `rewrite_log on`
 */
export function compileRewrite(
  steps: readonly RewriteStep[],
  isLogged: boolean,
  compileBranch: CompileBranch,
): RewriteScript {
  const instructions: Instruction[] = []
  addSteps(steps, instructions, compileBranch)
  return { instructions, isLogged }
}

function addSteps(
  steps: readonly RewriteStep[],
  instructions: Instruction[],
  compileBranch: CompileBranch,
): void {
  for (const step of steps) {
    const next = instructions.length + 1
    switch (step.kind) {
      case 'set':
        instructions.push(compileSet(step, next))
        break
      case 'rewrite':
        instructions.push(compileUriStep(step, next))
        break
      case 'break':
        instructions.push(endSteps)
        break
      case 'return': {
        const answer = makeReturn(step)
        instructions.push(run => {
          trace(run, `return ${step.status}`, step)
          return run.end(answer)
        })
        break
      }
      case 'if':
        addIf(step, instructions, compileBranch)
        break
    }
  }
}

function trace({ exchange }: RewriteRun, text: string, { origin }: RewriteStep): void {
  exchange.snapshot.trace?.onDecision('rewrite', text, origin)
}

function note(run: RewriteRun, text: string): void {
  if (run.script.isLogged) logFailure(run.exchange, 'notice', text)
}

// ── if ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

function addIf(
  step: Extract<RewriteStep, { kind: 'if' }>,
  instructions: Instruction[],
  compileBranch: CompileBranch,
): void {
  const at = instructions.length
  const enter = at + 1
  const branch = step.location === null ? null : compileBranch(step.location)
  // Its place is known when what is inside has been added.
  let otherwise = enter
  instructions.push(compileCondition(step.condition, enter, () => otherwise))
  instructions.push(run => {
    trace(run, 'if: holds', step)
    if (branch !== null) enterBranch(run, branch)
    return enter + 1
  })
  addSteps(step.steps, instructions, compileBranch)
  otherwise = instructions.length
}

/** From here on the location is another one; what answers stays where the `if` names no peers. */
function enterBranch(run: RewriteRun, branch: LocationRuntime): void {
  run.branch = branch
  if (branch.request !== null) run.proxying = branch
  run.exchange.location = branch
  // What is known of the head is what it came to without this `if`.
  run.exchange.memo = null
}

function compileCondition(
  condition: RewriteCondition,
  then: number,
  otherwise: () => number,
): Instruction {
  switch (condition.kind) {
    case 'value': {
      const value = compileTemplate(condition.value)
      return ({ exchange }) => {
        const text = value(exchange)
        const isTrue = text !== '' && text !== '0'
        return isTrue !== condition.isNegated ? then : otherwise()
      }
    }
    case 'equal': {
      const value = compileTemplate(condition.value)
      const to = compileScriptText(condition.to)
      return ({ exchange, escapesCaptures }) => {
        const isEqual = value(exchange) === to(exchange, escapesCaptures)
        return isEqual !== condition.isNegated ? then : otherwise()
      }
    }
    case 'regex': {
      const value = compileTemplate(condition.value)
      const matches = compileMatch(condition.regex)
      return run => {
        const captures = matches(run, value(run.exchange))
        return (captures !== null) !== condition.isNegated ? then : otherwise()
      }
    }
    case 'file': {
      const path = compileScriptText(condition.path)
      const { test, isNegated } = condition
      return run => {
        run.fileTest = {
          path: path(run.exchange, run.escapesCaptures),
          test,
          isNegated,
          then,
          otherwise: otherwise(),
        }
        return WAIT
      }
    }
  }
}

/** Matches a text and keeps the captures; without a match there are none from here on. */
function compileMatch(
  source: UriStep['regex'],
): (run: RewriteRun, text: string) => RegExpExecArray | null {
  const regex = new RegExp(source.pattern, source.isCaseInsensitive ? 'i' : '')
  const shown = source.written ?? source.pattern
  return (run, text) => {
    const captures = regex.exec(text)
    if (captures === null) {
      note(run, `"${shown}" does not match "${text}"`)
      run.exchange.captures = null
      return null
    }
    note(run, `"${shown}" matches "${text}"`)
    setCaptures(run.exchange, captures)
    return captures
  }
}

// ── set, break ─────────────────────────────────────────────────────────────────────────────────────────────────────

function compileSet(step: SetStep, next: number): Instruction {
  const value = compileScriptText(step.value)
  return run => {
    const text = value(run.exchange, run.escapesCaptures)
    setVariable(run.exchange, step.name, text)
    trace(run, `set $${step.name} "${text}"`, step)
    return next
  }
}

/** What was rewritten before stays with this location, which then has not matched it. */
function endSteps(run: RewriteRun): number {
  if (run.isUriChanged) {
    run.isUriChanged = false
    run.exchange.isLocationKept = false
  }
  return STOP
}

// ── rewrite ────────────────────────────────────────────────────────────────────────────────────────────────────────

function compileUriStep(step: UriStep, next: number): Instruction {
  const matches = compileMatch(step.regex)
  const isRedirect = step.flag === 'redirect' || step.flag === 'permanent'
  const apply = isRedirect ? compileRedirect(step) : compileChange(step)
  return run => {
    const { exchange } = run
    const captures = matches(run, exchange.uri)
    if (captures === null) return next
    exchange.isInternal = true
    exchange.isTargetKept = false
    exchange.memo = null
    run.escapesCaptures = false
    return apply(run) ? next : STOP
  }
}

/** Changes the path and the arguments. @returns whether the next step follows */
function compileChange(step: UriStep): (run: RewriteRun) => boolean {
  const { path, args } = splitReplacement(step.replacement)
  const renderPath = compileScriptText(path)
  const renderArgs = args === null ? null : compileScriptText(args)
  return run => {
    const { exchange } = run
    run.isUriChanged = step.flag !== 'break'
    if (step.flag === 'break') exchange.isLocationKept = false
    const uri = renderPath(exchange, false)
    if (renderArgs !== null) {
      const own = renderArgs(exchange, true)
      const keepsMore = !step.dropsArgs && exchange.args !== ''
      exchange.args = keepsMore ? `${own}&${exchange.args}` : own
    } else if (step.dropsArgs) {
      exchange.args = ''
    }
    note(run, `rewritten data: "${uri}", args: "${exchange.args}"`)
    trace(run, `rewrite to ${uri}${exchange.args === '' ? '' : `?${exchange.args}`}`, step)
    exchange.uri = uri
    if (uri === '') {
      logFailure(exchange, 'error', 'the rewritten URI has a zero length')
      run.end(failWith500)
      return false
    }
    return step.flag === 'none'
  }
}

function failWith500(exchange: Exchange): void {
  answerStatus(exchange, 500)
}

function compileRedirect(step: UriStep): (run: RewriteRun) => boolean {
  const render = compileScriptText(step.replacement)
  const status = step.flag === 'permanent' ? 301 : 302
  const hasArgs = step.replacement.some(part => typeof part === 'string' && part.includes('?'))
  return run => {
    const { exchange } = run
    let location = unescapeRedirect(render(exchange, true))
    if (!step.dropsArgs && exchange.args !== '')
      location += `${hasArgs ? '&' : '?'}${exchange.args}`
    note(run, `rewritten redirect: "${location}"`)
    trace(run, `redirect ${status} to ${location}`, step)
    run.end(answering => answerRedirect(answering, status, location))
    return false
  }
}

/** The first question mark that was written, not one that a variable brings, begins the arguments. */
function splitReplacement(template: Template): {
  readonly path: Template
  readonly args: Template | null
} {
  const index = template.findIndex(part => typeof part === 'string' && part.includes('?'))
  const part = template[index]
  if (typeof part !== 'string') return { path: template, args: null }
  const mark = part.indexOf('?')
  return {
    path: [...template.slice(0, index), part.slice(0, mark)],
    args: [part.slice(mark + 1), ...template.slice(index + 1)],
  }
}
