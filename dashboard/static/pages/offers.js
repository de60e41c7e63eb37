// Offers: did it help, whom does it reach and move, who is a target and why, and how good the model is.

import { change, get, request } from '/static/lib/address.js';
import { ask } from '/static/lib/ask.js';
import { chart, timeOption } from '/static/lib/chart.js';
import { h, icon } from '/static/lib/element.js';
import { numberCard, numbers } from '/static/lib/number.js';
import { panel } from '/static/lib/panel.js';
import { saveCsv } from '/static/lib/save.js';
import { table } from '/static/lib/table.js';
import { choose } from '/static/lib/tabs.js';
import { DASH, longDay, moment, number, percent, t } from '/static/lib/words.js';

const of = (path) => () => request(`offers/${path}`, { offer: get('offer') });
const said = ({ account }) => Object.values(account?.offers ?? {})[0];
const points = (value) => (value == null ? DASH : `${value > 0 ? '+' : ''}${number(100 * value, 2)}`);
const interval = ({ effect, low, high }) => (effect == null ? t('offers.tooFew') : `${points(effect)} (${points(low)} … ${points(high)})`);
const person = (row) => row.customer_id ?? t('offers.visitor', { key: row.user_key });

/** Everything that was decided and how far it is from being sure, as one sentence and its numbers. */
function verdict(body, answer) {
  const found = said(answer);
  const last = answer.rows.at(-1);
  body.append(h('p.says', { data: { kind: found.kind.replace(' ', '-') } }, t(`offers.says.${found.kind}`)));
  const lines = [t('offers.trialOf', { month: longDay(found.month) })];
  if (found.kind == 'too few') lines.push(t('offers.counts', { shown: number(last?.shown_converted ?? 0), held: number(last?.held_converted ?? 0) }));
  else lines.push(t('offers.effect', { effect: points(last.effect), low: points(last.low), high: points(last.high) }));
  if (found.break_even != null) lines.push(t('offers.breakEven', { share: number(100 * found.break_even, 2) }));
  if (found.decided_on) lines.push(t('offers.decided', { day: longDay(found.decided_on) }));
  if (found.due_on) lines.push(t('offers.due', { day: longDay(found.due_on) }));
  if (found.provable != null) lines.push(t('offers.provable', { share: number(100 * found.provable, 2) }));
  if (last?.value != null) lines.push(t('offers.value', { value: number(last.value, 3), low: number(last.value_low, 3), high: number(last.value_high, 3), cut: number(found.value_cut_at, 2) }));
  body.append(...lines.map((line) => h('p.note', {}, line)));
  if (found.warnings.length) body.append(h('p.warning', { role: 'alert' }, t('offers.split')));
}

function effectChart(body, { rows, columns, receipt, account }) {
  const known = rows.filter((row) => row.effect != null);
  const even = said({ account })?.break_even ?? 0;
  const values = (name) => known.map((row) => 100 * row[name]);
  return chart(body, {
    name: 'uplift', label: t('offers.overTime'), rows, columns, receipt,
    option: (colour) => {
      const made = timeOption(colour, {
        times: known.map((row) => row.day),
        series: [
          { name: t('offers.high'), values: values('high'), before: true },
          { name: t('offers.measured'), values: values('effect') },
          { name: t('offers.low'), values: values('low'), before: true },
        ],
        format: (value) => number(value, 2),
      });
      made.series[1].areaStyle = undefined;
      made.series[1].markLine = {
        symbol: 'none', animation: false, silent: true, lineStyle: { color: colour.ink, type: 'solid', width: 1 },
        label: { formatter: even ? t('offers.evenLine') : '', position: 'insideStartTop', color: colour.soft }, data: [{ yAxis: 100 * even }],
      };
      return made;
    },
  });
}

function reach(body, { reach: { rows: [row] }, trial: { rows } }) {
  const last = rows.at(-1) ?? {};
  body.append(numbers(
    numberCard({ label: t('offers.reached'), value: row.reached, help: t('offers.reachedHelp') }),
    numberCard({ label: t('offers.chosen'), value: row.chosen, help: t('offers.chosenHelp') }),
    numberCard({ label: t('offers.shown'), value: row.shown }),
    numberCard({ label: t('offers.held'), value: row.held }),
    numberCard({ label: t('offers.showings'), value: row.showings }),
    numberCard({ label: t('offers.clicks'), value: row.clicks }),
    numberCard({ label: t('offers.conversions'), value: last.shown_converted ?? 0, help: t('offers.conversionsHelp') }),
  ));
}

