// Keeps what the walk over an nginx.conf met, block by block: see config/written.ts. Directives that
// are refused stand in it too, so that a comparison with nginx can name them.

import type { Origin } from '../../model/origin.ts'
import type { Written, WrittenBlock, WrittenDirective } from '../written.ts'
import type { Scope } from './scope.ts'
import { type Directive, statementOrigin } from './tree.ts'

const EMPTY: WrittenBlock = new Map()

export class Journal implements Written {
  readonly directives: WrittenDirective[] = []
  readonly outermost = new Map<string, WrittenDirective[]>()
  readonly #blocks = new Map<Origin, Map<string, WrittenDirective[]>>()

  within(origin: Origin): WrittenBlock {
    return this.#blocks.get(origin) ?? EMPTY
  }

  /** Keeps one directive; `scope` is the block that it stands in, null for `include`. */
  add(directive: Directive, scope: Scope | null): void {
    const name = directive.name.text
    const written: WrittenDirective = {
      name,
      args: directive.args.map(word => word.text),
      context: scope?.kind ?? '',
      origin: statementOrigin(directive),
    }
    this.directives.push(written)
    if (scope === null) return
    const block = this.#blockOf(scope)
    const same = block.get(name)
    if (same === undefined) block.set(name, [written])
    else same.push(written)
  }

  #blockOf(scope: Scope): Map<string, WrittenDirective[]> {
    if (scope.kind === 'main' || scope.kind === 'http') return this.outermost
    const known = this.#blocks.get(scope.origin)
    if (known !== undefined) return known
    const block = new Map<string, WrittenDirective[]>()
    this.#blocks.set(scope.origin, block)
    return block
  }
}
