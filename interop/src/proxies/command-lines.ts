import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type KeyName, optionsOf } from '../encryption-table.ts';
import type { Host } from '../host.ts';
import type { Keyring } from './keyring.ts';
import type { PlacedReceiver, Placement } from './placement.ts';
import type { ProxyScenario } from './proxy-scenario.ts';

/** Which key a server proxy knows a client proxy by in a plain session. */
const heartbeatKey: KeyName = 'p256';
const port = 1044;

/** The arguments of every program of a scenario, the programs' names left out. Lists are written to `scratch`. */
export class CommandLines {
	readonly #scenario: ProxyScenario;
	readonly #placement: Placement;
	readonly #keyring: Keyring;
	readonly #scratch: string;

	constructor(scenario: ProxyScenario, placement: Placement, keyring: Keyring, scratch: string) {
		this.#scenario = scenario;
		this.#placement = placement;
		this.#keyring = keyring;
		this.#scratch = scratch;
	}

	/** The public group that this scenario announces to. */
	get group(): string {
		if (this.#is6) return this.#scenario.sourceSpecific ? 'ff35::4:1' : 'ff15::4:1';
		return this.#scenario.sourceSpecific ? '232.4.4.1' : '230.4.4.1';
	}

	sender(session: number, fileName: string): string[] {
		const { suite, group, senderOptions = [] } = this.#scenario;
		const argv = ['-I', this.#interface, '-M', this.group, '-P', this.#privateGroup(session)];
		argv.push('-U', this.#placement.senders[session]?.uid ?? '');
		argv.push('-r', '0.1:0.05:0.5', '-b', '512', '-R', '40000', ...senderOptions);
		if (suite !== undefined) argv.push(...optionsOf(suite, this.#keyring.folder('sender', suite.key)));
		if (group === 'closed') {
			argv.push('-H', this.#placement.receivers.map(({ host }) => host.uid).join(','));
			const proxies = [...this.#placement.clientProxies, ...this.#placement.responseProxies];
			argv.push(
				'-j',
				this.#list(
					'proxies',
					proxies.map((host, i) => `${host.uid}${this.#proof(`proxy${i}`)}`),
				),
			);
		}
		return [...argv, fileName];
	}

	/** The server proxy for branch `branch` at the head office, or the only one. */
	serverProxy(branch: number): string[] {
		const { way } = this.#scenario;
		const host = this.#placement.serverProxies[branch];
		const argv = [...this.#daemon(host), '-M', this.group, ...this.#sourcesOf('sender')];
		if (way === 'two nats') argv.push('-s', this.#address(this.#placement.publicProxies[branch]));
		else if (way === 'fingerprint') argv.push('-s', `fp=${this.#fingerprintOf(branch)}`);
		else if (way === 'one to many')
			argv.push(...this.#placement.clientProxies.flatMap((host) => ['-s', this.#address(host)]));
		else argv.push('-s', this.#address(this.#placement.clientProxies[branch]));
		return argv;
	}

	publicProxy(branch: number): string[] {
		const host = this.#placement.publicProxies[branch];
		return [...this.#daemon(host), '-M', this.group, '-s', `fp=${this.#fingerprintOf(branch)}`];
	}

	clientProxy(branch: number): string[] {
		const { way, heartbeatSeconds = 1 } = this.#scenario;
		const argv = [...this.#daemon(this.#placement.clientProxies[branch]), '-c'];
		argv.push('-O', this.#interface, '-k', this.#proxyKey(branch));
		argv.push(...this.#sourcesOf('serverProxy', branch), ...this.#allowed(branch));
		if (way === 'fingerprint' || way === 'two nats') {
			const upstream = way === 'two nats' ? this.#placement.publicProxies : this.#placement.serverProxies;
			argv.push('-H', `${this.#address(upstream[branch])}:${port}`, '-h', String(heartbeatSeconds));
		}
		return argv;
	}

	responseProxy(index: number): string[] {
		const { suite } = this.#scenario;
		const argv = [...this.#daemon(this.#placement.responseProxies[index]), '-r', '-M', this.group];
		argv.push('-k', this.#proxyKey(index));
		if (suite !== undefined && suite.keyExchange !== 'rsa') argv.push('-e', suite.curve ?? 'prime256v1');
		return [...argv, ...this.#sourcesOf('sender'), ...this.#allowed(index)];
	}

	receiver({ host, branch }: PlacedReceiver, destination: string): string[] {
		const { suite, way } = this.#scenario;
		const argv = ['-d', '-q', '-D', destination, '-I', this.#interface, '-M', this.group, '-U', host.uid];
		if (suite !== undefined) argv.push('-k', this.#keyring.path('receiver', suite.key));
		if (way === 'response' && branch !== undefined) {
			const proof = suite === undefined ? '' : `/${this.#fingerprintOf(branch)}`;
			argv.push('-R', `${this.#address(this.#placement.responseProxies[branch])}${proof}`);
		}
		const isBehind = way !== 'response' && branch !== undefined;
		return [...argv, ...(isBehind ? this.#sourcesOf('clientProxy', branch) : this.#sourcesOf('sender'))];
	}

	#daemon(host: Host | undefined): string[] {
		return ['-d', '-I', this.#interface, '-U', host?.uid ?? ''];
	}

	get #is6(): boolean {
		return this.#scenario.family === 6;
	}

	/** As `-I` wants it: the plain name means the IPv4 address. */
	get #interface(): string {
		return this.#is6 ? 'eth0/6' : 'eth0';
	}

	#privateGroup(session: number): string {
		if (this.#is6) return `${this.#scenario.sourceSpecific ? 'ff35' : 'ff15'}::5:${session + 1}`;
		return `${this.#scenario.sourceSpecific ? 232 : 230}.5.5.${session + 1}`;
	}

	#address(host: Host | undefined): string {
		if (host === undefined) throw new RangeError('this scenario has no such host');
		return this.#is6 ? host.ipv6 : host.ipv4;
	}

	#keyName(): KeyName {
		return this.#scenario.suite?.key ?? heartbeatKey;
	}

	#proxyKey(index: number): string {
		return this.#keyring.path(`proxy${index}`, this.#keyName());
	}

	#fingerprintOf(index: number): string {
		return this.#keyring.fingerprint(`proxy${index}`, this.#keyName());
	}

	/** "|fingerprint" for lists of who must prove to be somebody. */
	#proof(owner: string): string {
		const { suite } = this.#scenario;
		return suite?.clientAuth === true ? `|${this.#keyring.fingerprint(owner, suite.key)}` : '';
	}

	/** `-S`, where sources are named: from where packets come, and whose key the announcement bears. */
	#sourcesOf(from: 'sender' | 'serverProxy' | 'clientProxy', branch = 0): string[] {
		const { sourceSpecific, suite } = this.#scenario;
		if (sourceSpecific !== true) return [];
		const { serverProxies, clientProxies, senders } = this.#placement;
		const owner = from === 'clientProxy' ? `proxy${branch}` : 'sender';
		const proof = suite === undefined ? '' : `|${this.#keyring.fingerprint(owner, suite.key)}`;
		const lines = senders.map((sender) => {
			const source = {
				sender,
				serverProxy: serverProxies[branch] ?? serverProxies[0],
				clientProxy: clientProxies[branch],
			};
			return `${sender.uid}|${this.#address(source[from])}${proof}`;
		});
		return ['-S', this.#list(`sources-${from}-${branch}`, lines)];
	}

	/** `-C`, where receivers prove who they are. */
	#allowed(branch: number): string[] {
		const { suite, group } = this.#scenario;
		if (suite?.clientAuth !== true || group !== 'closed') return [];
		const behind = this.#placement.receivers.filter((receiver) => receiver.branch === branch);
		return [
			'-C',
			this.#list(
				`allowed-${branch}`,
				behind.map(({ host }) => `${host.uid}${this.#proof('receiver')}`),
			),
		];
	}

	#list(name: string, lines: readonly string[]): string {
		const path = join(this.#scratch, `${name}.list`);
		writeFileSync(path, `${lines.join('\n')}\n`);
		return path;
	}
}
