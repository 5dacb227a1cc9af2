import { ERROR_CODES, SPINE_SYSTEM } from '../src/fhir/error-codes.ts'

/** docs/errors.md: what each code of an OperationOutcome means. */
export function errorsPage(): string {
  const rows = Object.entries(ERROR_CODES).map(([code, { spine, spineAlso = [], statuses, meaning }]) => {
    const spines = [spine, ...spineAlso].map(each => `\`${each}\``).join(', ')
    return `| \`${code}\` | ${statuses.join(', ')} | ${spines} | ${meaning} |`
  })
  return `# Errors

Generated from src/fhir/error-codes.ts: run \`npm run generate\`.

Every answer that is not a success has an OperationOutcome, in JSON, with an issue for each thing that is wrong.

- \`issue.code\` is HL7's, from the table below.
- \`issue.details.coding\` has the code that NHS England's national services use, of the system \`${SPINE_SYSTEM}\`.
- \`issue.diagnostics\` says in a sentence what is wrong and what would be right. It is for people: programs go by the codes.
- \`issue.expression\` says where, as FHIRPath: \`Patient.birthDate\`, or \`Bundle.entry[3].resource.ofType(Patient).birthDate\`.
- \`X-Request-Id\` names the request; with it, whoever runs the server finds it in the log and in the record of accesses.

| issue.code | status | Spine code | what it means |
|---|---|---|---|
${rows.join('\n')}
`
}
