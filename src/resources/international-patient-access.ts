/** What this server is to apps, in one url: https://hl7.org/fhir/uv/ipa/CapabilityStatement-ipa-server.html */
export const IPA_SERVER = 'http://hl7.org/fhir/uv/ipa/CapabilityStatement/ipa-server'

/** The vital signs of R4, which International Patient Access asks for beside its own profile of Observation. */
export const VITAL_SIGNS = 'http://hl7.org/fhir/StructureDefinition/vitalsigns'

/** Profiles of International Patient Access 1.1.0 by their names. */
export const ipa = (...names: readonly string[]): readonly string[] =>
  names.map(name => `http://hl7.org/fhir/uv/ipa/StructureDefinition/ipa-${name}`)
