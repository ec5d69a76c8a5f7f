import { STATUS_CODES } from 'node:http';
import { showDate } from '../dates.js';
import { EVENT_TEXTS, REJECT_TEXTS } from './event-texts.js';
import type { FoundSession, PastRequest } from './journal.js';
import type { SeenEvent } from './session-events.js';

export function showEvents(events: readonly SeenEvent[]) {
  return events.map(({ kind, reason }) => ({
    kind,
    reason,
    text: reason === undefined ? EVENT_TEXTS[kind] : REJECT_TEXTS[reason],
  }));
}

/**
 * Requests as the page shows them, each with what the next one has found.
 *
 * @param requests the newest first
 * @param now what the page has found
 */
export function showRequests(requests: readonly PastRequest[], now: FoundSession) {
  // The last one that has done something to the session.
  const newest = requests.findIndex(({ events }) => events.length > 0);
  return requests.map(({ line, status, answeredAt, events, before }, i) => {
    const after = i === 0 ? now : requests[i - 1].before;
    const values = valueRows(before, after);
    return {
      line,
      status: `${status} ${STATUS_CODES[status] ?? ''}`,
      answeredAt: showDate(answeredAt),
      events: showEvents(events),
      rows: [
        row('Session id', before?.id, after?.id),
        row('Ends if unused', endOf(before), endOf(after)),
        ...values,
      ],
      changed: values.filter(({ change }) => change !== 'same'),
      isOpen: i === newest,
    };
  });
}

/** One row for each key that was there before or is there after. */
function valueRows(before?: FoundSession, after?: FoundSession) {
  const [old, now] = [before, after].map(
    (found) => new Map(found?.values.map((value) => [value.key, value])),
  );
  return [...new Set([...old.keys(), ...now.keys()])].map((key) => {
    const [was, is] = [old.get(key), now.get(key)];
    return {
      ...row(key, was && `${was.bytes} bytes`, is && `${is.bytes} bytes`),
      change: changeOf(was?.text, is?.text),
      textBefore: was?.text,
      textAfter: is?.text,
    };
  });
}

function row(name: string, before: string | undefined, after: string | undefined) {
  return { name, before: before ?? '–', after: after ?? '–', change: changeOf(before, after) };
}

function changeOf(before: string | undefined, after: string | undefined): string {
  if (before === undefined) return 'new';
  if (after === undefined) return 'gone';
  return before === after ? 'same' : 'changed';
}

function endOf(found: FoundSession | undefined): string | undefined {
  return found && showDate(found.expiresAt).short;
}
