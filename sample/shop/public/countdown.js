// Counts down to each deadline of the page. Without it, the page shows the dates alone.
const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
];

function left(end) {
  let seconds = Math.max(0, Math.round((Date.parse(end) - Date.now()) / 1000));
  if (seconds === 0) return 'now';
  const parts = UNITS.map(([unit, size]) => {
    const count = Math.floor(seconds / size);
    seconds -= count * size;
    return [count, unit];
  });
  const first = parts.findIndex(([count]) => count > 0);
  return `in ${parts
    .slice(first)
    .map((part) => part.join(' '))
    .join(' ')}`;
}

function show() {
  for (const one of document.querySelectorAll('[data-end]')) {
    one.textContent = left(one.dataset.end);
  }
}

show();
setInterval(show, 1000);
