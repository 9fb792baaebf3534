// Writes the tree of a PCRE pattern in JavaScript's syntax. What JavaScript lacks is said in other words that match the same:
// `$` before a last line feed, and parts that give nothing back (possessive quantifiers, atomic groups): what they would
// not try again is excluded by lookahead, or, where that cannot be said, kept by a group that no other group comes after.

import {
  caseNeed,
  groupsIn,
  isSingleWay,
  joinNeeds,
  minWidth,
  partsOf,
  type RegexNode,
  type RegexPlace,
  type RepeatNode,
} from './pcre-tree.ts'

const MANY = Number.POSITIVE_INFINITY

/** How a part is written where it stands. */
interface Manner {
  /** Letters are compared without regard to case around it. */
  readonly isAnyCase: boolean
  /** It stands a second time, for a lookahead: its groups capture nothing. */
  readonly isCopy: boolean
}

export interface PcreWriting {
  readonly root: RegexNode
  /** Capturing groups of the pattern. */
  readonly groupCount: number
  /** Subjects have no line feeds: the end is the end. */
  readonly isOneLine: boolean
}

export class PcreWriter {
  /** The first part that cannot be written. */
  refused: RegexPlace | null = null
  readonly #writing: PcreWriting
  /** Groups so far that only hold what an atomic part took. */
  #ownGroups = 0
  /** Of the pattern's own groups, those that were written. */
  #lastGroup = 0

  constructor(writing: PcreWriting) {
    this.#writing = writing
  }

  /** The whole pattern; without meaning when `refused` is set. */
  write(isAnyCase: boolean): string {
    const manner: Manner = { isAnyCase, isCopy: false }
    const { root } = this.#writing
    if (root.kind === 'choice') {
      return root.branches.map(branch => this.#whole(branch, manner)).join('|')
    }
    return this.#whole(root, manner)
  }

  /** What ends the pattern may take the line feed that PCRE only looks at. */
  #whole(node: RegexNode, manner: Manner): string {
    const items = node.kind === 'sequence' ? node.items : [node]
    const last = items.at(-1)
    if (last?.kind !== 'end' || this.#writing.isOneLine) return this.#sequence(items, manner)
    return `${this.#sequence(items.slice(0, -1), manner)}\\n?$`
  }

  #part(node: RegexNode, manner: Manner): string {
    switch (node.kind) {
      case 'set':
        return withCase(node.text, node.need === 'exact', node.need !== 'none', manner)
      case 'assert':
        return node.text
      case 'end':
        return this.#writing.isOneLine ? '$' : '(?=\\n?$)'
      case 'look':
        return `${node.opening}${this.#inner(node.body, manner)})`
      case 'group': {
        const opening = node.name === null ? '(' : `(?<${node.name}>`
        if (!manner.isCopy) this.#lastGroup = Math.max(this.#lastGroup, node.number)
        return `${manner.isCopy ? '(?:' : opening}${this.#inner(node.body, manner)})`
      }
      case 'sequence':
        return this.#sequence(node.items, manner)
      case 'choice':
        return `(?:${this.#inner(node, manner)})`
      case 'repeat':
        return this.#repeat(node, manner)
      case 'atomic':
        return this.#atomic(node.body, node.place, manner)
      case 'back':
        if (manner.isCopy) this.refused ??= node.place
        return withCase(`\\${node.number}`, node.need === 'exact', true, manner)
    }
  }

  /** Inside of brackets of its own. */
  #inner(node: RegexNode, manner: Manner): string {
    if (node.kind !== 'choice') return this.#part(node, manner)
    return node.branches.map(branch => this.#part(branch, manner)).join('|')
  }

