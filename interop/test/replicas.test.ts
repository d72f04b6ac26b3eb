import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTopology, type Host, noise, ServiceStage, sameBytes, type Topology } from '../src/index.ts';

const complete = process.env['UFTP_TEST_INTEROP'] === 'all';
const proxies = ['rp1', 'rp2', 'rp3'];
const receivers = ['rc1', 'rc2', 'rc3', 'rc4', 'rc5', 'rc6'];
/** So that a death is noticed a second and a half later at most. */
const brisk = { HEARTBEAT_SECONDS: '0.3' };
/** 1 MiB/s. */
const rateKbps = '8192';
const fileBytes = 4 * 1024 * 1024;

describe('replicas of a response proxy, as processes', () => {
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

	/** Sends a file of its own; what the command said when it ended, and what the bus told meanwhile. */
	function send(name: string, options: readonly string[]) {
		const source = join(sources, name);
		writeFileSync(source, noise(fileBytes, name.length));
		const words = ['send', '--root', 'files', name, '--to', uids().join(), '--rate', rateKbps, ...options];
		const sinceMs = Date.now();
		// Receivers tell of themselves, too: what the sender tells has the job in it.
		const news = (kind: string) =>
			stage.tap.events(kind).filter(({ atMs, job }) => atMs >= sinceMs && job !== undefined);
		return {
			ended: stage.uftpctl(words),
			news,
			joined: () => news('receiver').filter(({ phase }) => phase === 'joined'),
			copies: () => receivers.filter((id) => sameBytes(source, join(stage.folder, `in-${id}`, name))),
		};
	}

	/** Waits until all are in and some of the file is there; then which proxy serves how many. */
	async function midway(job: ReturnType<typeof send>): Promise<Map<string, string[]>> {
		await stage.until('all receivers join', () => job.joined().length === receivers.length);
		await stage.until('a quarter is sent', () => job.news('progress').some(({ percent }) => Number(percent) > 20));
		const served = new Map<string, string[]>();
		for (const { uid, via } of job.joined()) {
			const id = via === undefined ? 'none' : idOf(via);
			served.set(id, [...(served.get(id) ?? []), String(uid)]);
		}
		return served;
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
			stage.start('sender', 'studio', hosts[0]!, { ROOTS: `files=${sources}`, ...brisk }),
			...receivers.map((id) =>
				stage.start('receiver', id, receiverHost(id), {
					DESTINATION: stage.makeFolder(`in-${id}`),
					RESPONSE_POOL: 'lan',
					...brisk,
				}),
			),
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
		const served = await midway(job);
		const [victim, lost] = [...served].sort(([, a], [, b]) => b.length - a.length)[0]!;
		expect(proxies).toContain(victim);
		const killedMs = Date.now();
		stage.program(victim).signal('SIGKILL');
		await poolIs(proxies.filter((id) => id !== victim));
		expect(Date.now() - killedMs).toBeLessThan(3000);
		const { code, output } = await job.ended;
		expect(output, stage.printed()).toContain(`to ${receivers.length} of ${receivers.length} receivers`);
		expect(code).toBe(0);
		expect(job.copies()).toEqual(receivers);
		const moved = job.news('receiver').filter(({ phase }) => phase === 'moved');
		expect(moved.map(({ uid }) => uid).sort()).toEqual([...lost].sort());
		expect(moved.every(({ previousVia, via }) => idOf(previousVia) === victim && idOf(via) !== victim)).toBe(true);
		await startProxy(victim);
		await poolIs(proxies);
	});
});
void complete;
void sleep;
