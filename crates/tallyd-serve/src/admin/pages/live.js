// Keeps a page up to date while it is looked at. Without this, a page says the same until it is loaded again.
'use strict';
(() => {
  const $ = id => document.getElementById(id), state = $('state'), rows = $('latest'), most = 20;
  if (!state || !window.EventSource) return;
  let paused = false, connected = null, held = [], skipped = 0, stale = false, busy = false, timer = 0, next = 0, stream;

  const make = (name, text, style) => {
    const made = document.createElement(name);
    made.textContent = text;
    if (style) made.className = style;
    return made;
  };
  const tell = () => {
    const text = paused ? 'Paused' : connected ? 'Live' : connected === null ? 'Connecting' : 'Reconnecting';
    if (state.textContent !== text) state.textContent = text;
    state.className = text === 'Live' ? 'on' : '';
  };
  const button = make('button', 'Pause');
  button.type = 'button';
  button.id = 'pause';
  button.onclick = () => {
    paused = !paused;
    button.textContent = paused ? 'Resume' : 'Pause';
    tell();
    show();
    refresh();
  };
  state.after(button);

  // The latest requests. Whatever a client has sent is text; what would reorder or hide letters is written out in `shown`.
  const words = new Map((rows?.dataset.words || '').split(';').map(word => word.split(/ (.*)/)));
  const size = bytes => {
    if (bytes < 1000) return bytes + '\u00a0B';
    let unit = -1;
    do { bytes /= 1000; unit++; } while (bytes >= 999.5 && unit < 5);
    return bytes.toFixed(bytes < 99.95 ? 1 : 0) + '\u00a0' + 'kMGTPE'[unit] + 'B';
  };
  const named = r => r.shown ?? r.path ?? '\u2013';
  const key = r => r.number ? r.number + ' ' + r.site + ' ' + r.path : '';
  const row = r => {
    const tr = make('tr', '', 'new'), base = rows.dataset.file;
    if (key(r)) tr.dataset.key = key(r);
    const path = make('td', '', 'path');
    if (r.kind === 'hit' || r.kind === 'probe') {
      const link = path.appendChild(make('a', named(r)));
      link.href = base + (base.includes('?') ? '&' : '?') + 'path=' + (r.path_bytes || encodeURIComponent(r.path)) + '&site=' + encodeURIComponent(r.site);
    } else path.textContent = named(r);
    const outcome = { hit: r.outcome || 'in flight', probe: 'probe', missing: 'not found' }[r.kind] || 'no file';
    tr.append(make('td', r.time.slice(11, 19)), path,
      make('td', r.status + ' ' + (words.get('' + r.status) || 'Other')),
      make('td', words.get(r.class) || r.class), make('td', size(r.bytes), 'num'), make('td', outcome));
    tr.dataset.at = Date.parse(r.time);
    return tr;
  };
  // The newest is on top, whichever worker told of it first.
  const place = tr => rows.insertBefore(tr, [...rows.children].find(row => +row.dataset.at <= +tr.dataset.at) || null);
  const show = () => {
    if (!rows || document.hidden) return;
    // A link must not move away from under a hand.
    const hold = paused ? 'until you resume' : rows.matches(':hover, :focus-within') ? 'while you point at them' : '';
    const count = held.length + skipped;
    $('held').textContent = hold && count ? count + ' more, held back ' + hold : '';
    if (hold || !held.length) return;
    $('none-yet')?.remove();
    rows.closest('table').hidden = false;
    for (const r of held) {
      const old = key(r) && [...rows.children].find(tr => tr.dataset.key === key(r));
      if (old) old.replaceWith(row(r)); else place(row(r));
    }
    while (rows.children.length > most) rows.lastElementChild.remove();
    held = [];
    skipped = 0;
  };
  for (const left of ['pointerleave', 'focusout']) rows?.addEventListener(left, () => setTimeout(show));

  // The numbers: the page is asked for again, and what differs is put in its place.
  const put = (old, fresh) => {
    for (const open of old.querySelectorAll('details[open]')) fresh.querySelector('#' + open.id)?.setAttribute('open', '');
    const chosen = getSelection();
    // What somebody is selecting stays.
    if (old.isEqualNode(fresh) || (!chosen.isCollapsed && old.contains(chosen.anchorNode))) return;
    const all = (tree, what) => [...tree.querySelectorAll(what)], focusable = 'a, button, summary, [tabindex]';
    const place = all(old, focusable).indexOf(document.activeElement);
    const scrolled = all(old, '.scroll').map(e => [e.scrollLeft, e.scrollTop]);
    old.replaceWith(fresh);
    all(fresh, '.scroll').forEach((e, i) => e.scrollTo(...scrolled[i] || [0, 0]));
    all(fresh, focusable)[place]?.focus({ preventScroll: true });
  };
  const swap = page => {
    // A page of another kind, such as the first one with numbers, is loaded as a whole.
    if ($('shape')?.dataset.shape !== page.getElementById('shape')?.dataset.shape) return location.reload();
    for (const fresh of page.querySelectorAll('[data-live]')) if ($(fresh.id)) put($(fresh.id), fresh);
  };
  const refresh = async () => {
    if (!stale || busy || timer || paused || document.hidden) return;
    const began = performance.now();
    if (began < next) {
      timer = setTimeout(() => { timer = 0; refresh(); }, next - began);
      return;
    }
    stale = false;
    busy = true;
    try {
      const reply = await fetch(location.href);
      const page = new DOMParser().parseFromString(await reply.text(), 'text/html');
      if (paused) stale = true;
      else if (reply.ok) swap(page);
    } catch { stale = true; }
    busy = false;
    // What takes long to make is asked for less often.
    next = performance.now() + Math.max(1000, 20 * (performance.now() - began));
    refresh();
  };

  const open = () => {
    stream = new EventSource('/api/v1/events');
    stream.onopen = () => { connected = stale = true; tell(); refresh(); };
    stream.onerror = () => {
      connected = false;
      tell();
      // The browser has given up; the server may be back later.
      if (stream.readyState === EventSource.CLOSED) setTimeout(look, 10000);
    };
    stream.addEventListener('requests', event => {
      const site = rows?.dataset.site;
      for (const r of JSON.parse(event.data)) if (site == null || r.site === site) {
        // A hit that has ended takes the place of its beginning.
        held = held.filter(old => !key(r) || key(old) !== key(r));
        held.push(r);
      }
      skipped += held.splice(0, held.length - most).length;
      show();
    });
    stream.addEventListener('skipped', event => { skipped += JSON.parse(event.data).replies; });
    stream.addEventListener('counts', () => { stale = true; refresh(); });
  };
  // A page that nobody sees listens to nothing: a browser has six connections to a server, and each tab would keep one.
  const look = () => {
    if (document.hidden) stream?.close();
    else if (!stream || stream.readyState === EventSource.CLOSED) open();
    show();
    refresh();
  };
  document.addEventListener('visibilitychange', look);
  addEventListener('pagehide', () => stream?.close());
  addEventListener('pageshow', event => { if (event.persisted) look(); });

  // What is pointed at in a chart is said above it; a menu that is open closes at a click elsewhere and with Escape.
  document.addEventListener('pointerover', event => {
    const bar = event.target.closest('.places rect'), figure = bar?.closest('figure');
    const row = figure && [...figure.querySelectorAll('tbody tr')].find(tr => bar.textContent.startsWith(tr.cells[0].textContent + ': '));
    const parts = row?.cells.length > 4 ? [...row.cells].slice(1, -1) : [];
    const named = parts.map((td, i) => figure.querySelectorAll('thead th')[i + 1].textContent.toLowerCase() + '\u00a0' + td.textContent);
    if ($('readout')) $('readout').textContent = (bar?.textContent || '') + (named.length ? ': ' + named.join(', ') : '');
  });
  const close = except => {
    for (const menu of document.querySelectorAll('details:is(.dates, .menu)[open]')) if (menu !== except) menu.open = false;
  };
  document.addEventListener('click', event => close(event.target.closest('details')));
  document.addEventListener('keydown', event => { if (event.key === 'Escape') close(); });
  tell();
  look();
})();
