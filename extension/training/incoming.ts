import * as v from 'valibot'
import { DASHBOARD_ACTIONS, type DashboardWebviewMessage, LENGTHS } from '../../webview/protocol/index.ts'

/** What the panel may send. It shows content from outside, so nothing of it is trusted. */

const path = v.pipe(v.string(), v.minLength(1), v.maxLength(4_096))

const Message = v.variant('type', [
  v.strictObject({ type: v.literal('ready') }),
  v.strictObject({ type: v.literal('act'), action: v.picklist(DASHBOARD_ACTIONS) }),
  v.strictObject({
    type: v.literal('change'),
    form: v.partial(
      v.strictObject({
        start: path,
        length: v.picklist(Object.keys(LENGTHS) as (keyof typeof LENGTHS)[]),
        device: v.pipe(v.string(), v.minLength(1), v.maxLength(40)),
      }),
    ),
  }),
  v.strictObject({ type: v.literal('removeFootage'), path }),
  v.strictObject({ type: v.literal('wantCurve'), folder: path }),
  v.strictObject({
    type: v.literal('openPreview'),
    step: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  }),
  v.strictObject({
    type: v.literal('log'),
    level: v.picklist(['error', 'info']),
    text: v.pipe(v.string(), v.maxLength(20_000)),
  }),
])

/** The message, made anew of what was checked; else the reason why it is none. */
export function readDashboardMessage(
  message: unknown,
): { readonly message: DashboardWebviewMessage } | { readonly refused: string } {
  const result = v.safeParse(Message, message, { abortEarly: true })
  if (result.success) return { message: result.output as DashboardWebviewMessage }
  const [issue] = result.issues
  return { refused: `${v.getDotPath(issue) ?? 'message'}: ${issue.message}` }
}
