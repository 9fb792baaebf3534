// Where PCRE and JavaScript keep different texts of groups: JavaScript forgets the groups of a repeated part each time
// it begins again, which is worth a warning, as mostly nobody asks for them; and it takes a reference to a group without
// text for one to an empty text, which is refused, as other subjects would match.

import { groupsIn, minWidth, type RegexNode, type RegexProblem } from './pcre-tree.ts'

/** What differs. */
export interface CaptureFaults {
  /** A reference that cannot be written. */
  readonly problem: RegexProblem | null
  /** A group that may hold another text. */
  readonly warning: RegexProblem | null
}

/** Finds the first of each. */
export function findCaptureFaults(root: RegexNode): CaptureFaults {
  return new CaptureWalk().find(root)
}

class CaptureWalk {
  #problem: RegexProblem | null = null
  #warning: RegexProblem | null = null

  find(root: RegexNode): CaptureFaults {
    this.#walk(root, new Set())
    return { problem: this.#problem, warning: this.#warning }
  }

  /** @returns the groups that are surely set behind the part, where `before` are before it */
  #walk(node: RegexNode, before: ReadonlySet<number>): ReadonlySet<number> {
    switch (node.kind) {
      case 'sequence':
        return node.items.reduce((known, item) => this.#walk(item, known), before)
      case 'choice': {
        const ends = node.branches.map(branch => this.#walk(branch, before))
        return ends.reduce((common, end) => common.intersection(end))
      }
      case 'group':
        return new Set([...this.#walk(node.body, before), node.number])
      case 'atomic':
        return this.#walk(node.body, before)
      case 'look': {
        const inner = this.#walk(node.body, before)
        return node.opening.endsWith('!') ? before : inner
      }
      case 'repeat': {
        const inner = this.#walk(node.body, before)
        if (node.max > 1) this.#checkLoop(node, inner)
        return node.min === 0 ? before : inner
      }
      case 'back':
        if (!before.has(node.number)) {
          this.#problem ??= {
            ...node.place,
            problem: 'Cannot use a reference to a group that may be unset in a regular expression',
          }
        }
        return before
      default:
        return before
    }
  }

  #checkLoop(node: RegexNode & { kind: 'repeat' }, set: ReadonlySet<number>): void {
    const groups = groupsIn(node.body)
    if (groups.length === 0) return
    const isForgotten = groups.some(group => !set.has(group))
    const isEmptied = node.max > node.min && minWidth(node.body) === 0
    if (!isForgotten && !isEmptied) return
    this.#warning ??= {
      ...node.place,
      problem: 'a group in here may hold another text than in nginx: not every repetition sets it',
    }
  }
}
