// File name patterns of `include` as POSIX glob() reads them: `*`, `?` and `[…]` inside one path
// part, hidden files only by a written dot, results sorted by bytes. Node's own glob knows braces
// and `**` as well, which nginx does not.

import { existsSync, readdirSync } from 'node:fs'

/** Tells whether a name is a pattern rather than one file. */
export function isGlob(name: string): boolean {
  return /[*?[]/.test(name)
}

/** Lists the paths that match an absolute pattern, sorted; what cannot be read has no entries. */
export function expandGlob(pattern: string): string[] {
  const parts = pattern.split('/').slice(1)
  let found = ['']
  parts.forEach((part, index) => {
    const isLast = index === parts.length - 1
    found = found.flatMap(directory => matchPart(directory, part, isLast))
  })
  return found.sort(byBytes)
}

/** Compiles one path part into an expression over a file name. */
export function globExpression(part: string): RegExp {
  let source = /^[*?[]/.test(part) ? '^(?!\\.)' : '^'
  for (let at = 0; at < part.length; at++) {
    const character = part[at]!
    if (character === '*') source += '[^]*'
    else if (character === '?') source += '[^]'
    else if (character === '[') {
      const end = classEnd(part, at)
      if (end === -1) source += '\\['
      else {
        source += classSource(part.slice(at + 1, end))
        at = end
      }
    } else {
      const isEscape = character === '\\' && at + 1 < part.length
      if (isEscape) at++
      source += quote(part[at]!)
    }
  }
  try {
    return new RegExp(`${source}$`)
  } catch {
    // A range that runs backwards matches nothing, as in glob().
    return /(?!)/
  }
}

function matchPart(directory: string, part: string, isLast: boolean): string[] {
  if (!isGlob(part)) {
    const path = `${directory}/${part}`
    return !isLast || existsSync(path) ? [path] : []
  }
  const expression = globExpression(part)
  return entries(directory === '' ? '/' : directory)
    .filter(name => expression.test(name))
    .map(name => `${directory}/${name}`)
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    // Not there, not a directory, not ours to read: nothing matches.
    if (error instanceof Error && 'code' in error) return []
    throw error
  }
}

/**
 * Offset of the `]` that ends the class opened at `start`; a `]` right after the opening is a
 * member.
 */
function classEnd(part: string, start: number): number {
  const from = part[start + 1] === '!' || part[start + 1] === '^' ? start + 2 : start + 1
  return part.indexOf(']', from + 1)
}

function classSource(members: string): string {
  const isNegated = members.startsWith('!') || members.startsWith('^')
  const rest = isNegated ? members.slice(1) : members
  return `[${isNegated ? '^' : ''}${rest.replaceAll(/[\\\][^]/g, '\\$&')}]`
}

function quote(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&')
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
