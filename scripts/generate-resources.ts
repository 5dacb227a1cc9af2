// The page of each resource type, made from its declaration: docs/resources/<type>.md
import { searchParametersOf } from '../src/fhir/model.ts'
import type { Definition } from '../src/resources/definition.ts'
import { definitions } from '../src/resources/index.ts'

const WHOSE: Readonly<Record<string, string>> = {
  self: 'It is the patient.',
  shared: 'Everybody’s who may read it, unless it names a patient: then hers alone.',
  referrers: 'Theirs who can see a resource that refers to it.',
  none: 'No patient’s: only system clients see it.',
}

const whose = ({ compartment }: Definition): string =>
  typeof compartment === 'string'
    ? (WHOSE[compartment] ?? '')
    : `The patient’s whom \`${compartment.join('`, `')}\` names.`

function parameterRows(definition: Definition): string[] {
  const described = searchParametersOf(definition.type)
  return Object.entries(definition.search).map(([name, { type, of }]) => {
    const text = described.get(name)?.description ?? (of ? `Either of ${of.join(', ')}` : '')
    return `| \`${name}\` | ${type} | ${text.replaceAll('|', '\\|').replaceAll('\n', ' ')} |`
  })
}

function page(definition: Definition): string {
  const { type, topic, may, release, releasedWith, currentOnly } = definition
  const released = release ? 'By its status and tags; see `src/resources/release.ts`.' : 'At once.'
  const members = releasedWith?.members === undefined ? '' : `, nor before the ${type} that it is a member of`
  const past = currentOnly ? ' Versions that were replaced are not shown.' : ''
  const withOther = releasedWith ? ` Not before the ${releasedWith.type} that refers to it${members}.` : ''
  const actors = Object.entries(may).map(([actor, interactions]) => `| ${actor} | ${(interactions ?? []).join(', ')} |`)
  return `# ${type}

Generated from its declaration. The standard: <https://hl7.org/fhir/R4/${type.toLowerCase()}.html>

- Topic (what a proxy's grant names): ${topic}
- Whose: ${whose(definition)}
- Shown to patients and proxies: ${released}${withOther}${past}

| who | may |
| --- | --- |
${actors.join('\n')}

| search parameter | type | |
| --- | --- | --- |
| \`_id\` | token | The logical id |
| \`_lastUpdated\` | date | When the version was stored |
${parameterRows(definition).join('\n')}
`
}

const kebab = (type: string): string => type.replace(/(?<!^)[A-Z]/g, letter => `-${letter}`).toLowerCase()

/** The pages of all types, by path. */
export const resourcePages = (): Record<string, () => string> =>
  Object.fromEntries(
    [...definitions.values()].map(definition => [
      `docs/resources/${kebab(definition.type)}.md`,
      () => page(definition),
    ]),
  )
