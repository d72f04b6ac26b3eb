import { type Vocabulary, vocabularyOf } from '@uftp/endpoint/problems';
import { environmentName } from '@uftp/service-kit';

/** What this service calls the settings that sentences of the library name: its environment variables. */
export const SERVICE_VOCABULARY: Vocabulary = vocabularyOf(environmentName, {
	stateDirectory: environmentName('stateDir'),
	keyMaking: 'uftpctl keys new makes one',
	cryptography: environmentName('cryptoBackend'),
	senders: environmentName('sendersFile'),
	receivers: environmentName('receiversFile'),
});
