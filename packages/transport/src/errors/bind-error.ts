import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from '@uftp/native';
import type { Family } from '@uftp/wire';
import { TransportError } from './transport-error.ts';

/** The error of a bind that failed with `code` ("EADDRINUSE", ...). */
export function bindError(code: string, host: string, port: number, family: Family): TransportError {
	const where = `UDP port ${port} (address ${host})`;
	switch (code) {
		case 'EADDRINUSE': {
			const holder = portHolder(port);
			const who = holder === undefined ? 'another program' : holder;
			return new TransportError(
				`${where} is held by ${who}, which does not share it: stop it, or choose another port on both sides.`,
				code,
			);
		}
		case 'EACCES':
			return new TransportError(`${where} needs a privilege: choose a port above 1023 or run as root.`, code);
		case 'EADDRNOTAVAIL':
			return new TransportError(`${host} is not an address of this machine: see "ip address" for those it has.`, code);
		case 'EINVAL':
			return new TransportError(
				`${host} cannot be bound: is it an IPv${family} address of this machine, ` +
					'with its interface if it is link-local?',
				code,
			);
		default:
			return new TransportError(`${where} cannot be bound: ${code}.`, code);
	}
}

/**
 * Which program holds a UDP port: "uftpd (process 4711)", or undefined where the system does not tell (not Linux, or
 * the process belongs to somebody else). Walks /proc: for error messages only.
 */
export function portHolder(port: number): string | undefined {
	const inodes = new Set([...boundInodes('/proc/net/udp', port), ...boundInodes('/proc/net/udp6', port)]);
	if (inodes.size === 0) return undefined;
	for (const process of listDirectory('/proc')) {
		if (!/^\d+$/.test(process)) continue;
		for (const descriptor of listDirectory(`/proc/${process}/fd`)) {
			const target = readLink(`/proc/${process}/fd/${descriptor}`);
			const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
			if (inode !== undefined && inodes.has(inode)) {
				return `${readText(`/proc/${process}/comm`).trim() || 'a program'} (process ${process})`;
			}
		}
	}
	return undefined;
}

/** Inode numbers of the sockets bound to `port` in one of the kernel's tables. */
function boundInodes(table: string, port: number): string[] {
	const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
	const inodes: string[] = [];
	for (const line of readText(table).split('\n').slice(1)) {
		const fields = line.trim().split(/\s+/);
		if (fields[1]?.endsWith(suffix)) inodes.push(fields[9]);
	}
	return inodes;
}

/** Canonical text of a literal address of either family without scope, or undefined. */
export function canonicalAddress(text: string): string | undefined {
	const four = parseIpv4(text);
	if (four !== undefined) return formatIpv4(four, 0);
	const six = parseIpv6(text);
	return six === undefined ? undefined : formatIpv6(six, 0);
}

function readText(path: string): string {
	try {
		return readFileSync(path, 'utf8');
	} catch {
		return '';
	}
}

function readLink(path: string): string {
	try {
		return readlinkSync(path);
	} catch {
		return '';
	}
}

function listDirectory(path: string): string[] {
	try {
		return readdirSync(path);
	} catch {
		return [];
	}
}
