// A check for keepalived that starts nothing: a shell's own words read the file of the process, in about a millisecond.

import { STALE_HUNDREDTHS } from './alive-state.ts'

/** The text of `headgate-alive`. @param groups each needs a peer that can be picked */
export function aliveScript(paths: readonly string[], groups: readonly string[]): string {
  return `#!/bin/sh
# Exit code 0 while this node can serve: its process and its workers turn, it is not draining${groups.length === 0 ? '' : ',\n# and these groups have a peer that can be picked'}.
# Made by "headgate alive --script"; a vrrp_script of keepalived.

no() {
    echo "headgate: $*" >&2
    exit 1
}

for file in ${paths.map(quoted).join(' ')}; do
    [ -r "$file" ] && break
done
{ read -r word stamp pid up; } 2>/dev/null <"$file" || no "does not run: there is no $file"
read -r now rest </proc/uptime
now=\${now%.*}\${now#*.}
age=$((now - stamp))
[ "$age" -ge 0 ] && [ "$age" -le ${STALE_HUNDREDTHS} ] || no "nothing was heard of process $pid for $((age / 100)) s"
[ "$word" = ok ] || no "$up"
for group in ${groups.map(name => quoted(encodeURIComponent(name))).join(' ')}; do
    case " $up " in
    *" $group:"[1-9]*) ;;
    *) no "no peer of $group can be picked" ;;
    esac
done
exit 0
`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
