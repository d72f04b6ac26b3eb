/** The keys of all nodes beside what is known of them, as rows and as a table. */
import type { RegistryNode } from '@uftp/bus';
import type { KnownKeys } from '@uftp/endpoint/identity';
import { formatUid, parseUid } from '@uftp/wire';
import { columns, countText, printable } from '../terminal.ts';

/** What the senders of this user make of a receiver's key. */
export type Trust = 'pinned' | 'new' | 'changed' | 'revoked' | 'absent' | '';

export interface KeyRow {
	readonly role: string;
	readonly uid: string;
	readonly host: string;
	readonly kind: string;
	readonly fingerprint: string;
	readonly trust: Trust;
}

/** One row for each key that is published, and one for each that is known of a receiver which is not there. */
export function keyRows(nodes: readonly RegistryNode[], known: KnownKeys): KeyRow[] {
	const rows: KeyRow[] = [];
	const seen = new Set<string>();
	for (const { heartbeat } of nodes) {
		const { role, uid = '', host } = heartbeat;
		for (const { kind, fingerprint } of heartbeat.keys ?? []) {
			seen.add(`${uid} ${fingerprint}`);
			const trust = role === 'receiver' ? trustOf(known, uid, fingerprint) : '';
			rows.push({ role, uid, host, kind, fingerprint, trust });
		}
	}
	const away = (id: number, fingerprint: string, trust: Trust): void => {
		const uid = formatUid(id);
		if (!seen.has(`${uid} ${fingerprint}`))
			rows.push({ role: 'receiver', uid, host: '', kind: '', fingerprint, trust });
	};
	for (const [id, fingerprint] of known.all) away(id, fingerprint, 'absent');
	for (const [id, fingerprint] of known.revoked) away(id, fingerprint, 'revoked');
	return rows;
}

function trustOf(known: KnownKeys, uid: string, fingerprint: string): Trust {
	if (known.isRevoked(fingerprint)) return 'revoked';
	const id = parseUid(uid);
	const pinned = id === undefined ? undefined : known.of(id);
	if (pinned === undefined) return 'new';
	return pinned === fingerprint ? 'pinned' : 'changed';
}

/** A table; below it what to do about keys that have changed. */
export function keysText(rows: readonly KeyRow[]): string {
	if (rows.length === 0) return 'No node shows a key, and none is known.';
	const cells = rows.map(({ role, uid, host, kind, fingerprint, trust }) =>
		[role, uid, host, kind, trust, fingerprint].map(printable),
	);
	const changed = rows
		.filter(({ trust }) => trust === 'changed')
		.map(
			({ uid }) => `${printable(uid)} shows another key than before: "uftpctl keys trust ${printable(uid)}" takes it.`,
		);
	const head = ['ROLE', 'UID', 'HOST', 'KIND', 'TRUST', 'FINGERPRINT'];
	return [columns([head, ...cells], ''), ...changed, countText(rows.length, 'key')].join('\n');
}
