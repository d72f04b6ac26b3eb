import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** An interface with an ordinary MTU whose cable ends nowhere: multicast loops back to the namespace's own sockets. */
const SETUP = [
	'PATH=$PATH:/usr/sbin:/sbin',
	'ip link set lo up',
	'ip link add uftp0 type veth peer name uftp9',
	'ip link set uftp9 up',
	'ip link set uftp0 mtu 1500 multicast on up',
	'ip address add 10.77.0.1/24 dev uftp0',
	'ip address add 10.77.0.2/24 dev uftp0',
	'ip -6 address add fd77::1/64 dev uftp0 nodad',
	'ip -6 address add fd77::2/64 dev uftp0 nodad',
	'exec "$@"',
].join(' && ');

/**
 * Runs one case of `namespace-cases.ts` as a process in a network namespace of its own, and returns the JSON that it
 * printed. Throws a sentence where this machine does not allow namespaces: needed are root or unprivileged user
 * namespaces, `unshare` (util-linux) and `ip` (iproute2).
 */
export function runInNamespace(name: string, ...args: string[]): unknown {
	const program = fileURLToPath(new URL('namespace-cases.ts', import.meta.url));
	const isRoot = process.getuid?.() === 0;
	const namespace = isRoot ? ['--net'] : ['--map-root-user', '--net'];
	const command = ['sh', '-c', SETUP, 'sh', process.execPath, program, name, ...args];
	const { status, stdout, stderr, error } = spawnSync('unshare', [...namespace, ...command], { encoding: 'utf8' });
	if (status !== 0) {
		throw new Error(
			`This test needs a network namespace (root, or unprivileged user namespaces; unshare; ip) ` +
				`in which its case ends well: ${error?.message ?? stderr}`,
		);
	}
	return JSON.parse(stdout);
}
