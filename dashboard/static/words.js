// Numbers and times as people read them.

const whole = new Intl.NumberFormat("en-US");
const LEVELS = ["Free", "Silver", "Gold"];

export const count = (n) => whole.format(n);

export const percent = (share, digits = 0) => `${(share * 100).toFixed(digits)} %`;

export const levelName = (level) => LEVELS[level] ?? `Level ${level}`;

export function ago(time, now = Date.now()) {
  const seconds = Math.max(0, Math.round((now - time) / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 48 * 3600) return `${Math.round(seconds / 3600)} h ago`;
  return `on ${day(time)}`;
}

export const day = (time) =>
  new Date(time).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" });

// Every text that comes from outside goes through textContent here, so none of it can become markup.
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "class") made.className = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

export const byId = (id) => document.getElementById(id);

export function show(id, visible) {
  byId(id).hidden = !visible;
}
