// Finds repetitions that can match one text in very many ways: JavaScript tries all of them before it says no, for seconds or
// for ever, while nothing else is served. It is no proof that the others are harmless; these are the ones that people write.

import { meets, unite } from './char-set.ts'
import { minWidth, type RegexNode, type RegexPlace, type RepeatNode } from './pcre-tree.ts'

/** Repeated more often than this, ways multiply beyond bounds. */
const TIMES_HARMLESS = 12

/** The first such repetition; null where there is none. */
export function findRunaway(root: RegexNode): RegexPlace | null {
  return search(root, false)
}

/** @param hasMore something behind the part may fail, so that it is tried again */
function search(node: RegexNode, hasMore: boolean): RegexPlace | null {
  switch (node.kind) {
    case 'sequence': {
      for (const [index, item] of node.items.entries()) {
        const found = search(item, hasMore || index < node.items.length - 1)
        if (found !== null) return found
      }
      return null
    }
    case 'choice':
      return firstOf(node.branches.map(branch => search(branch, hasMore)))
    case 'group':
      return search(node.body, hasMore)
    case 'look':
    case 'atomic':
      return search(node.body, false)
    case 'repeat': {
      if (hasMore && node.max > TIMES_HARMLESS && hasManyWays(node.body)) return node.place
      return search(node.body, hasMore || node.max > 1)
    }
    default:
      return null
  }
}

function firstOf(places: readonly (RegexPlace | null)[]): RegexPlace | null {
  return places.find(place => place !== null) ?? null
}

/** Tells whether a text may be cut into matches of the part in more than one way. */
function hasManyWays(node: RegexNode): boolean {
  switch (node.kind) {
    case 'group':
      return hasManyWays(node.body)
    case 'repeat':
      return isEndless(node) || hasManyWays(node.body)
    case 'choice': {
      if (node.branches.some(hasManyWays)) return true
      const sets = node.branches.map(branch => (branch.kind === 'set' ? branch.set : null))
      return sets.some(
        (set, index) =>
          set !== null &&
          meets(
            set,
            unite(...sets.slice(index + 1).flatMap(other => (other === null ? [] : [other]))),
          ),
      )
    }
    case 'sequence': {
      const endless = node.items.filter(item => hasManyWays(item))
      const others = node.items.filter(item => !endless.includes(item))
      // All that could keep two repetitions apart may be missing.
      return endless.length > 0 && others.every(item => minWidth(item) === 0)
    }
    default:
      return false
  }
}

function isEndless(node: RepeatNode): boolean {
  return node.max > TIMES_HARMLESS && minWidth(node.body) > 0
}
