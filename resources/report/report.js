// Values under the pointer. The report says all it has to say without this.
'use strict';
(function () {
  const tip = document.createElement('div');
  tip.className = 'tip';
  tip.hidden = true;
  document.body.appendChild(tip);
  const rule = document.createElementNS('http://www.w3.org/2000/svg', 'line');
  rule.setAttribute('class', 'axis');

  const numbers = (text) => text.split(' ').map(Number);
  const two = (n) => String(n).padStart(2, '0');
  const moment = (s) => 'day ' + (Math.floor(s / 86400) + 1) + ' ' +
      two(Math.floor(s % 86400 / 3600)) + ':' + two(Math.floor(s % 3600 / 60));
  const value = (v, quantity) => quantity === '1' ? Number((100 * v).toPrecision(4)) + ' %' :
      v.toLocaleString('en', {maximumFractionDigits: v > 10 ? 0 : 2}) +
          (quantity === '2' ? ' h' : '');

  // The last value at or before a moment; nothing before the first.
  function at(points, moment_s) {
    let found = null;
    for (const [t, v] of points) {
      if (t > moment_s) {
        break;
      }
      found = v;
    }
    return found;
  }

  for (const chart of document.querySelectorAll('svg.chart[data-t]')) {
    const [left, right] = numbers(chart.dataset.x);
    const [top, bottom] = numbers(chart.dataset.y);
    const [begin, end] = numbers(chart.dataset.t);
    let lines = null;
    chart.addEventListener('pointermove', (event) => {
      lines = lines || Array.from(chart.querySelectorAll('path[data-points]'), (path) => ({
        name: path.dataset.name,
        points: path.dataset.points.split(',').map(numbers),
      }));
      const box = chart.getBoundingClientRect();
      const x = (event.clientX - box.left) * chart.viewBox.baseVal.width / box.width;
      const share = (x - left) / (right - left);
      if (share !== Math.min(Math.max(share, 0), 1)) {
        tip.hidden = true;
        rule.remove();
        return;
      }
      const now = begin + share * (end - begin);
      for (const [name, position] of [['x1', x], ['x2', x], ['y1', top], ['y2', bottom]]) {
        rule.setAttribute(name, position);
      }
      chart.appendChild(rule);
      const rows = lines.map((line) => [line.name, at(line.points, now)])
          .filter((row) => row[1] !== null)
          .map((row) => row[0] + '  ' + value(row[1], chart.dataset.q));
      tip.textContent = [moment(now)].concat(rows).join('\n');
      tip.hidden = false;
      const beyond = event.clientX + 16 + tip.offsetWidth > window.innerWidth;
      tip.style.left = (event.clientX + (beyond ? -16 - tip.offsetWidth : 16)) + 'px';
      tip.style.top = Math.max(4, event.clientY - tip.offsetHeight / 2) + 'px';
    });
    chart.addEventListener('pointerleave', () => {
      tip.hidden = true;
      rule.remove();
    });
  }
}());
