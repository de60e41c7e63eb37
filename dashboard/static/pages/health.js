// Data health: whether every event that was sent is in the numbers, and which command helps where it is not.

import { change, get, request } from '/static/lib/address.js';
import { files } from '/static/lib/chart.js';
import { h } from '/static/lib/element.js';
import { numberCard, numbers } from '/static/lib/number.js';
import { blank, commandLine, panel } from '/static/lib/panel.js';
import { table } from '/static/lib/table.js';
import { age, day, duration, longDay, moment, number, percent, short, t } from '/static/lib/words.js';

const EVERY_MS = 60_000;
const KINDS = ['sent', 'stored', 'rejected', 'lost', 'in_dlq', 'erased'];
const asks = () => request('health/state', { compare: null });

const sum = (days, kind) => days.reduce((total, one) => total + one[kind], 0);
const ago = (time, now) => t('health.ago', { age: age(time, new Date(now)) });

/** A panel of one part, which says so where the part was not reached; the other parts are there all the same. */
function part(name, { draw, command, ...more }) {
  return panel({
    title: t(`health.part.${name}`),
    asks,
    every: EVERY_MS,
    ...more,
    draw: (body, state) => {
      const found = state[name];
      if (found?.unreachable !== undefined) body.append(blank(found.unreachable || t(`health.away.${name}`), found.unreachable ? null : command ?? 'logdig status'));
      else draw(body, found, state);
    },
  });
}

export function draw(main) {
  main.append(
    panel({ bare: true, asks, every: EVERY_MS, draw: verdict }),
    part('ledger', { draw: ledger, command: 'logdig ledger', note: t('health.sum') }),
    h('div.two', {}, part('stored', { draw: stored }), part('depths', { draw: depths })),
    part('jobs', { draw: jobs, command: 'logdig jobs status' }),
    h('div.two', {}, reasons('rejected'), reasons('dropped')),
    rejectedSamples(),
    h('div.two', {}, part('aside', { draw: aside, command: 'logdig jobs status' }), part('cost', { draw: cost, command: 'logdig cost --from-ledger' })),
  );
}

/* The verdict: what the ledger says in a sentence, and everything that needs somebody. */

function verdict(body, { ledger: found, problems, now }) {
  const days = found.days ?? [];
  const sent = sum(days, 'sent');
  body.append(
    h(`div.verdict${problems.length ? '.needs' : '.whole'}`, {},
      h('h2', {}, h('i.dot', { 'aria-hidden': 'true' }), problems.length ? t('health.needs', { count: problems.length }) : t('health.whole')),
      days.length > 0 && h('p', {}, t('health.sentence', { sent, lost: percent(sent ? sum(days, 'lost') / sent : 0, 2), time: moment(found.counted_at), age: age(found.counted_at, new Date(now)) })),
      problems.length > 0 && h('ul.problems', {}, problems.map(problem))),
    h('div.numbers-above', {}, numbers(KINDS.map((kind) => numberCard({ label: t(`health.kind.${kind}`), value: days.length ? sum(days, kind) : null, help: t(`health.help.${kind}`) })))),
  );
}

const problem = ({ kind, count, what, command }) =>
  h('li', {}, h('span', {}, t(`health.problem.${kind}`, { count: ['lost', 'rejected'].includes(kind) ? percent(count) : count, what })), commandLine(command));

/* Parts. */

function ledger(body, { days }) {
  if (!days.length) return body.append(blank(t('health.none.ledger'), 'logdig jobs run ledger'));
  const rows = days.map((one) => ({ ...one, broken: one.broken.join('; ') }));
  body.append(
    table({
      rows, first: 10, label: t('health.part.ledger'),
      columns: [
        { key: 'day', label: t('health.day'), text: (row) => longDay(row.day) },
        ...KINDS.map((kind) => ({ key: kind, label: t(`health.kind.${kind}`), number: true, help: t(`health.help.${kind}`), bar: kind == 'sent' ? 'sent' : undefined })),
        { key: 'waiting', label: t('health.kind.waiting'), number: true, help: t('health.help.waiting') },
        { key: 'broken', label: t('health.adds'), cell: (row) => (row.broken ? h('span.mark.bad', {}, row.broken) : h('span.soft', {}, t('health.ok'))) },
      ],
    }),
    files(body, { name: t('health.part.ledger'), rows, columns: ['day', ...KINDS, 'waiting', 'broken'] }),
  );
}

function stored(body, { at, today, today_bytes: bytes }, { now }) {
  if (!at) return body.append(blank(t('health.none.stored'), 'logdig flush'));
  body.append(facts([
    [t('health.lastStored'), `${moment(at)} (${ago(at, now)})`],
    [t('health.objects'), number(today)],
    [t('health.bytes'), t('health.mb', { mb: number(bytes / 1e6, 1) })],
  ]));
}

function depths(body, { waiting, dead }) {
  body.append(facts([[t('health.inQueue'), number(waiting)], [t('health.inDead'), number(dead)]]));
  if (dead) body.append(commandLine('logdig dlq list'));
  body.append(h('p.note', {}, t('health.about')));
}

