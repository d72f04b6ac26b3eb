/** The generated blocks of docs/protocol.md, by name: Markdown lines made from the tables of packages/wire and protocol. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { CIPHERS, CURVES, HASHES } from '@uftp/crypto';
import { DROP_REASONS, MESSAGE_RULES } from '@uftp/protocol';
import {
	Header,
	type LayoutPart,
	MALFORMED_REASONS,
	MESSAGE_TRAITS,
	type MessageOrigin,
	type MessageTraits,
	MessageType,
} from '@uftp/wire';
import { drawBoxes, words } from './diagram.ts';
import { MESSAGES, PARTS, type Structure } from './structures.ts';

const root = join(import.meta.dirname, '../..');
/** Where bounds, timers and factors of the protocol are declared. */
const SOURCES = ['packages/wire/src', 'packages/protocol/src'] as const;
const MESSAGE_SECTION = 4;

/** Every generated block. The name is that in the marker; the value makes its lines. */
export const BLOCKS: Readonly<Record<string, () => string[]>> = {
	'common header': () =>
		fenced(drawBoxes({ parts: Header.parts, labels: { grtt: 'GRTT', func: 'function' }, variable: [] })),
	messages: () => MESSAGES.flatMap((message) => messageSection(message)),
	parts: () => PARTS.flatMap((part, i) => partSection(part, MESSAGES.length + 1 + i)),
	'message table': rolesTable,
	legality: legalityTable,
	'drop reasons': () => reasonTable(DROP_REASONS, MALFORMED_REASONS),
	'malformed reasons': () => reasonTable(MALFORMED_REASONS, {}),
	ciphers: () =>
		table(
			['Number', 'Cipher', 'Key bytes', 'IV bytes', 'Tag bytes'],
			Object.entries(CIPHERS).map(([id, { name, keyBytes, ivBytes, tagBytes }]) =>
				[id, name, keyBytes, ivBytes, tagBytes].map(String),
			),
		),
	hashes: () =>
		table(
			['Number', 'Hash', 'Bytes'],
			Object.entries(HASHES).map(([id, { name, bytes }]) => [id, name, String(bytes)]),
		),
	curves: () =>
		table(
			['Number', 'Curve', 'Also'],
			CURVES.map(({ id, name, alias }) => [String(id), name, alias ?? '']),
		),
	limits: () =>
		sourceFiles()
			.filter(({ path }) => /(?:^|-|\/)limits\.ts$/.test(path))
			.flatMap(limitsOf),
	timers: () => table(['Timer', 'What it does', 'Declared in'], sourceFiles().flatMap(timersOf)),
	factors: () => table(['Constant', 'GRTT', 'Meaning', 'Declared in'], sourceFiles().flatMap(factorsOf)),
};

function fenced(lines: readonly string[]): string[] {
	return ['```', ...lines, '```'];
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
	const cells = (row: readonly string[]) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
	return [cells(heads), cells(heads.map(() => '---')), ...rows.map(cells)];
}

// ---- structures

function messageSection(message: Structure): string[] {
	const { func } = message;
	if (func === undefined) throw new Error(`${message.name} has no message number`);
	const facts = `Sent by ${originsOf(MESSAGE_TRAITS[func])}; ${ENCRYPTION[MESSAGE_TRAITS[func].encryption]}.`;
	return section(message, func, `${message.purpose} ${facts}`);
}

function partSection(part: Structure, number: number): string[] {
	return section(part, number, part.purpose);
}

function section(structure: Structure, number: number, intro: string): string[] {
	const { name, parts, notes, variable, body, labels } = structure;
	const boxes = drawBoxes({ parts, variable, labels: { func: `function ${structure.func}`, ...labels } });
	const fields = parts.filter((part) => notes[part.name] !== undefined).map((part) => fieldRow(part, structure));
	return [
		`### ${MESSAGE_SECTION}.${number} ${name}`,
		'',
		intro,
		'',
		...fenced(boxes),
		...(fields.length === 0 ? [] : ['', ...table(['Offset', 'Bytes', 'Field', 'Meaning'], fields)]),
		...(body === 'None.' || variable.length === 0 ? [] : ['', `Body: ${lowerFirst(body)}`]),
		'',
	];
}

function fieldRow({ name, offset, size }: LayoutPart, { notes, labels }: Structure): string[] {
	return [String(offset), String(size), labels[name] ?? words(name), notes[name] ?? ''];
}

function lowerFirst(text: string): string {
	return text.charAt(0).toLowerCase() + text.slice(1);
}

