// Turns the text of a YAML file into one document whose top is a mapping. What the parser says in
// its own words is said again in ours, with the cure; what would be slow or endless (aliases of
// aliases, deep nesting) is refused here.

import { type Alias, type Document, isMap, isScalar, type Node, parseDocument, visit } from 'yaml'

import type { DiagnosticList } from '../diagnostic.ts'
import { lineText, originAt, type Source } from '../source.ts'
import { YAML_LIMITS } from './limits.ts'

/** One parsed file: its top mapping, and what each alias stands for. */
export interface ParsedDocument {
  readonly top: Node
  readonly targets: ReadonlyMap<Alias, Node>
}

/**
 * Parses the text; null when it is not one YAML document with a mapping at its top, which is then
 * reported.
 */
export function parseYaml(source: Source, diagnostics: DiagnosticList): ParsedDocument | null {
  const { text } = source
  if (text.length > YAML_LIMITS.textLengthMax) {
    const max = YAML_LIMITS.textLengthMax
    const problem = `The file has ${text.length} characters: at most ${max} are read`
    diagnostics.error(problem, originAt(source, 0, 1), 'is it a configuration?')
    return null
  }
  // Duplicate keys are found by our own reader: the parser's check takes time with the square of
  // their number.
  const document = parseDocument(text, { uniqueKeys: false, merge: true, prettyErrors: false })
  if (reportSyntax(document, source, diagnostics)) return null
  const top = document.contents
  if (top === null || (isScalar(top) && top.value === null)) {
    const hint = 'the shortest useful one has "upstreams" and "servers"'
    diagnostics.error('The file is empty: it wants a mapping of keys', originAt(source, 0, 1), hint)
    return null
  }
  if (!isMap(top)) {
    const [start, , end] = top.range ?? [0, 0, 1]
    const found = isScalar(top) ? 'one value' : 'a list'
    const problem = `The file holds ${found}: it wants a mapping of keys such as "servers:"`
    diagnostics.error(problem, originAt(source, start, end), '')
    return null
  }
  const targets = resolveAliases(document, source, diagnostics)
  return targets === null ? null : { top, targets }
}

/** Passes on what the parser found; true when it is an error. */
function reportSyntax(
  document: Document.Parsed,
  source: Source,
  diagnostics: DiagnosticList,
): boolean {
  for (const error of document.errors.slice(0, YAML_LIMITS.syntaxErrorsMax)) {
    const origin = originAt(source, error.pos[0], error.pos[1])
    const isOpen = /^Flow (?:sequence|map)/.test(error.message)
    const hintOfOther = isOpen ? 'a bracket that was opened before this is not closed' : ''
    const other = [`Not valid YAML: ${sentence(error.message)}`, hintOfOther] as const
    const [message, hint] = SYNTAX[error.code] ?? other
    const isAddress = BARE_IPV6.test(lineText(source, origin.line))
    diagnostics.error(message, origin, isAddress ? IPV6_HINT : hint)
  }
  for (const warning of document.warnings) {
    const origin = originAt(source, warning.pos[0], warning.pos[1])
    diagnostics.error(`Not understood: ${sentence(warning.message)}`, origin, 'leave the tag out')
  }
  return document.errors.length > 0 || document.warnings.length > 0
}

/** The mistakes that people make, by the parser's code for them. */
const SYNTAX: Readonly<Record<string, readonly [message: string, hint: string]>> = {
  TAB_AS_INDENT: ['Cannot indent with a tab: YAML wants blanks', ''],
  MULTIPLE_DOCS: [
    'A second document begins here: a configuration is one document',
    'remove the line "---"',
  ],
  BLOCK_AS_IMPLICIT_KEY: [
    'A second ": " on one line: YAML wants one key a line',
    'put the value in quotes, or the inner key on a line of its own',
  ],
}

/** `[::]:80` without quotes begins a list. */
const BARE_IPV6 = /(?:^|[\s,[{])\[[0-9a-f]*:[0-9a-f:.]*\]/i
const IPV6_HINT = 'an IPv6 address wants quotes: "[::]:80"'

function sentence(text: string): string {
  const line = text.split('\n', 1)[0]!
  const body = line.charAt(0).toLowerCase() + line.slice(1)
  return body.replaceAll(/[.:]+$/g, '')
}

/** Finds the node of each alias in one walk; null when one has none, or there are too many. */
function resolveAliases(
  document: Document.Parsed,
  source: Source,
  diagnostics: DiagnosticList,
): ReadonlyMap<Alias, Node> | null {
  const anchors = new Map<string, Node>()
  const targets = new Map<Alias, Node>()
  const report = (alias: Alias, message: string): symbol => {
    const [start, end] = alias.range ?? [0, 1]
    diagnostics.error(message, originAt(source, start, end))
    return visit.BREAK
  }
  let isWhole = true
  visit(document, {
    Alias(_key, alias) {
      const target = anchors.get(alias.source)
      if (target === undefined) {
        isWhole = false
        return report(alias, `Unknown anchor "${alias.source}": no "&${alias.source}" before it`)
      }
      targets.set(alias, target)
      if (targets.size <= YAML_LIMITS.aliasesMax) return undefined
      isWhole = false
      return report(alias, `More than ${YAML_LIMITS.aliasesMax} aliases in one file`)
    },
    Value(_key, node) {
      if (node.anchor !== undefined) anchors.set(node.anchor, node)
    },
  })
  return isWhole ? targets : null
}
