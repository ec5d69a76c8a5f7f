// Counts down to each deadline of the page. Without it, the page shows the dates alone.
const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
];

function left(milliseconds) {
  let seconds = Math.ceil(milliseconds / 1000);
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
  const now = Date.now();
  for (const one of document.querySelectorAll('[data-end]')) {
    const [start, end] = [one.dataset.start, one.dataset.end].map(Date.parse);
    one.textContent = end > now ? left(end - now) : 'is over: load the page again';
    // The bar below it.
    one.style.setProperty('--left', Math.min(1, Math.max(0, (end - now) / (end - start))));
  }
}

show();
setInterval(show, 1000);
