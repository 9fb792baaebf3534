// Finds in a keepalived.conf what makes a pair fail when it is needed: slips of the pen that keepalived passes over, and words
// that do not go together. `keepalived -t` says whether it starts; this says whether it fails over.

import { DiagnosticList } from '../../config/diagnostic.ts'
import type { Source } from '../../config/source.ts'
import { nearest } from '../../config/suggest.ts'
import type { Diagnostic } from '../../model/diagnostic.ts'
import { checkInstance, factsOf, type InstanceFacts, type ScriptFacts } from './check-instance.ts'
import { checkScript, type ScriptFiles } from './check-script.ts'
import { GLOBAL, INSTANCE, SCRIPT, SYNC_GROUP, TOP } from './keywords.ts'
import { findStatement, firstWord, parseKeepalived, type Statement, type Word } from './tree.ts'

const BLOCKS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['global_defs', GLOBAL],
  ['vrrp_instance', INSTANCE],
  ['vrrp_script', SCRIPT],
  ['vrrp_sync_group', SYNC_GROUP],
])

export interface KeepalivedFindings {
  readonly items: readonly Diagnostic[]
  readonly instances: readonly InstanceFacts[]
}

/** Reads and checks one file. */
export function checkKeepalived(source: Source, files: ScriptFiles): KeepalivedFindings {
  const diagnostics = new DiagnosticList()
  const top = parseKeepalived(source, diagnostics)
  checkNames(top, diagnostics)
  const globals = findStatement(top, 'global_defs')?.block ?? []
  const version = Number(firstWord(globals, 'vrrp_version')?.text ?? 2)
  const scripts = readScripts(top, globals, files, diagnostics)
  const instances = top
    .filter(statement => statement.name === 'vrrp_instance')
    .map(statement => factsOf(statement, version))
  for (const instance of instances) checkInstance(instance, scripts, diagnostics)
  checkTwins(instances, diagnostics)
  checkUnused(instances, top, scripts, diagnostics)
  for (const { name, origin } of top) {
    if (name !== 'virtual_server') continue
    const hint =
      'without the kernel’s IPVS keepalived ends; a pair in front of a layer-7 proxy needs none'
    diagnostics.notice('virtual_server balances by IPVS, beside the proxy', origin, hint)
  }
  return { items: diagnostics.items, instances }
}

function checkNames(top: readonly Statement[], diagnostics: DiagnosticList): void {
  for (const statement of top) {
    const { name, block } = statement
    if (/^[$@~]/.test(name) || name.startsWith('include')) continue
    if (!TOP.has(name)) {
      refuseName(statement, TOP, 'at the top', diagnostics)
      continue
    }
    const known = BLOCKS.get(name)
    if (known === undefined) continue
    for (const inner of block ?? []) {
      if (/^[$@~]/.test(inner.name) || known.has(inner.name)) continue
      refuseName(inner, known, `in ${name}`, diagnostics)
    }
  }
}

function refuseName(
  { name, origin }: Statement,
  known: ReadonlySet<string>,
  where: string,
  diagnostics: DiagnosticList,
): void {
  const meant = nearest(name, known)
  const hint = meant === null ? '' : `did you mean "${meant}"?`
  diagnostics.error(`unknown keyword "${name}" ${where}: keepalived passes over it`, origin, hint)
}

function readScripts(
  top: readonly Statement[],
  globals: readonly Statement[],
  files: ScriptFiles,
  diagnostics: DiagnosticList,
): Map<string, ScriptFacts> {
  const scripts = new Map<string, ScriptFacts>()
  const hasUser = findStatement(globals, 'script_user') !== undefined
  const isSecured = findStatement(globals, 'enable_script_security') !== undefined
  for (const { name, words, block, origin } of top) {
    if (name !== 'vrrp_script') continue
    const items = block ?? []
    const command = commandOf(items)
    if (command === null) diagnostics.error('this vrrp_script has no "script"', origin)
    else checkScript(command, files, diagnostics)
    checkTimes(items, diagnostics)
    if (!hasUser && findStatement(items, 'user') === undefined) {
      const hint = 'write "script_user USER" in global_defs: else it is keepalived_script, or root'
      diagnostics.warning('nobody is named that the script runs as', origin, hint)
    }
    const weight = Number(firstWord(items, 'weight')?.text ?? 0)
    scripts.set(words[0]?.text ?? '', { weight, origin })
  }
  if (scripts.size > 0 && !isSecured) {
    const [first] = [...scripts.values()]
    const hint =
      'write "enable_script_security" in global_defs: then keepalived refuses scripts that others may change'
    diagnostics.notice('scripts are run without a look at who may change them', first!.origin, hint)
  }
  return scripts
}

/** `script "a b"` and `script a b` are the same. */
function commandOf(block: readonly Statement[]): Word | null {
  const words = findStatement(block, 'script')?.words ?? []
  const [first] = words
  return first === undefined ? null : { ...first, text: words.map(word => word.text).join(' ') }
}

function checkTimes(block: readonly Statement[], diagnostics: DiagnosticList): void {
  const interval = Number(firstWord(block, 'interval')?.text ?? 1)
  const timeout = firstWord(block, 'timeout')
  if (timeout === null || Number(timeout.text) <= interval) return
  const text = `a timeout of ${timeout.text} s is longer than the interval of ${interval} s`
  diagnostics.warning(text, timeout.origin, 'a check that hangs holds up the next ones')
}

function checkTwins(instances: readonly InstanceFacts[], diagnostics: DiagnosticList): void {
  const seen = new Map<string, InstanceFacts>()
  for (const instance of instances) {
    const id = firstWord(instance.block, 'virtual_router_id')
    const device = firstWord(instance.block, 'interface')?.text ?? ''
    if (id === null) continue
    const isV6 = findStatement(instance.block, 'native_ipv6') !== undefined
    const key = `${device} ${id.text} ${isV6}`
    const other = seen.get(key)
    if (other === undefined) {
      seen.set(key, instance)
      continue
    }
    const text = `virtual_router_id ${id.text} on ${device} is that of "${other.name}" already`
    diagnostics.error(text, id.origin, 'each router of a network has an id of its own')
  }
}

function checkUnused(
  instances: readonly InstanceFacts[],
  top: readonly Statement[],
  scripts: ReadonlyMap<string, ScriptFacts>,
  diagnostics: DiagnosticList,
): void {
  const groups = top
    .filter(({ name }) => name === 'vrrp_sync_group')
    .map(({ block }) => block ?? [])
  const used = new Set(
    [...instances.map(({ block }) => block), ...groups].flatMap(block =>
      (findStatement(block, 'track_script')?.block ?? []).map(({ name }) => name),
    ),
  )
  for (const [name, { origin }] of scripts) {
    if (used.has(name)) continue
    const hint = `write it into an instance: track_script { ${name} }`
    diagnostics.warning(`vrrp_script "${name}" is not used: no fault is seen by it`, origin, hint)
  }
  for (const { block, statement, name } of instances) {
    const watches = ['track_script', 'track_process', 'track_file', 'track_bfd']
    if (watches.some(each => findStatement(block, each) !== undefined)) continue
    const hint =
      'track_script { … } with headgate-alive moves the address when the proxy cannot serve'
    diagnostics.warning(`"${name}" looks at nothing but the network`, statement.origin, hint)
  }
}