const ENCRYPTION: Readonly<Record<MessageTraits['encryption'], string>> = {
	never: 'always in the clear',
	session: 'inside ENCRYPTED in an encrypted session',
	either: 'in the clear until the keys are agreed, then inside ENCRYPTED (section 9.2)',
	envelope: 'the envelope of encrypted messages',
};

const PLURALS: Readonly<Record<MessageOrigin, string>> = { sender: 'senders', receiver: 'receivers', proxy: 'proxies' };

function originsOf({ origins }: MessageTraits): string {
	const names = origins.map((origin) => PLURALS[origin]);
	return names.length === 1 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** Who sends each message, and how. */
function rolesTable(): string[] {
	const rows = Object.values(MessageType).map((type) => {
		const traits = MESSAGE_TRAITS[type];
		return [String(type), traits.name, originsOf(traits), MESSAGE_RULES[type].sessions, ENCRYPTION[traits.encryption]];
	});
	return table(['Number', 'Message', 'Sent by', 'Sessions', 'Encryption'], rows);
}

/** Which node takes each message, and in which phase. */
function legalityTable(): string[] {
	const rows = Object.values(MessageType).map((type) => {
		const { sender, receiver, proxyUp, proxyDown, clearInEncrypted } = MESSAGE_RULES[type];
		const phases = [sender, receiver, proxyUp, proxyDown, clearInEncrypted].map((list) => list.join(', '));
		return [MESSAGE_TRAITS[type].name, ...phases];
	});
	const heads = ['Sender', 'Receiver', 'Proxy, from receivers', 'Proxy, from the sender'];
	return table(['Message', ...heads, 'In the clear in an encrypted session'], rows);
}

// ---- reasons

function reasonTable(reasons: Readonly<Record<string, string>>, without: Readonly<Record<string, string>>): string[] {
	const rows = Object.entries(reasons).filter(([reason]) => !(reason in without));
	return table(
		['Reason', 'Meaning'],
		rows.map(([reason, meaning]) => [`\`${reason}\``, meaning]),
	);
}

// ---- what sources declare

interface Source {
	readonly path: string;
	readonly text: string;
}

function sourceFiles(): Source[] {
	return SOURCES.flatMap((folder) =>
		readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
			.filter((name) => name.endsWith('.ts'))
			.map((name) => join(root, folder, name))
			.sort()
			.map((path) => ({ path: relative(root, path), text: readFileSync(path, 'utf8') })),
	);
}

/** A doc comment as one line, without its stars. */
function plain(comment: string | undefined): string {
	return (comment ?? '')
		.replace(/^\/\*\*|\*\/$/g, '')
		.replace(/^\s*\* ?/gm, '')
		.replace(/\s+/g, ' ')
		.trim();
}

/** A doc comment right before what follows it. */
const COMMENT = String.raw`(?:(\/\*\*(?:(?!\*\/)[\s\S])*\*\/)\n[ \t]*)?`;

function limitsOf({ path, text }: Source): string[] {
	const pattern = new RegExp(`${COMMENT}^export const ([A-Z][A-Z0-9_]*) = (.+);$`, 'gm');
	const rows = [...text.matchAll(pattern)].map(([, comment, name, value]) => {
		return [`\`${name}\``, (value ?? '').replace(/ as const$/, ''), plain(comment)];
	});
	return rows.length === 0 ? [] : [`From \`${path}\`:`, '', ...table(['Name', 'Value', 'Meaning'], rows), ''];
}

/** The entries of timer tables that say what they do. */
function timersOf({ path, text }: Source): string[][] {
	const rows: string[][] = [];
	for (const [, name, body] of text.matchAll(/const (\w*Timer) = \{\n([^}]*)\} as const;/g)) {
		for (const [, comment, entry] of (body ?? '').matchAll(new RegExp(`${COMMENT}(\\w+): \\d+`, 'g'))) {
			if (comment !== undefined) rows.push([`${name}.${entry}`, plain(comment), `\`${path}\``]);
		}
	}
	return rows;
}

/** Waiting times and bounds that are counted in GRTT. */
function factorsOf({ path, text }: Source): string[][] {
	const pattern = new RegExp(`${COMMENT}^(?:export )?const (\\w*_GRTT(?:_MAX|_MIN)?) = ([\\d.]+);$`, 'gm');
	return [...text.matchAll(pattern)].flatMap(([, comment, name, value]) => {
		return comment === undefined ? [] : [[`\`${name}\``, value ?? '', plain(comment), `\`${path}\``]];
	});
}
