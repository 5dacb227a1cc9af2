/** What is done with a resource that does not keep a profile. */
export type Mode = 'off' | 'warn' | 'enforce'

const MODES: readonly string[] = ['off', 'warn', 'enforce'] satisfies Mode[]

/** One setting: of a type, of a profile, or of a profile that all resources of a type have to keep. */
export type ModeSetting = { readonly type?: string; readonly profile?: string; readonly mode: Mode }

const SETTING = /^(?:([A-Z][A-Za-z]*)|([a-z][a-z0-9+.-]*:[^@=]+)|([A-Z][A-Za-z]*)@([a-z][a-z0-9+.-]*:[^@=]+))=([a-z]+)$/

/** Reads `Type=mode`, `profile=mode` or `Type@profile=mode`; undefined for anything else. */
export function modeSetting(text: string): ModeSetting | undefined {
  const [, type, profile, ofType, required, mode = ''] = SETTING.exec(text.trim()) ?? []
  if (!MODES.includes(mode)) return undefined
  if (ofType !== undefined && required !== undefined) return { type: ofType, profile: required, mode: mode as Mode }
  if (type !== undefined) return { type, mode: mode as Mode }
  return profile === undefined ? undefined : { profile, mode: mode as Mode }
}

/** The mode of a profile for a type: what is set for both goes before what is set for the profile, and that before the type. */
export function modeOf(settings: readonly ModeSetting[], type: string, profile: string): Mode {
  const found =
    settings.find(one => one.type === type && one.profile === profile) ??
    settings.find(one => one.type === undefined && one.profile === profile) ??
    settings.find(one => one.type === type && one.profile === undefined)
  return found?.mode ?? 'warn'
}
