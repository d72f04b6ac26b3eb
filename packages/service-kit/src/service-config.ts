/**
 * The configuration of a service: flags before the environment before defaults, everything checked, nothing unknown.
 * The setting `publicAddress` is `UFTP_PUBLIC_ADDRESS` in the environment and `--public-address` as a flag.
 */
import { type Parsed, pathText } from '@uftp/bus/schemas';
import { z } from 'zod';

/** The settings whose names in the environment are not ours. */
const foreignNames: Readonly<Record<string, string>> = {
	natsUrl: 'NATS_URL',
	natsUser: 'NATS_USER',
	natsPassword: 'NATS_PASSWORD',
	natsToken: 'NATS_TOKEN',
};
const prefix = 'UFTP_';
/** Settings of the test runs, which are nobody's configuration. */
const testPrefix = 'UFTP_TEST_';

export interface ConfigSources {
	readonly environment: Readonly<Record<string, string | undefined>>;
	/** Words behind the program's name. */
	readonly flags?: readonly string[];
}

/**
 * Variables that Kubernetes sets in every container for a Service named "uftp" or "uftp-...": they are nobody's
 * configuration, although `UFTP_PORT` has the name of a setting.
 */
const injectedName = /_SERVICE_HOST$|_SERVICE_PORT(_.*)?$|_PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/;
const injectedPort = /^(tcp|udp|sctp):\/\//;

function isInjected(name: string, value: string | undefined): boolean {
	if (!name.startsWith(prefix)) return false;
	return injectedName.test(name) || (name.endsWith('_PORT') && injectedPort.test(value ?? ''));
}

/** Names of the variables that `readConfig` leaves alone because an orchestrator set them, not the operator. */
export function injectedVariables(environment: ConfigSources['environment']): string[] {
	return Object.keys(environment).filter((name) => isInjected(name, environment[name]));
}