const facts = (pairs) => h('dl.facts', {}, pairs.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));

function jobs(body, rows, { writing, now }) {
  body.append(h('p.note', {}, writing ? t('health.writing', { work: writing.work, time: moment(writing.since) }) : t('health.idle')));
  const shown = rows.map((row) => ({ ...row, done_at: row.last?.done_at ?? null, seconds: row.last?.done_at ? row.last.seconds : null, error: row.last?.error ?? null }));
  body.append(
    table({
      rows: shown, first: 20, label: t('health.part.jobs'),
      columns: [
        { key: 'name', label: t('health.job') },
        { key: 'done_at', label: t('health.lastRun'), cell: (row) => ended(row) },
        { key: 'seconds', label: t('health.took'), number: true, text: (row) => (row.seconds === null ? '–' : duration(row.seconds * 1000)) },
        { key: 'rows', label: t('health.rows'), number: true, text: (row) => (row.rows === null ? '–' : short(row.rows)) },
        { key: 'late_since', label: t('health.lateness'), cell: (row) => late(row, now) },
        { key: 'due', label: t('health.due'), text: ({ due }) => few(due) },
        { key: 'waiting', label: t('health.waits'), text: ({ waiting }) => few(waiting), help: t('health.help.waits') },
      ],
    }),
    files(body, { name: t('health.part.jobs'), rows: shown, columns: ['name', 'done_at', 'seconds', 'rows', 'up_to', 'late_since', 'due', 'waiting', 'frozen', 'error'] }),
  );
}

/** Runs of days, without the app's name before each. */
function few(runs) {
  const days = runs.map((run) => run.replace(/^\S+ /, '').split(' to ').map(day).join(' – '));
  return days.length > 3 ? t('health.more', { days: days.slice(-3).join(', '), count: days.length - 3 }) : days.join(', ') || '–';
}

function ended({ done_at: done, error, last }) {
  if (error) return h('span', {}, h('span.mark.bad', {}, t('health.failed')), ' ', moment(last.ended_at), h('span.detail', {}, ' ', error));
  return h('span', {}, done ? moment(done) : t('health.never'));
}

const late = ({ up_to: upTo, late_since: since }, now) =>
  (since ? h('span', {}, t('health.behind', { age: age(since, new Date(now)) })) : h('span.soft', {}, upTo ? t('health.current') : '–'));

function reasons(kind) {
  return part('ledger', {
    title: t(`health.${kind}`),
    draw: (body, found) => {
      const rows = found[kind].map(([reason, events]) => ({ reason, events }));
      if (!rows.length) return body.append(blank(t(`health.none.${kind}`)));
      body.append(table({
        rows, label: t(`health.${kind}`), onrow: kind == 'rejected' ? ({ reason }) => change({ reason: reason == get('reason') ? null : reason }) : null,
        rowLabel: () => t('health.showSamples'),
        columns: [{ key: 'reason', label: t('health.reason'), bar: 'events' }, { key: 'events', label: t('measure.events'), number: true }],
      }));
      if (kind == 'rejected') body.append(commandLine('logdig bad list'));
    },
  });
}

function rejectedSamples() {
  return panel({
    title: t('health.samples'),
    note: t('health.samplesNote'),
    tools: [h('button.quiet', { type: 'button', onclick: () => change({ reason: null }) }, t('health.anyReason'))],
    asks: () => request('health/samples', { compare: null, reason: get('reason') || null }),
    nothing: t('health.none.samples'),
    draw: (body, { rows }) => body.append(table({
      rows, first: 5, label: t('health.samples'),
      columns: [
        { key: 'received_at', label: t('health.received'), text: (row) => moment(row.received_at) },
        { key: 'reason', label: t('health.reason') },
        { key: 'text', label: t('health.text'), cell: (row) => h('code.sent', {}, row.text) },
        { key: 'bad_id', label: t('health.retry'), cell: (row) => h('code', {}, `logdig bad show ${row.bad_id}`) },
      ],
    })),
  });
}

function aside(body, rows) {
  if (!rows.length) return body.append(blank(t('health.none.aside')));
  body.append(
    table({
      rows, first: 5, label: t('health.part.aside'),
      columns: [
        { key: 'key', label: t('health.object'), cell: (row) => h('code', {}, row.key) },
        { key: 'at', label: t('health.asideAt'), text: (row) => (row.at ? moment(row.at) : '–') },
        { key: 'error', label: t('health.why') },
      ],
    }),
    commandLine('logdig jobs run ingest --retry'),
  );
}

function cost(body, { first, events, usd }) {
  body.append(
    facts([
      [t('health.events', { day: day(first) }), number(events)],
      usd !== null && [t('health.usd'), t('health.dollars', { usd: number(usd, 2) })],
    ].filter(Boolean)),
    commandLine(events ? `logdig cost --events-per-month ${events} --month 1` : 'logdig cost'),
    h('p.note', {}, t('health.prices')),
  );
}
