import { z } from 'zod'
import type { AccessToken } from '../../../verifier/index.ts'
import { paging } from '../collection.ts'
import { insufficientScope } from '../problems.ts'
import { byId, found, pageOf } from '../shapes.ts'
import { operation, type V2Data } from './data.ts'
import { type Order, order, orderChange, orderStatus } from './shapes.ts'

const tag = 'orders'

/** Of the whole account, or of the sub-account that the order belongs to. */
function mayAccess(token: AccessToken, scope: string): (row: Order) => boolean {
  return ({ subAccount }) => token.allows(scope, { subAccount: subAccount ?? undefined })
}

/** An order that the token may not see is not there. */
function visible(data: V2Data, id: string, token: AccessToken): Order {
  const row = found(data.orders.get(id))
  const seen = mayAccess(token, 'orders:read')(row) || mayAccess(token, 'orders:write')(row)
  return found(seen ? row : undefined)
}

const listOrders = operation({
  method: 'get',
  path: '/v2/orders',
  operationId: 'listOrders',
  tag,
  summary: 'List orders',
  scope: 'orders:read',
  perSubAccount: true,
  query: z.object({ ...paging, subAccount: z.string().min(1).max(64).optional(), status: orderStatus.optional() }),
  answers: { 200: { description: 'Orders, oldest first.', schema: pageOf(order, 'OrderPage') } },
  handle({ data, query: { subAccount, status, ...page }, token }) {
    const mayRead = mayAccess(token, 'orders:read')
    const shown = (row: Order) =>
      mayRead(row) &&
      (subAccount === undefined || row.subAccount === subAccount) &&
      (status === undefined || row.status === status)
    return { status: 200, body: data.orders.page(page, shown) }
  },
})

const getOrder = operation({
  method: 'get',
  path: '/v2/orders/{id}',
  operationId: 'getOrder',
  tag,
  summary: 'Read an order',
  scope: 'orders:read',
  perSubAccount: true,
  params: byId('ord', 'ord_1002'),
  answers: { 200: { description: 'The order.', schema: order } },
  handle({ data, params, token }) {
    const row = data.orders.get(params.id)
    return { status: 200, body: found(row && mayAccess(token, 'orders:read')(row) ? row : undefined) }
  },
})

const changeOrder = operation({
  method: 'patch',
  path: '/v2/orders/{id}',
  operationId: 'changeOrder',
  tag,
  summary: 'Change an order',
  description: 'Members left out stay as they are. May be repeated.',
  scope: 'orders:write',
  perSubAccount: true,
  params: byId('ord', 'ord_1002'),
  body: { schema: orderChange, example: { status: 'paid', note: 'Paid by bank transfer' } },
  answers: { 200: { description: 'The changed order.', schema: order } },
  handle({ data, params, body, token, now, challenge }) {
    const row = visible(data, params.id, token)
    if (!mayAccess(token, 'orders:write')(row)) throw insufficientScope('orders:write', challenge)
    return { status: 200, body: data.orders.change(row, { ...body, updatedAt: new Date(now).toISOString() }) }
  },
})

export const orders = [listOrders, getOrder, changeOrder]