/** Name of a setting in the environment. */
export function environmentName(setting: string): string {
	return foreignNames[setting] ?? prefix + setting.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

/** Flag of a setting: `--public-address`. */
export function flagName(setting: string): string {
	return `--${setting.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** Reads and checks a configuration; the problem is a sentence that names the variable or the flag. */
export function readConfig<S extends z.ZodObject>(schema: S, sources: ConfigSources): Parsed<z.output<S>> {
	const values: Record<string, string> = {};
	const names = new Map<string, string>();
	const settings = Object.keys(schema.shape);
	for (const [name, value] of Object.entries(sources.environment)) {
		if (isInjected(name, value)) continue;
		const setting = settings.find((each) => environmentName(each) === name);
		if (setting !== undefined) {
			// An empty variable is how compose files and unit files say "not set".
			if (value !== undefined && value !== '') values[setting] = value;
			names.set(setting, name);
		} else if (name.startsWith(prefix) && !name.startsWith(testPrefix)) {
			return {
				ok: false,
				problem: `The environment has ${name}, which is no setting of this service${near(name, settings.map(environmentName))}.`,
			};
		}
	}
	const wrong = readFlags(sources.flags ?? [], settings, values, names);
	if (wrong !== undefined) return { ok: false, problem: wrong };
	return checkConfig(schema, values, names);
}

/** Checks settings that are there as text by their own names. */
export function checkConfig<S extends z.ZodObject>(
	schema: S,
	values: Readonly<Record<string, string>>,
	names: ReadonlyMap<string, string> = new Map(),
): Parsed<z.output<S>> {
	const result = z.strictObject(schema.shape).safeParse(values);
	if (result.success) return { ok: true, value: result.data as z.output<S> };
	const issue = result.error.issues[0] as z.core.$ZodIssue;
	const setting = String(issue.path[0] ?? '');
	if (issue.code === 'unrecognized_keys') return { ok: false, problem: `There is no setting "${issue.keys[0]}".` };
	const name = names.get(setting) ?? environmentName(setting);
	if (!(setting in values)) return { ok: false, problem: `${name} is not set: ${describe(schema, setting)}.` };
	const inside = pathText(issue.path.slice(1));
	const where = inside === '' ? '' : ` (${inside})`;
	return { ok: false, problem: `${name}=${JSON.stringify(values[setting])}${where} ${issue.message}.` };
}

function readFlags(
	words: readonly string[],
	settings: readonly string[],
	values: Record<string, string>,
	names: Map<string, string>,
): string | undefined {
	for (let at = 0; at < words.length; at++) {
		const word = words[at] as string;
		const [name, inline] = splitOnce(word, '=');
		const setting = settings.find((each) => flagName(each) === name);
		if (setting === undefined) return `There is no option ${name}${near(name, settings.map(flagName))}.`;
		const value = inline ?? words[++at];
		if (value === undefined) return `The option ${name} needs a value.`;
		values[setting] = value;
		names.set(setting, name);
	}
	return undefined;
}

function splitOnce(word: string, separator: string): [string, string | undefined] {
	const at = word.indexOf(separator);
	return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}

/**
 * A name with a typing error is better named than ignored. A known name that only lacks the end of this one, or that
 * begins with it, is meant before one that is merely spelled alike.
 */
function near(name: string, known: readonly string[]): string {
	const prefixed = known.filter((each) => each.startsWith(name) || name.startsWith(each));
	const candidates = prefixed.length > 0 ? prefixed : known;
	const ranked = candidates.map((each) => ({ each, far: distance(each, name) })).sort((a, b) => a.far - b.far);
	const close = ranked[0];
	const isClose = close !== undefined && (prefixed.length > 0 || close.far <= 3);
	return isClose ? `; the nearest is ${close.each}` : ` (there are ${known.join(', ')})`;
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
	let row = Array.from({ length: b.length + 1 }, (_, i) => i);
	for (let i = 1; i <= a.length; i++) {
		const next = [i];
		for (let j = 1; j <= b.length; j++) {
			const change = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
			next.push(Math.min(change, (row[j] as number) + 1, (next[j - 1] as number) + 1));
		}
		row = next;
	}
	return row[b.length] as number;
}

/** A setting for people. */
export interface SettingLine {
	readonly environment: string;
	readonly flag: string;
	/** Empty if there is none. */
	readonly default: string;
	readonly isRequired: boolean;
	readonly description: string;
}

/** All settings of a schema, in its order: for `--help` and for the table in a README. */
export function settingLines(schema: z.ZodObject): SettingLine[] {
	return Object.keys(schema.shape).map((setting) => {
		const fallback = defaultOf(schema.shape[setting]);
		return {
			environment: environmentName(setting),
			flag: flagName(setting),
			default: fallback ?? '',
			isRequired: fallback === undefined && !schema.shape[setting].safeParse(undefined).success,
			description: describe(schema, setting),
		};
	});
}

/** The table of a README. */
export function settingsTable(schema: z.ZodObject): string {
	const rows = settingLines(schema).map((line) => {
		const fallback = line.isRequired ? 'required' : line.default === '' ? '' : `\`${line.default}\``;
		return `| \`${line.environment}\` | \`${line.flag}\` | ${fallback} | ${line.description} |`;
	});
	return ['| variable | flag | default | meaning |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

function describe(schema: z.ZodObject, setting: string): string {
	return innermost(schema.shape[setting]).description ?? '';
}

/** `optional` and `prefault` wrap the described type. */
function innermost(type: z.ZodType): z.ZodType {
	if (type.description !== undefined) return type;
	const inner = (type as { readonly _zod?: { readonly def?: { readonly innerType?: z.ZodType } } })._zod?.def
		?.innerType;
	return inner === undefined ? type : innermost(inner);
}

function defaultOf(type: z.ZodType): string | undefined {
	const def = (
		type as { readonly _zod?: { readonly def?: { readonly type?: string; readonly defaultValue?: unknown } } }
	)._zod?.def;
	return def?.type === 'prefault' ? String(def.defaultValue) : undefined;
}