function bands(body, { rows }) {
  body.append(table({
    rows, label: t('offers.bands'),
    columns: [
      { key: 'band', label: t('offers.band'), text: (row) => `${row.band || DASH}${row.explore ? ` · ${t('offers.explore')}` : ''}` },
      { key: 'score', label: t('offers.expected'), number: true, text: (row) => percent(row.score) },
      { key: 'shown_share', label: t('offers.shownShare'), number: true, text: (row) => `${percent(row.shown_share)} / ${number(row.shown)}` },
      { key: 'held_share', label: t('offers.heldShare'), number: true, help: t('offers.heldHelp'), text: (row) => `${percent(row.held_share)} / ${number(row.held)}` },
      { key: 'effect', label: t('offers.effectOf'), number: true, text: interval },
    ],
  }));
}

/** How much better than a constant guess the model is; less than half a percent is no difference that one sees. */
function guessing(better) {
  if (better == null) return t('offers.untested');
  const share = percent(Math.abs(better), 0);
  if (share == percent(0, 0)) return t('offers.even');
  return t(better > 0 ? 'offers.better' : 'offers.worse', { share });
}

function card(body, { rows }) {
  for (const row of rows) {
    body.append(
      h('p.says', {}, guessing(row.better)),
      h('p.note', {}, t('offers.modelState', { version: row.model_version ?? DASH, state: t(`offers.state.${row.state}`), time: moment(row.trained_at) })),
      // What a model is stands in the language of the tables' own words.
      h('ul.card-lines', { lang: 'en' }, row.lines.map((line) => h('li', {}, line))),
      ...(row.drift == null ? [] : [h(row.drift < 0.25 ? 'p.note' : 'p.warning', {}, t(row.drift < 0.25 ? 'offers.steady' : 'offers.moved', { index: number(row.drift, 2) }))]),
      ...(row.state == 'serves' ? [] : [h('p.warning', { lang: 'en' }, row.reason)]),
    );
  }
}

function targets(body, { rows, total_rows: all }) {
  body.append(table({
    rows, label: t('offers.targets'), rowLabel: person,
    columns: [
      { key: 'rank', label: t('offers.rank') },
      { key: 'customer_id', label: t('offers.person'), text: person },
      { key: 'score', label: t('offers.score'), number: true, text: (row) => percent(row.score, 2) },
      { key: 'reason', label: t('offers.reason'), text: (row) => row.reason ?? DASH },
      { key: 'expires_at', label: t('offers.expires'), text: (row) => moment(row.expires_at) },
    ],
  }), h('p.note', {}, t('offers.ofAll', { shown: number(rows.length), all: number(all) })));
}

function exportButton() {
  const save = async () => {
    const { rows } = await ask(of('export')(), { fresh: true });
    saveCsv('targets', ['rank', 'customer_id', 'user_key', 'level', 'score', 'band', 'reason', 'expires_at'], rows);
  };
  return h('button.file', { type: 'button', title: t('offers.exportHelp'), onclick: save }, icon('down'), t('offers.export'));
}

export function draw(main) {
  const chooser = h('div');
  ask(request('offers/names')).then((names) => {
    if (names.length > 1) chooser.append(choose('offer', names.map((name) => [name, name]), t('offers.offer'), () => names[0]));
    else if (get('offer') && get('offer') != names[0]) change({ offer: null }, { replace: true });
  });
  main.append(
    chooser,
    panel({ title: t('offers.didItHelp'), note: t('offers.method'), asks: of('uplift'), empty: (answer) => !said(answer), draw: verdict, nothing: t('offers.none') }),
    panel({ bare: true, asks: () => ({ reach: of('reach')(), trial: of('uplift')() }), empty: ({ reach: { rows } }) => !rows.length, draw: reach, nothing: t('offers.noDecisions') }),
    h('div.two', {},
      panel({ title: t('offers.overTime'), note: t('offers.overTimeNote'), asks: of('uplift'), empty: ({ rows }) => !rows.some((row) => row.effect != null), draw: effectChart, nothing: t('offers.tooFewLong') }),
      panel({ title: t('offers.model'), asks: of('model'), draw: card, nothing: t('offers.noModel'), command: 'logdig jobs run all' }),
    ),
    panel({ title: t('offers.bands'), note: t('offers.bandsNote'), asks: of('bands'), draw: bands, nothing: t('offers.none') }),
    panel({ title: t('offers.targets'), tools: [exportButton()], asks: of('targets'), draw: targets, nothing: t('offers.noTargets'), command: 'logdig model show' }),
  );
}
