// Everything at once that old libraries, polyfills and careless pages do to a browser.
Array.prototype.last = function () { return this[this.length - 1]; };
Array.prototype.toJSON = function () { return 'no list'; };
Object.prototype.extra = 'on every object';
String.prototype.toJSON = function () { return 'no text'; };
JSON.stringify = () => '{"broken"';
for (const name of ['getItem', 'setItem', 'removeItem', 'key', 'clear']) Storage.prototype[name] = () => { throw Error(name); };
for (const kind of [Object, Array, String, Function, Promise, Element, Event, History, Navigator]) Object.freeze(kind.prototype);
document.addEventListener('click', (event) => {
  event.stopImmediatePropagation();
  document.querySelector('#works').textContent += 'clicked ';
}, true);
document.addEventListener('submit', (event) => {
  event.preventDefault();
  event.stopImmediatePropagation();
  document.querySelector('#works').textContent += 'sent ';
}, true);