  /** Neighbours that need the same of case share one pair of brackets for it. */
  #sequence(items: readonly RegexNode[], manner: Manner): string {
    const runs: { items: RegexNode[]; need: 'none' | 'any' | 'exact' | 'mixed' }[] = []
    for (const item of items) {
      const need = caseNeed(item)
      const run = runs.at(-1)
      const joined = run === undefined ? 'mixed' : joinNeeds(run.need, need)
      if (run === undefined || run.need === 'mixed' || joined === 'mixed') {
        runs.push({ items: [item], need })
      } else {
        run.items.push(item)
        run.need = joined
      }
    }
    return joinTexts(runs.map(run => this.#run(run.items, run.need, manner)))
  }

  #run(items: readonly RegexNode[], need: string, manner: Manner): string {
    const isOther = need === (manner.isAnyCase ? 'exact' : 'any')
    if (!isOther || items.length === 1)
      return joinTexts(items.map(item => this.#part(item, manner)))
    const inner = { ...manner, isAnyCase: !manner.isAnyCase }
    const text = joinTexts(items.map(item => this.#part(item, inner)))
    return `(?${manner.isAnyCase ? '-' : ''}i:${text})`
  }

  #repeat(node: RepeatNode, manner: Manner): string {
    const lazy = node.isLazy && node.min !== node.max ? '?' : ''
    return `${this.#atom(node.body, manner)}${times(node.min, node.max)}${lazy}`
  }

  /** As something that a quantifier may follow. */
  #atom(node: RegexNode, manner: Manner): string {
    const text = this.#part(node, manner)
    return isAtom(node) ? text : `(?:${text})`
  }

  // ── what gives nothing back ──────────────────────────────────────────────────────────────────

  #atomic(body: RegexNode, place: RegexPlace, manner: Manner): string {
    const found = this.#firstWay(body, manner)
    if (found !== null) return found
    // The group takes its number behind all others: none of them may follow, or stand inside.
    const isLast = this.#lastGroup === this.#writing.groupCount && groupsIn(body).length === 0
    if (!isLast || manner.isCopy || hasAtomic(body)) {
      this.refused ??= place
      return ''
    }
    const number = this.#writing.groupCount + ++this.#ownGroups
    return `(?=(${this.#inner(body, manner)}))\\${number}(?:)`
  }

  /** A pattern for the first of the ways in which a part matches; null where it cannot be said. */
  #firstWay(node: RegexNode, manner: Manner): string | null {
    if (isSingleWay(node)) return bracketed(node, this.#part(node, manner))
    switch (node.kind) {
      case 'group': {
        const before = this.#lastGroup
        const opening = manner.isCopy ? '(?:' : node.name === null ? '(' : `(?<${node.name}>`
        if (!manner.isCopy) this.#lastGroup = Math.max(before, node.number)
        const inner = this.#firstWay(node.body, manner)
        if (inner === null) this.#lastGroup = before
        return inner === null ? null : `${opening}${inner})`
      }
      case 'choice':
        return this.#firstBranch(node.branches, manner)
      case 'repeat':
        return this.#firstRepeat(node, manner)
      case 'sequence':
        return this.#firstSequence(node.items, manner)
      case 'atomic':
        return this.#firstWay(node.body, manner)
      default:
        return null
    }
  }

  #firstBranch(branches: readonly RegexNode[], manner: Manner): string | null {
    let before = ''
    const texts: string[] = []
    for (const [index, branch] of branches.entries()) {
      const text = this.#firstWay(branch, manner)
      if (text === null) return null
      texts.push(before + text)
      if (index < branches.length - 1) before += this.#never(branch, manner)
    }
    return `(?:${texts.join('|')})`
  }

