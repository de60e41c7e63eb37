// The shape of the tracker of 2016, written anew for its size: jQuery, one post a log, newest first, no second try.
import $ from 'jquery';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const started = Date.now();
const stored = (name, value) => (localStorage.getItem(name) || localStorage.setItem(name, value), localStorage.getItem(name));
const randomKey = () => Array.from({ length: 20 }, () => LETTERS[Math.floor(Math.random() * LETTERS.length)]).join('');

const push = (link, x, y) => {
  const queue = JSON.parse(localStorage.getItem('LocalLogQueue') || '[]');
  queue.push({
    timestamp: new Date().toISOString(),
    token: 'token',
    user_key: stored('user_key', randomKey()),
    current_page: location.href,
    link,
    x,
    y,
    spent_milli_sec: Date.now() - started,
    user_agent: navigator.userAgent,
    load_count: stored('load_count', 0),
  });
  localStorage.setItem('LocalLogQueue', JSON.stringify(queue));
  drain();
};

const drain = () => {
  const queue = JSON.parse(localStorage.getItem('LocalLogQueue') || '[]');
  const log = queue.pop();
  if (!log) return;
  localStorage.setItem('LocalLogQueue', JSON.stringify(queue));
  $.ajax({ type: 'POST', url: 'http://collect.example/', data: log, success: drain, error: (error) => console.log(error) });
};

$(() => {
  localStorage.setItem('load_count', +stored('load_count', 0) + 1);
  push('', 0, 0);
});
$(document).on('DOMSubtreeModified', () =>
  $('a,span,button,input').on('click', function (event) {
    const named = ['class', 'id', 'name', 'data-reactid'].map((name) => $(this).attr(name));
    push($(this).attr('href') || [this.tagName, ...named].join(';'), event.pageX, event.pageY);
  }),
);
