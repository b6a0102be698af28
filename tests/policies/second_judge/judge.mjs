// Cases as JSON on standard input, a verdict of each out: allowed, denied, forbidden, or why there is none.
import { readFileSync } from 'node:fs'
import { runSimulation } from '@cloud-copilot/iam-simulate'

const VERDICTS = { Allowed: 'allowed', ImplicitlyDenied: 'denied', ExplicitlyDenied: 'forbidden' }

async function verdict(one) {
  const simulation = {
    request: {
      principal: one.principal,
      action: one.action,
      resource: { resource: one.resource, accountId: one.account },
      contextVariables: one.context
    },
    identityPolicies: one.identity.map((policy, number) => ({ name: `${number}`, policy })),
    permissionBoundaryPolicies: one.boundary ? [{ name: 'boundary', policy: one.boundary }] : undefined,
    resourcePolicy: one.of_resource ?? undefined,
    serviceControlPolicies: [],
    resourceControlPolicies: []
  }
  const found = await runSimulation(simulation, {})
  if (found.resultType === 'error') return `error: ${JSON.stringify(found.errors)}`
  const ignored = found.result?.ignoredContextKeys ?? []
  return ignored.length ? `error: it does not know ${ignored}` : VERDICTS[found.overallResult]
}

const cases = JSON.parse(readFileSync(0, 'utf8'))
const found = []
for (const one of cases) found.push(await verdict(one))
process.stdout.write(JSON.stringify(found))
