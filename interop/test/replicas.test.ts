import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
	createTopology,
	type Host,
	Keyring,
	noise,
	optionsOf,
	ServiceStage,
	sameBytes,
	type Topology,
} from '../src/index.ts';

/** There may be no nats-server then. */
const withoutPeers = process.env['UFTP_TEST_WITHOUT_PEERS'] === '1';
const complete = process.env['UFTP_TEST_INTEROP'] === 'all';
const proxies = ['rp1', 'rp2', 'rp3'];
const receivers = ['rc1', 'rc2', 'rc3', 'rc4', 'rc5', 'rc6'];
/** So that a death is noticed a second and a half later at most. */
const brisk = { HEARTBEAT_SECONDS: '0.5' };
/** 1 MiB/s. */
const rateKbps = '8192';
const fileBytes = 4 * 1024 * 1024;
const shortBytes = 1024 * 1024;

describe.runIf(!withoutPeers)('replicas of a response proxy, as processes', () => {
	let topology: Topology;
	let stage: ServiceStage;
	let hosts: Host[];
	let sources: string;

	const proxyHost = (id: string): Host => hosts[1 + proxies.indexOf(id)]!;
	const receiverHost = (id: string): Host => hosts[4 + receivers.indexOf(id)]!;
	const uids = (): string[] => receivers.map((id) => receiverHost(id).uid);
	const idOf = (uid: unknown): string => proxies.find((id) => proxyHost(id).uid === uid) ?? String(uid);

	async function startProxy(id: string): Promise<void> {
		await stage.start('proxy', id, proxyHost(id), { MODE: 'response', POOL: 'lan', ...brisk });
	}

	async function startReceiver(id: string, more: Record<string, string> = {}): Promise<void> {
		const settings = { DESTINATION: stage.makeFolder(`in-${id}`), RESPONSE_POOL: 'lan', ...brisk, ...more };
		await stage.start('receiver', id, receiverHost(id), settings);
	}

	/** Waits until the registry has told those receivers that this is the pool. */
	async function poolIs(ids: readonly string[]): Promise<void> {
		await stage.until(`a pool of ${ids.join(', ')}`, () => {
			const last = stage.tap.heard('uftp.registry.pool.lan').at(-1)?.body as
				| { replicas: { id: string; draining?: true }[] }
				| undefined;
			const there = (last?.replicas ?? []).filter(({ draining }) => draining !== true).map(({ id }) => id);
			return there.sort().join() === [...ids].sort().join();
		});
	}

	/** Waits until the registry has listened for long enough to be believed. */
	async function settled(): Promise<void> {
		const isSettled = () =>
			(stage.tap.heard('uftp.registry.pool.lan').at(-1)?.body as { settled?: boolean } | undefined)?.settled;
		await stage.until('the registry is sure of its pool', isSettled, 30_000);
	}

	/** Sends a file of its own; what the command said when it ended, and what the bus told meanwhile. */
	function send(name: string, options: readonly string[], bytes = fileBytes) {
		const source = join(sources, name);
		writeFileSync(source, noise(bytes, name.length));
		const words = ['send', '--root', 'files', name, '--to', uids().join(), '--rate', rateKbps, ...options];
		const isOf = ({ files }: Record<string, unknown>) => (files as { name: string }[] | undefined)?.[0]?.name === name;
		// Receivers tell of themselves, too: what the sender tells has the job in it.
		const news = (kind: string) => {
			const id = stage.tap.events('job').find(isOf)?.['job'];
			return stage.tap.events(kind).filter(({ job }) => id !== undefined && job === id);
		};
		return {
			ended: stage.uftpctl(words),
			news,
			joined: () => news('receiver').filter(({ phase }) => phase === 'joined'),
			copies: () => receivers.filter((id) => sameBytes(source, join(stage.folder, `in-${id}`, name))),
		};
	}

	/** Which receivers answer through which proxy, as the sender has it. */
	function served(job: ReturnType<typeof send>): Map<string, string[]> {
		const found = new Map<string, string[]>();
		for (const { uid, via } of job.joined())
			found.set(idOf(via), [...(found.get(idOf(via)) ?? []), String(uid)].sort());
		return found;
	}

	/** Waits until all are in and some of the file is there; then which proxy serves whom. */
	async function midway(job: ReturnType<typeof send>): Promise<Map<string, string[]>> {
		await stage.until('all receivers join', () => job.joined().length === receivers.length);
		await stage.until('a fifth is sent', () => job.news('progress').some(({ percent }) => Number(percent) > 20));
		return served(job);
	}

	/** The proxy that serves the most receivers, and them. */
	function busiest(job: ReturnType<typeof send>): [id: string, uids: string[]] {
		const [first] = [...served(job)].sort(([, one], [, other]) => other.length - one.length);
		expect(proxies).toContain(first?.[0]);
		return first!;
	}

	beforeAll(async () => {
		topology = await createTopology({ hosts: 10 });
		hosts = [...topology.hosts];
		stage = await ServiceStage.open(hosts[0]!);
		sources = stage.makeFolder('files');
		await stage.start('registry', 'reg', hosts[0]!);
		await Promise.all(proxies.map(startProxy));
		await poolIs(proxies);
		await Promise.all([
			stage.start('sender', 'studio', hosts[0]!, { ROOTS: `files=${sources}`, JOBS_AT_ONCE: '2', ...brisk }),
			...receivers.map((id) => startReceiver(id)),
		]);
		for (const id of receivers) {
			const { output } = stage.program(id);
			await stage.until(`${id} has its replica`, () => output().includes('Answers of new sessions go to'));
		}
		await stage.until('the sender is there', () => stage.tap.heard('uftp.hb.sender.').length > 0);
	});
	afterAll(() => {
		stage?.close();
		topology?.close();
	});

	it.each([
		['in the clear', '--clear'],
		['encrypted', '--encrypt'],
	])('one is killed midway %s: every receiver goes on through another and has every byte', async (_, option) => {
		const job = send(`killed${option}`, [option]);
		await midway(job);
		const [victim, lost] = busiest(job);
		const killedMs = Date.now();
		stage.program(victim).signal('SIGKILL');
		await poolIs(proxies.filter((id) => id !== victim));
		expect(Date.now() - killedMs).toBeLessThan(5000);
		const { code, output } = await job.ended;
		expect(output, stage.printed()).toContain(`to ${receivers.length} of ${receivers.length} receivers`);
		expect(code).toBe(0);
		expect(job.copies()).toEqual(receivers);
		const moved = job.news('receiver').filter(({ phase }) => phase === 'moved');
		expect(moved.map(({ uid }) => uid).sort()).toEqual(lost);
		expect(moved.every(({ previousVia, via }) => idOf(previousVia) === victim && idOf(via) !== victim)).toBe(true);
		await startProxy(victim);
		await poolIs(proxies);
	});

	it('say what they gathered: receivers, answers that came and went on, and how long they were held', async () => {
		const job = send('gathered', [], shortBytes);
		await stage.until('all receivers join', () => job.joined().length === receivers.length);
		const { output } = await stage.uftpctl(['clients', '--all']);
		expect(
			output.match(/^proxy .* response proxy of the pool lan, [1-9]\d* sessions?, \d+ receivers?$/gm),
		).toHaveLength(3);
		expect((await job.ended).code).toBe(0);
		const { session } = job.joined()[0]!;
		const serving = served(job);
		const ends = await stage.until('every proxy that has receivers says so', () => {
			const ended = stage.tap.events('proxy').filter((data) => data.phase === 'ended' && data.session === session);
			return ended.length === serving.size ? ended : undefined;
		});
		for (const { uid, receivers: count, messagesIn, messagesOut, outcome, heldMs, heldMsMax } of ends) {
			const here = serving.get(idOf(uid)) ?? [];
			expect({ uid, count, outcome }).toEqual({ uid, count: here.length, outcome: 'completed' });
			// At least that they are there, and that they have the file.
			expect(Number(messagesIn)).toBeGreaterThanOrEqual(2 * here.length);
			if (here.length > 2) expect(Number(messagesOut)).toBeLessThan(Number(messagesIn));
			expect(Number(heldMsMax)).toBeGreaterThan(0);
			expect(Number(heldMs)).toBeGreaterThanOrEqual(Number(heldMsMax));
		}
	});

	/** Played by the complete run only: nothing is left out of `npm test` that it should show. */
	const inEveryWay = () => {
		it('one that is stopped finishes what it serves, and gets nothing new', async () => {
			await settled();
			const first = send('under-way', []);
			await midway(first);
			const [leaving] = busiest(first);
			stage.program(leaving).signal('SIGTERM');
			await poolIs(proxies.filter((id) => id !== leaving));
			const second = send('new', []);
			expect((await first.ended).code).toBe(0);
			expect((await second.ended).code).toBe(0);
			expect(first.news('receiver').filter(({ phase }) => phase === 'moved')).toEqual([]);
			expect(first.copies()).toEqual(receivers);
			expect(second.joined()).toHaveLength(receivers.length);
			expect(served(second).has(leaving)).toBe(false);
			expect((await stage.program(leaving).ended).code).toBe(0);
			await startProxy(leaving);
			await poolIs(proxies);
			const third = send('again', [], shortBytes);
			expect((await third.ended).code).toBe(0);
			expect(served(third)).toEqual(served(first));
		});

		it('one that starts while a session is announced serves in it, though it was no choice when the job was taken', async () => {
			for (const id of proxies) stage.program(id).signal('SIGKILL');
			await poolIs([]);
			// Otherwise they would register before there is a proxy.
			await Promise.all(receivers.map((id) => stage.program(id).stop()));
			const job = send('late', ['--clear'], shortBytes);
			await stage.until('it is announced', () => job.news('session').some(({ phase }) => phase === 'announced'));
			const uid = '0x0A6300F1';
			const settings = { MODE: 'response', POOL: 'lan', UID: uid, ...brisk };
			const late = await stage.start('proxy', 'late', proxyHost(proxies[0]!), settings);
			await Promise.all(receivers.map((id) => startReceiver(id)));
			const { output } = await job.ended;
			expect(output, stage.printed()).toContain(`to ${receivers.length} of ${receivers.length} receivers`);
			expect([...served(job).keys()]).toContain(uid);
			await late.stop();
			await Promise.all(proxies.map(startProxy));
			await poolIs(proxies);
		});

		it('one is killed midway where every message is signed by its key: each receiver has a clear outcome', async () => {
			const keyring = new Keyring();
			const keys = { keyExchange: 'ecdh_ecdsa', key: 'p256', signature: 'keyex', clientAuth: false } as const;
			const suite = { ...keys, cipher: 'aes128-cbc', hash: 'sha256' } as const;
			const status = join(stage.folder, 'status');
			const list = join(stage.folder, 'proxies');
			writeFileSync(list, proxies.map((id) => `${proxyHost(id).uid}\n`).join(''));
			writeFileSync(join(sources, 'signed'), noise(fileBytes, 9));
			const ending = stage.run('uftp', hosts[0]!, [
				...['-R', rateKbps, '-I', 'eth0', '-H', uids().join(), '-j', list, '-S', status],
				...[...optionsOf(suite, keyring.folder('sender', 'p256')), join(sources, 'signed')],
			]);
			const { output } = stage.program(receivers[0]!);
			await stage.until('the session begins', () => output().includes('keyex) by the key'));
			await sleep(2000);
			const [victim] = proxies;
			stage.program(victim!).signal('SIGKILL');
			expect(await ending).toMatchObject({ code: 0, timedOut: false });
			const results = [...readFileSync(status, 'utf8').matchAll(/^RESULT;(0x\w+);signed;4096KB;(\w+);/gm)];
			expect(results.map(([, uid]) => uid)).toEqual(uids());
			const lost = results.filter(([, , outcome]) => outcome === 'lost').map(([, uid]) => uid!);
			expect(results.map(([, , outcome]) => outcome).every((word) => word === 'lost' || word === 'copy')).toBe(true);
			expect(lost.length).toBeGreaterThan(0);
			expect(lost.length).toBeLessThan(receivers.length);
			for (const id of receivers) {
				const isLost = lost.includes(receiverHost(id).uid);
				const said = new RegExp(isLost ? 'only with it this receiver has exchanged keys' : 'signed .* received');
				await stage.until(`${id} knows how it ended`, () => said.test(stage.program(id).output()));
				expect(sameBytes(join(sources, 'signed'), join(stage.folder, `in-${id}`, 'signed'))).toBe(!isLost);
			}
			keyring.close();
			await startProxy(victim!);
			await poolIs(proxies);
		});

		it('serve their receivers on while there is no registry, and who starts then keeps to the configured one', async () => {
			stage.program('reg').signal('SIGKILL');
			await stage.program('reg').ended;
			const [configured] = proxies;
			// This one has never heard of the pool.
			await stage.program('rc6').stop();
			await startReceiver('rc6', { RESPONSE_PROXY: proxyHost(configured!).ipv4 });
			await stage.until('rc6 misses the registry', () => stage.program('rc6').output().includes('nothing changes'));
			const job = send('no-registry', ['--encrypt'], shortBytes);
			const { code, output } = await job.ended;
			expect(output, stage.printed()).toContain(`to ${receivers.length} of ${receivers.length} receivers`);
			expect(code).toBe(0);
			expect([...served(job).keys()].every((id) => proxies.includes(id))).toBe(true);
			expect(served(job).get(configured!)).toContain(receiverHost('rc6').uid);
			await stage.start('registry', 'reg', hosts[0]!);
		});
	};
	if (complete) describe('in every way', inEveryWay);
});
