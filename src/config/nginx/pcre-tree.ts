// A regex of PCRE as a tree, and what can be known of its parts without matching anything: how much they take, with what
// they begin, which groups they surely set. What is written for JavaScript depends on these facts.

import { type CharSet, meets, unite } from './char-set.ts'

/** Whether it matters to a part that letters are compared with or without regard to case. */
export type CaseNeed = 'none' | 'any' | 'exact' | 'mixed'

export type RegexNode =
  | {
      readonly kind: 'set'
      /** What it matches, case already considered. */
      readonly set: CharSet
      readonly need: CaseNeed
      /** As JavaScript writes it. */
      readonly text: string
    }
  /** `end` is the end or the line feed that is the last; any other is JavaScript's own. */
  | { readonly kind: 'assert'; readonly text: string }
  | { readonly kind: 'end' }
  | { readonly kind: 'look'; readonly opening: string; readonly body: RegexNode }
  | {
      readonly kind: 'group'
      readonly number: number
      readonly name: string | null
      readonly body: RegexNode
    }
  | { readonly kind: 'sequence'; readonly items: readonly RegexNode[] }
  | { readonly kind: 'choice'; readonly branches: readonly RegexNode[] }
  | RepeatNode
  | { readonly kind: 'atomic'; readonly body: RegexNode; readonly place: RegexPlace }
  | {
      readonly kind: 'back'
      readonly number: number
      readonly need: CaseNeed
      readonly place: RegexPlace
    }

export interface RepeatNode {
  readonly kind: 'repeat'
  readonly min: number
  readonly max: number
  readonly isLazy: boolean
  readonly body: RegexNode
  readonly place: RegexPlace
}

/** Characters of the pattern as it was written. */
export interface RegexPlace {
  readonly start: number
  readonly end: number
}

/** A problem with its place. */
export interface RegexProblem extends RegexPlace {
  readonly problem: string
}

export const NOTHING: RegexNode = { kind: 'sequence', items: [] }

/** The parts directly below. */
export function partsOf(node: RegexNode): readonly RegexNode[] {
  switch (node.kind) {
    case 'sequence':
      return node.items
    case 'choice':
      return node.branches
    case 'look':
    case 'group':
    case 'repeat':
    case 'atomic':
      return [node.body]
    default:
      return []
  }
}

/** Characters that it takes at least. */
export function minWidth(node: RegexNode): number {
  switch (node.kind) {
    case 'set':
      return 1
    case 'sequence':
      return node.items.reduce((sum, item) => sum + minWidth(item), 0)
    case 'choice':
      return Math.min(...node.branches.map(minWidth))
    case 'repeat':
      return node.min * minWidth(node.body)
    case 'group':
    case 'atomic':
      return minWidth(node.body)
    default:
      return 0
  }
}

/** Characters that it takes always; null where that varies. */
export function fixedWidth(node: RegexNode): number | null {
  switch (node.kind) {
    case 'sequence':
      return node.items.map(fixedWidth).reduce(plus, 0)
    case 'choice': {
      const widths = node.branches.map(fixedWidth)
      return widths.every(width => width === widths[0]) ? widths[0]! : null
    }
    case 'repeat': {
      const width = node.min === node.max ? fixedWidth(node.body) : null
      return width === null ? null : width * node.min
    }
    case 'group':
    case 'atomic':
      return fixedWidth(node.body)
    case 'back':
      return null
    default:
      return minWidth(node)
  }
}

function plus(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b
}

/** The characters that it may begin with; null where that is not known, or it may take none. */
export function firstSet(node: RegexNode): CharSet | null {
  switch (node.kind) {
    case 'set':
      return node.set
    case 'group':
    case 'atomic':
      return firstSet(node.body)
    case 'repeat':
      return node.min === 0 ? null : firstSet(node.body)
    case 'choice': {
      const sets = node.branches.map(firstSet)
      return sets.includes(null) ? null : unite(...sets.map(set => set!))
    }
    case 'sequence': {
      const begun: CharSet[] = []
      for (const item of node.items) {
        if (item.kind === 'assert' || item.kind === 'look') continue
        const inner = item.kind === 'repeat' ? firstSet({ ...item, min: 1 }) : firstSet(item)
        if (inner === null) return null
        begun.push(inner)
        if (minWidth(item) > 0) return unite(...begun)
      }
      return null
    }
    default:
      return null
  }
}

/** Tells whether it matches in one way at most, wherever it is tried: then there is nothing to give back. */
export function isSingleWay(node: RegexNode): boolean {
  switch (node.kind) {
    case 'group':
      return isSingleWay(node.body)
    case 'choice':
      return node.branches.every(isSingleWay) && areApart(node.branches)
    case 'repeat':
      return node.min === node.max && isSingleWay(node.body)
    case 'sequence':
      return node.items.every(
        (item, index) => isSingleWay(item) || isBounded(item, node.items.slice(index + 1)),
      )
    default:
      return true
  }
}

/** No two branches begin alike. */
function areApart(branches: readonly RegexNode[]): boolean {
  const firsts = branches.map(firstSet)
  return firsts.every(
    (first, index) =>
      first !== null &&
      firsts.slice(index + 1).every(other => other !== null && !meets(first, other)),
  )
}

/** A repeated part that ends where what follows it begins, and nowhere else. */
function isBounded(item: RegexNode, rest: readonly RegexNode[]): boolean {
  if (item.kind !== 'repeat' || !isSingleWay(item.body)) return false
  const inner = firstSet(item.body)
  const next = firstSet({ kind: 'sequence', items: rest })
  return inner !== null && next !== null && !meets(inner, next)
}

/** The numbers of the groups that are in it. */
export function groupsIn(node: RegexNode): readonly number[] {
  const inner = partsOf(node).flatMap(groupsIn)
  return node.kind === 'group' ? [node.number, ...inner] : inner
}

/** What it needs of the comparison of letters. */
export function caseNeed(node: RegexNode): CaseNeed {
  if (node.kind === 'set' || node.kind === 'back') return node.need
  return partsOf(node).map(caseNeed).reduce(joinNeeds, 'none')
}

/** What two parts need together. */
export function joinNeeds(a: CaseNeed, b: CaseNeed): CaseNeed {
  if (a === 'none' || a === b) return b
  return b === 'none' ? a : 'mixed'
}
