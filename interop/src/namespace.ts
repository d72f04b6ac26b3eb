import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * Private namespaces without names: each is held open by a `cat` that reads a pipe from this process. When this
 * process ends, however it ends, the pipe closes, the holder exits and the kernel takes the namespace away; the
 * hub's holder is also the init of a process namespace, so every program started inside dies with it. Nothing is
 * written to /run/netns, so parallel runs cannot clash and nothing stale is ever left to sweep.
 */

const heldScript = 'echo held; exec cat >/dev/null';
const holdDeadlineMs = 10_000;

/** Root makes plain namespaces (and keeps its privileges over them); anybody else gets a user namespace around. */
const isRoot = process.getuid?.() === 0;

/** Arguments that make `nsenter` enter the user namespace first, where there is one. */
export const userNamespaceArguments: readonly string[] = isRoot ? [] : ['-U', '--preserve-credentials'];

/** A namespace that lives until `release`. */
export interface HeldNamespace {
	/** Pid of the holder as this process sees it: /proc/<pid>/net/* shows what happens inside. */
	readonly pid: number;
	release(): void;
}

/** The network and process namespace in which the bridge lives. Throws a sentence where the kernel refuses. */
export async function holdHub(): Promise<HeldNamespace> {
	const user = isRoot ? [] : ['-U', '-r'];
	const child = await hold('unshare', [...user, '-n', '-p', '-f', '--kill-child', 'sh', '-c', heldScript]);
	return { pid: onlyChildOf(child.pid ?? 0), release: () => child.stdin?.end() };
}

/** A further network namespace, owned by the same user namespace as the hub. */
export async function holdHost(hub: HeldNamespace): Promise<HeldNamespace> {
	const enter = ['-t', String(hub.pid), ...userNamespaceArguments, '-n'];
	const child = await hold('nsenter', [...enter, 'unshare', '-n', 'sh', '-c', heldScript]);
	return { pid: child.pid ?? 0, release: () => child.stdin?.end() };
}

/** Runs a shell script inside a namespace, to its end. Throws with what the script said. */
export function runInside(namespace: HeldNamespace, script: string): string {
	const enter = ['-t', String(namespace.pid), ...userNamespaceArguments, '-n'];
	const done = spawnSync('nsenter', [...enter, 'sh', '-e'], { input: script, encoding: 'utf8', env: pathWithSbin() });
	if (done.status !== 0) {
		throw new Error(`a command in a network namespace failed: ${done.stderr || done.error?.message}\n${script}`);
	}
	return done.stdout;
}

/** The environment with the directories in which `ip` and `nft` stand on Debian. */
export function pathWithSbin(): NodeJS.ProcessEnv {
	return { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };
}

/** Pid of the one child of `pid`, 0 if it has none (yet). */
export function onlyChildOf(pid: number): number {
	try {
		return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0] ?? 0);
	} catch {
		return 0;
	}
}

function hold(command: string, args: string[]): Promise<ChildProcess> {
	return new Promise((resolve, reject) => {
		const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
		let said = '';
		const refuse = (): void => {
			clearTimeout(deadline);
			child.kill('SIGKILL');
			reject(
				new Error(
					`cannot make a private network namespace: ${said.trim() || `${command} does not run`}. ` +
						'This needs root, or a kernel that lets users make user namespaces (in a container: --privileged).',
				),
			);
		};
		const deadline = setTimeout(refuse, holdDeadlineMs);
		child.on('error', refuse);
		child.on('exit', refuse);
		child.stdin?.on('error', () => undefined);
		child.stderr?.on('data', (text) => {
			said += text;
		});
		child.stdout?.once('data', () => {
			clearTimeout(deadline);
			child.removeListener('exit', refuse);
			resolve(child);
		});
	});
}
