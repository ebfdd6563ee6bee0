/** The page behind a link of a person: one form that asks for a password, without scripts. */
import { escapeHtml } from '../web/docs/page.ts'
import { linkReply } from '../web/link-page.ts'
import type { Reply } from '../web/route.ts'

export interface PasswordForm {
  title: string
  /** Plain text. */
  text: string
  email: string
  /** Plain text, beside the field. */
  hint: string
  autocomplete: 'new-password' | 'current-password'
  button: string
}

export function passwordPage({ title, text, email, hint, autocomplete, button }: PasswordForm): Reply {
  return linkReply(
    200,
    title,
    `<p>${escapeHtml(text)}</p>
<form method="post">
<input type="hidden" name="username" value="${escapeHtml(email)}" autocomplete="username" disabled>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="${autocomplete}" maxlength="1024" required autofocus aria-describedby="hint">
<p id="hint">${escapeHtml(hint)}</p>
<button>${escapeHtml(button)}</button>
</form>`,
  )
}

/** Where a link that was used leads to. */
export function signInPage(title: string, email: string, publicUrl: string): Reply {
  const link = `<a href="${escapeHtml(publicUrl)}/">${escapeHtml(publicUrl)}</a>`
  return linkReply(200, title, `<p>You can now sign in at ${link} as ${escapeHtml(email)}.</p>`)
}
