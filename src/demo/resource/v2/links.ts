import { z } from 'zod'
import { paging } from '../collection.ts'
import { ResourceRefusal } from '../problems.ts'
import { byId, fault, found, once, pageOf } from '../shapes.ts'
import { operation, type V2Data } from './data.ts'
import { type Link, link, linkChange, newLink } from './shapes.ts'

const SHARED_DOMAIN = 'lnk.example'

const tag = 'links'
const params = byId('lnk', 'lnk_1001')

const listLinks = operation({
  method: 'get',
  path: '/v2/links',
  operationId: 'listLinks',
  tag,
  summary: 'List links',
  scope: 'links:read',
  query: z.object(paging),
  answers: { 200: { description: 'Links, oldest first.', schema: pageOf(link, 'LinkPage') } },
  handle: ({ data, query }) => ({ status: 200, body: data.links.page(query) }),
})

const createLink = operation({
  method: 'post',
  path: '/v2/links',
  operationId: 'createLink',
  tag,
  summary: 'Create a link',
  description: 'Give an `externalId`, and the request may be repeated: the same one again answers the first link.',
  scope: 'links:write',
  body: { schema: newLink, example: { url: 'https://shop.acme.example/summer', title: 'Summer', tags: ['summer'] } },
  answers: {
    201: { description: 'The new link.', schema: link },
    200: { description: 'The link that has this `externalId`.', schema: link },
  },
  refusals: { 409: '`conflict`: the slug is taken. `full`: the account has 1,000 links.' },
  handle({ data, body, now }) {
    const { externalId } = body
    const known = externalId && data.links.all().find((each) => each.externalId === externalId)
    return once(known || undefined, () => addLink(data, body, new Date(now).toISOString()))
  },
})

function addLink(data: V2Data, given: z.infer<typeof newLink>, at: string): Link {
  const { domain = SHARED_DOMAIN, slug = freeSlug(data), folderId = null, tags = [], externalId = null, url } = given
  if (domain !== SHARED_DOMAIN && !data.domains.all().some(({ name }) => name === domain)) {
    throw fault('/domain', 'is none of the account’s domains. See /v2/domains.')
  }
  checkFolder(data, folderId)
  if (data.links.all().some((each) => each.domain === domain && each.slug === slug)) {
    throw new ResourceRefusal('conflict', 'Another link has this slug on this domain. Choose another one.')
  }
  const rest = { tags, folderId, clicks: 0, createdAt: at, updatedAt: at }
  const title = given.title ?? url.slice(0, 200)
  return data.links.add({ externalId, domain, slug, shortUrl: `https://${domain}/${slug}`, url, title, ...rest })
}

/** Counted, not random: short, and the same in every run of the demo. */
function freeSlug(data: V2Data): string {
  const taken = new Set(data.links.all().map(({ slug }) => slug))
  let number = data.links.size + 1
  while (taken.has(`l${number}`)) number++
  return `l${number}`
}

function checkFolder(data: V2Data, folderId: string | null | undefined): void {
  if (folderId && !data.folders.get(folderId)) throw fault('/folderId', 'is none of the account’s folders.')
}

const exportLinks = operation({
  method: 'get',
  path: '/v2/links/export',
  operationId: 'exportLinks',
  tag,
  summary: 'Download all links',
  scope: 'links:export',
  answers: { 200: { description: 'One line a link.', schema: z.string(), type: 'text/csv' } },
  handle: ({ data }) => ({
    status: 200,
    headers: { 'Content-Disposition': 'attachment; filename="links.csv"' },
    type: 'text/csv; charset=utf-8',
    body: [COLUMNS.map(String), ...data.links.all().map((row) => COLUMNS.map((column) => String(row[column])))]
      .map((cells) => `${cells.map(csvCell).join(',')}\r\n`)
      .join(''),
  }),
})

const COLUMNS = ['id', 'shortUrl', 'url', 'title', 'tags', 'clicks', 'createdAt'] as const

/** Quoted (RFC 4180), and never a formula when a spreadsheet opens it. */
function csvCell(value: string): string {
  const safe = /^(?:[\t\r\n]|[\p{C}\p{Z}]*[=+\-@＝＋－＠])/u.test(value) ? `'${value}` : value
  return /[",;\t\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

const getLink = operation({
  method: 'get',
  path: '/v2/links/{id}',
  operationId: 'getLink',
  tag,
  summary: 'Read a link',
  scope: 'links:read',
  params,
  answers: { 200: { description: 'The link.', schema: link } },
  handle: ({ data, params }) => ({ status: 200, body: found(data.links.get(params.id)) }),
})

const changeLink = operation({
  method: 'patch',
  path: '/v2/links/{id}',
  operationId: 'changeLink',
  tag,
  summary: 'Change a link',
  description: 'Members left out stay as they are. May be repeated.',
  scope: 'links:write',
  params,
  body: { schema: linkChange, example: { title: 'Spring sale, last week', tags: ['spring'] } },
  answers: { 200: { description: 'The changed link.', schema: link } },
  handle({ data, params, body, now }) {
    const row = found(data.links.get(params.id))
    checkFolder(data, body.folderId)
    return { status: 200, body: data.links.change(row, { ...body, updatedAt: new Date(now).toISOString() }) }
  },
})

const deleteLink = operation({
  method: 'delete',
  path: '/v2/links/{id}',
  operationId: 'deleteLink',
  tag,
  summary: 'Delete a link',
  description: 'May be repeated: then there is nothing left to delete, and the answer is 404.',
  scope: 'links:write',
  params: byId('lnk', 'lnk_1005'),
  answers: { 204: { description: 'Deleted.' } },
  handle({ data, params }) {
    found(data.links.remove(params.id) || undefined)
    return { status: 204 }
  },
})

export const links = [listLinks, createLink, exportLinks, getLink, changeLink, deleteLink]
