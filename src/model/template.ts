// Text with variables in it: `proxy_set_header Host $http_host`. Readers parse it once; the worker compiles it.

/** One piece: literal text, or a variable by name without the dollar. */
export type TemplatePart = string | { readonly variable: string }

/** The pieces in order; an empty list is the empty string. */
export type Template = readonly TemplatePart[]

/** A template without variables. */
export function literal(text: string): Template {
  return text === '' ? [] : [text]
}

/** The text of a template that has no variables, else null. */
export function literalText(template: Template): string | null {
  let text = ''
  for (const part of template) {
    if (typeof part !== 'string') return null
    text += part
  }
  return text
}

/** The template as nginx writes it, `${name}` where the next character would continue the name. */
export function templateText(template: Template): string {
  let text = ''
  template.forEach((part, index) => {
    if (typeof part === 'string') {
      text += part
      return
    }
    const next = template[index + 1]
    const needsBraces = typeof next === 'string' && /^[A-Za-z0-9_]/.test(next)
    text += needsBraces ? `\${${part.variable}}` : `$${part.variable}`
  })
  return text
}