  #firstRepeat({ min, max, isLazy, body }: RepeatNode, manner: Manner): string | null {
    if (minWidth(body) === 0) return null
    const isSingle = isSingleWay(body)
    // Of more than one that must be there, an earlier one might have to take less.
    if (!isSingle && min > 1) return null
    const first = isSingle ? this.#part(body, manner) : this.#firstWay(body, manner)
    if (first === null) return null
    const atom = isAtom(body) ? first : `(?:${first})`
    if (isLazy) return min === 0 ? '(?:)' : `(?:${atom}${times(min, min)})`
    const end = this.#never(body, manner)
    if (max === MANY) return `(?:${atom}${times(min, MANY)}${end})`
    if (max === 1) return `(?:${atom}|${end})`
    // A second copy would capture nothing.
    if (groupsIn(body).length > 0) return null
    return `(?:${atom}${times(max, max)}|${atom}${times(min, max - 1)}${end})`
  }

  /** Nothing that a part matches stands here. */
  #never(node: RegexNode, manner: Manner): string {
    return `(?!${this.#inner(node, { ...manner, isCopy: true })})`
  }

  /** Each item but the last has one way, or is a repetition whose first way can be told by what follows it. */
  #firstSequence(items: readonly RegexNode[], manner: Manner): string | null {
    let text = ''
    for (const [index, item] of items.entries()) {
      const rest: RegexNode = { kind: 'sequence', items: items.slice(index + 1) }
      if (rest.items.length === 0) {
        const last = this.#firstWay(item, manner)
        return last === null ? null : text + last
      }
      if (isSingleWay(item) || isSingleWay({ kind: 'sequence', items: items.slice(index) })) {
        text = joinTexts([text, this.#part(item, manner)])
        continue
      }
      if (isOptional(rest)) {
        // What follows never makes it take less.
        const own = this.#firstWay(item, manner)
        if (own === null) return null
        text += own
        continue
      }
      const repeat = item.kind === 'repeat' && item.max === MANY ? item : null
      if (repeat === null || !isSingleWay(repeat.body) || minWidth(repeat.body) === 0) return null
      if (repeat.isLazy && repeat.min > 0 && groupsIn(repeat.body).length > 0) return null
      const copy = { ...manner, isCopy: true }
      const behind = this.#sequence(rest.items, copy)
      const atom = this.#atom(repeat.body, manner)
      text += repeat.isLazy
        ? `${repeat.min === 0 ? '' : atom + times(repeat.min, repeat.min)}(?:(?!${behind})${atom})*`
        : `${atom}${times(repeat.min, MANY)}(?!${this.#atom(repeat.body, copy)}+${behind})`
    }
    return text
  }
}

/** A quantifier may follow its text. */
function isAtom({ kind }: RegexNode): boolean {
  return kind === 'set' || kind === 'group' || kind === 'choice'
}

/** Matches wherever it is tried, if only nothing. */
function isOptional(node: RegexNode): boolean {
  switch (node.kind) {
    case 'repeat':
      return node.min === 0
    case 'sequence':
      return node.items.every(isOptional)
    case 'group':
    case 'atomic':
      return isOptional(node.body)
    case 'choice':
      return node.branches.some(isOptional)
    default:
      return false
  }
}

/** A text that is a part of a sequence, whatever it is made of. */
function bracketed(node: RegexNode, text: string): string {
  return node.kind === 'sequence' && node.items.length > 1 ? `(?:${text})` : text
}

function hasAtomic(node: RegexNode): boolean {
  return node.kind === 'atomic' || partsOf(node).some(hasAtomic)
}

/** With brackets where case counts otherwise than around it. */
function withCase(
  text: string,
  isExact: boolean,
  isNeeded: boolean,
  { isAnyCase }: Manner,
): string {
  if (!isNeeded || isExact !== isAnyCase) return text
  return isExact ? `(?-i:${text})` : `(?i:${text})`
}

/** Digits behind a reference would be read as more of its number. */
function joinTexts(texts: readonly string[]): string {
  let joined = ''
  for (const text of texts) {
    joined += /\\\d+$/.test(joined) && /^\d/.test(text) ? `(?:)${text}` : text
  }
  return joined
}

function times(min: number, max: number): string {
  if (max === MANY) return min === 0 ? '*' : min === 1 ? '+' : `{${min},}`
  if (min === 0 && max === 1) return '?'
  if (min === max) return min === 1 ? '' : `{${min}}`
  return `{${min},${max}}`
}
