const DATE = new Intl.DateTimeFormat('en-GB', {
  dateStyle: 'medium',
  timeStyle: 'medium',
  timeZone: 'UTC',
});

/** A date as a `<time>` shows it. */
export function showDate(date: Date) {
  return { iso: date.toISOString(), text: `${DATE.format(date)} UTC` };
}
