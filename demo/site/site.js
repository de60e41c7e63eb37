// The example site's own script: a player that asks whether to make an offer before it plays.
window.logdig = window.logdig || function (...call) {
  let callback = call[2];
  if (call[0] === "decide" && callback) {
    call[2] = (answer) => {
      if (callback) setTimeout(callback, 0, answer);
      callback = null;
    };
    // Where the tracker's script is blocked, nobody else answers.
    setTimeout(call[2], 1000, { decision: "suppress", reason: "timeout" });
  }
  (window.logdig.q = window.logdig.q || []).push(call);
};

const PATIENCE_MS = 1500;
const OFFER_SECONDS = 5;
const SONG_SECONDS = 12;
const MOST_SPEAKERS = 24;
const PLACEMENT = "before-song";

/** Make an element with attributes and children. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Ask whether to show the offer, show it when told so, then play. Whatever goes wrong, the song plays. */
function request(track, button) {
  let open = true;
  const go = (answer) => {
    if (!open) return;
    open = false;
    clearTimeout(late);
    if (answer && answer.decision === "show") pause(answer, () => play(track, button));
    else play(track, button);
  };
  // The tracker and the stub answer within a second; what another script puts in their place may not.
  const late = setTimeout(go, PATIENCE_MS);
  window.logdig("decide", PLACEMENT, go);
}

/** A five-second offer that can be skipped at once. */
function pause(answer, then) {
  const name = answer.ad || "offer";
  const count = make("p", { class: "count", "aria-live": "polite" });
  const skip = make("button", { "data-logdig-id": "offer-skip" }, "Skip");
  const join = make("button", { class: "solid", "data-logdig-id": "offer-join" }, "Tell me more");
  const box = make("div", { class: "pause", role: "dialog", "aria-label": "Offer" },
    make("div", { class: "card" }, make("h2", {}, "Join the 50 % membership upgrade?"),
      make("p", {}, "Half price for a year, no pauses between songs."), join, skip, count));
  let left = OFFER_SECONDS;
  const close = (action) => {
    clearInterval(timer);
    box.remove();
    document.removeEventListener("keydown", escape);
    if (action) window.logdig("ad", name, action, answer.decision_id, PLACEMENT);
  };
  const escape = (event) => { if (event.key === "Escape") skip.click(); };
  const tick = () => {
    count.textContent = `Your song starts in ${left} s`;
    if (left-- === 0) { close(); then(); }
  };
  const timer = setInterval(tick, 1000);
  skip.onclick = () => { close("dismiss"); then(); };
  join.onclick = () => { close("click"); location.href = "offer.html"; };
  document.addEventListener("keydown", escape);
  document.body.append(box);
  skip.focus();
  tick();
  window.logdig("ad", name, "view", answer.decision_id, PLACEMENT);
}

let stop = () => {};

/** Play a few soft notes that belong to the track, and say that it is heard. */
function play(track, button) {
  stop();
  window.logdig("listen", track);
  const title = button.querySelector("span") ? button.querySelector("span").textContent : button.getAttribute("aria-label") || button.textContent;
  const bar = make("progress", { max: SONG_SECONDS, value: 0, "aria-label": "Progress" });
  const end = make("button", { "data-logdig-id": "player-stop" }, "Stop");
  const player = make("div", { class: "player" }, make("strong", {}, title.replace(/^Play /, "").replace(/[“”]/g, "")), bar, end);
  document.body.append(player);
  button.classList.add("playing");
  const sound = notes(Number(track));
  const started = Date.now();
  const timer = setInterval(() => {
    bar.value = (Date.now() - started) / 1000;
    if (bar.value >= SONG_SECONDS) stop();
  }, 250);
  stop = () => { clearInterval(timer); player.remove(); button.classList.remove("playing"); sound(); stop = () => {}; };
  end.onclick = () => stop();
}

/** Five notes of a pentatonic scale, chosen by the track's number. Returns what ends them. */
function notes(seed) {
  const Context = window.AudioContext;
  if (!Context) return () => {};
  const context = new Context();
  const scale = [0, 3, 5, 7, 10, 12];
  for (let beat = 0; beat < SONG_SECONDS * 2; beat++) {
    const at = context.currentTime + beat / 2;
    const tone = context.createOscillator();
    const volume = context.createGain();
    tone.type = "triangle";
    tone.frequency.value = 196 * 2 ** (scale[(seed * 7 + beat * (1 + seed % 4)) % scale.length] / 12);
    volume.gain.setValueAtTime(0, at);
    volume.gain.linearRampToValueAtTime(0.05, at + 0.03);
    volume.gain.exponentialRampToValueAtTime(0.001, at + 0.45);
    tone.connect(volume).connect(context.destination);
    tone.start(at);
    tone.stop(at + 0.5);
  }
  return () => context.close();
}

/** Sign in with a customer's number, with or without offers made to fit. */
function signIn() {
  const number = make("input", { type: "text", inputmode: "numeric", name: "customer", id: "number", placeholder: "0 to 4999" });
  const ads = make("input", { type: "checkbox", id: "ads", checked: "" });
  const done = make("button", { class: "solid", "data-logdig-id": "sign-in" }, "Sign in");
  const form = make("form", { method: "dialog" }, make("h2", {}, "Welcome back"),
    make("label", { for: "number" }, "Customer number"), number,
    make("label", { for: "ads" }, ads, " Make me offers that fit"), done);
  const dialog = make("dialog", {}, form);
  form.onsubmit = () => {
    if (number.value.trim()) {
      localStorage.setItem("member", number.value.trim());
      window.logdig("consent", { ads: ads.checked });
      window.logdig("identify", number.value.trim());
      showMember();
    }
  };
  dialog.onclose = () => dialog.remove();
  document.body.append(dialog);
  dialog.showModal();
}

function showMember() {
  const member = localStorage.getItem("member");
  if (member !== null) document.getElementById("member").textContent = `Member ${member}`;
}

/** Choose how many speakers play at once. */
function step(by) {
  const speakers = document.getElementById("speakers");
  speakers.textContent = Math.min(MOST_SPEAKERS, Math.max(1, Number(speakers.textContent) + by));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.track) request(button.dataset.track, button);
  if (button.dataset.upgrade) {
    window.logdig("track", "upgrade", { level: button.dataset.upgrade, value: Number(button.dataset.value) });
    document.getElementById("thanks").hidden = false;
  }
  if (button.dataset.step) step(Number(button.dataset.step));
  if ("queue" in button.dataset) button.textContent = "In your queue";
  if (button.id === "member") signIn();
});
showMember();
