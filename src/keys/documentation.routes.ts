import { z } from 'zod'
import { HOLDER_TYPES } from '../holders/rules.ts'
import { accountParams } from '../web/params.ts'
import { type Route, route } from '../web/route.ts'
import { type DocumentationDeps, describeApi } from './documentation.ts'

const ZIP = 'application/zip'

export function documentationRoutes(deps: DocumentationDeps): Route[] {
  return [
    route({
      method: 'get',
      path: '/manage/accounts/{account}/documentation',
      operationId: 'describeApi',
      tag: 'keys',
      summary: 'Download the documentation, with the keys',
      description:
        'A ZIP archive for whoever begins to use the API: `README.md` with the account’s own address and the first call, `openapi.json`, `endpoints.csv`, and `keys.csv` with ids and rights, never secrets.',
      errors: 'problem',
      access: 'documentation.describe',
      params: accountParams,
      query: z.strictObject({
        namespace: z.string().max(16).optional().meta({ description: 'The first that is enabled unless said.' }),
        holderType: z.enum(HOLDER_TYPES).optional().meta({ description: 'Only keys of this type of holder.' }),
      }),
      answers: {
        200: {
          description: 'The archive.',
          content: { [ZIP]: z.string().meta({ format: 'binary', contentMediaType: ZIP }) },
        },
      },
      refusals: ['invalid_request', 'unknown_namespace', 'namespace_not_enabled', 'holder_type_not_allowed'],
      async handle({ params: { account }, query }) {
        const { name, zip } = await describeApi(deps, account, query)
        const headers = { 'Content-Disposition': `attachment; filename="${name}"` }
        return { status: 200, type: ZIP, headers, body: zip }
      },
    }),
  ]
}
