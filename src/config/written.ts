// What was written in a configuration, directive by directive and with its place, for those who tell
// people what theirs means (`check --fidelity`, `explain`). The model says what holds; this says
// which line it comes from. Kept only where somebody asks: a start has no use for it.

import type { Origin } from '../model/origin.ts'

/** One directive as it stands in a file. */
export interface WrittenDirective {
  readonly name: string
  readonly args: readonly string[]
  /** The kind of block that it stands in; empty for `include`, which may stand in any. */
  readonly context: string
  readonly origin: Origin
}

/** By name, each in the order of the file. */
export type WrittenBlock = ReadonlyMap<string, readonly WrittenDirective[]>

export interface Written {
  /** All of them, in the order in which they were read. */
  readonly directives: readonly WrittenDirective[]
  /**
   * The directives that stand in one block and not in a block inside it.
   *
   * @param origin the very object that the model of the block has
   */
  within(origin: Origin): WrittenBlock
  /** Those of the main level and of `http`. */
  readonly outermost: WrittenBlock
}
