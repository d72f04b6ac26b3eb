/** What the drop-in commands call the settings that sentences of the library name: their flags. */
import type { Vocabulary } from '@uftp/endpoint/problems';

/** `uftpd`; the other commands say where they differ. */
export const COMMAND_VOCABULARY: Vocabulary = {
	uid: '-U',
	stateDirectory: 'UFTP_STATE_DIR',
	keyFile: '-k',
	newKey: '-K',
	keyMaking: 'make one with "uftp_keymgt -g rsa:2048 FILE"',
	cryptography: 'UFTP_CRYPTO_BACKEND',
	publicAddress: '-M',
	privateAddress: '-P',
	port: '-p',
	destination: '-D',
	interface: '-I',
	outgoingInterface: '-O',
	senders: '-S',
	receivers: '-C',
	proxies: '-j',
	responseProxy: '-R',
	agreementCurve: '-e',
	sites: '-s',
	heartbeats: '-H',
};
