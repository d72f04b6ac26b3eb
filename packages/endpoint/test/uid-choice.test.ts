import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chooseUid, nodeName, type UidQuestion } from '../src/identity/index.ts';
import { describeProblem, LIBRARY_VOCABULARY } from '../src/problems/index.ts';

let stateDir: string;
beforeEach(() => {
	stateDir = mkdtempSync(join(tmpdir(), 'uftp-uid-'));
});
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

const question = (more: Partial<UidQuestion> = {}): UidQuestion => ({
	configured: undefined,
	address: '10.99.0.2',
	isLoopback: false,
	isShared: false,
	name: nodeName('/srv/in'),
	stateDir,
	...more,
});

describe('the UID of a receiver', () => {
	it('is the configured one before all others', () => {
		expect(chooseUid(question({ configured: 7, isLoopback: true })).uid).toBe(7);
	});

	it('is made from the address of the interface, as the C programs do', () => {
		const { uid, reason } = chooseUid(question());
		expect(uid).toBe(0x0a630002);
		expect(describeProblem(reason, LIBRARY_VOCABULARY)).toContain('10.99.0.2');
		expect(readdirSync(stateDir)).toEqual([]);
	});

	it('is the one that the wrapper was told, unless one is configured or the host has other receivers', () => {
		const legacy = { uid: '0xab', configFile: '/somewhere/.uftp/config' };
		const { uid, reason } = chooseUid(question({ legacy, isLoopback: true }));
		expect(uid).toBe(0xab);
		expect(describeProblem(reason, LIBRARY_VOCABULARY)).toContain('/somewhere/.uftp/config');
		expect(chooseUid(question({ legacy, configured: 7 })).uid).toBe(7);
		expect(chooseUid(question({ legacy: { ...legacy, uid: 'nonsense' } })).uid).toBe(0x0a630002);
		expect(chooseUid(question({ legacy, isShared: true })).uid).not.toBe(0xab);
	});

	it.each([
		['on the loopback', { isLoopback: true, address: '127.0.0.1' }],
		['beside other receivers of the host', { isShared: true }],
	])('is made up and kept %s, different for each destination', (_, more) => {
		const first = chooseUid(question(more));
		const second = chooseUid(question({ ...more, name: nodeName('/srv/in2') }));
		expect(first.uid).toBeGreaterThanOrEqual(0xf0000000);
		expect(first.uid).not.toBe(second.uid);
		expect(chooseUid(question(more)).uid).toBe(first.uid);
		expect(chooseUid(question({ ...more, name: nodeName('/srv/in2') })).uid).toBe(second.uid);
		expect(readdirSync(stateDir).length).toBe(2);
	});

	it('stays what it was once made up, also when the receiver is alone again', () => {
		const { uid } = chooseUid(question({ isShared: true }));
		expect(chooseUid(question()).uid).toBe(uid);
	});

	it('refuses a damaged record instead of changing its UID silently', () => {
		chooseUid(question({ isLoopback: true }));
		const [name] = readdirSync(stateDir);
		writeFileSync(join(stateDir, name!), 'garbage');
		expect(() => chooseUid(question({ isLoopback: true }))).toThrow(/should hold the UID/);
	});

	it('says what to set if it cannot be kept', () => {
		writeFileSync(join(stateDir, 'file'), '');
		const stuck = question({ isLoopback: true, stateDir: join(stateDir, 'file') });
		expect(() => chooseUid(stuck)).toThrow(/Set uid or stateDirectory/);
	});
});
