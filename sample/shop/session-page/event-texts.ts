import type { SessionEventKind, SessionRejectReason } from 'nestjs-typed-session';

/** What each event means, in one sentence. */
export const EVENT_TEXTS: Readonly<Record<SessionEventKind, string>> = {
  created: 'A new session goes out for the first time.',
  adopted: 'A session of another library became a session of this module.',
  renewed: 'Nothing has changed. The session goes out again, so that it lives longer.',
  regenerated: 'The session has a new id. The old id opens nothing.',
  destroyed: 'The session has ended, and nothing opens it any more.',
  revoked: 'The customer has ended a session on another device.',
  rejected: 'The server did not accept the cookie.',
  committed: 'The answer carries what has changed.',
  dropped: 'The session ended while the request ran, so its changes are lost.',
  failed: 'Redis did not answer in time, or failed.',
  anomaly: 'One address has sent many cookies that do not open.',
  conflict: 'Another request has changed the same session at the same time.',
  'secret-failed': 'The secrets could not be read. The last ones stay in use.',
  invalid: 'A value is not what its type asks for.',
};

/** Why the server did not accept a cookie. */
export const REJECT_TEXTS: Readonly<Record<SessionRejectReason, string>> = {
  malformed: 'It is too short for a seal, or has characters that no seal has.',
  'unknown-version': 'It has a format that this server does not know.',
  'unknown-key': 'No secret of this server has sealed it.',
  'bad-seal': 'Its seal is broken: somebody has changed it.',
  expired: 'Its time is over.',
  future: 'Its date lies in the future.',
  'unknown-id': 'The store has no session for its id.',
  revoked: 'The session was ended: nobody is signed in with it any more.',
};
