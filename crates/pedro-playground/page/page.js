// The page: wires the chat, the people, the stream's settings and the drawer to the playground's interface.

import { Chat } from "/chat.js";
import { People, colourOf } from "/people.js";

const API = "/api/twitch";
const LINES_AT_START = 300;
const TIME_OUT_SECONDS = 600;
const $ = (selector) => document.querySelector(selector);
const say = $("#say");
const drawer = $("#drawer");

let channel = "";
let run = null;
let bots = null;
let replyTo = null;
const history = [];
let recalled = 0;

async function call(path, body) {
  const request = body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(API + path, request);
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.error ?? `The playground answered ${response.status}.`);
  return answer;
}

/** Does something and shows it if that fails. */
async function attempt(work) {
  try {
    await work();
    $("#problem").textContent = "";
  } catch (error) {
    $("#problem").textContent = error instanceof TypeError ? "The playground cannot be reached." : error.message;
  }
}

const people = new People((login) => {
  say.placeholder = `Say something as ${login}`;
  say.style.caretColor = colourOf(login);
});

const chat = new Chat({
  reply(line) {
    if (!line) return;
    replyTo = line;
    $("#replying").hidden = false;
    $("#replying-to").textContent = `Replying to @${line.display_name}: ${line.text}`;
    say.focus();
  },
  remove: (line) => attempt(() => call("/moderate", { action: "delete", id: line.id })),
  timeOut: (line) =>
    attempt(() => call("/moderate", { action: "timeout", channel, login: line.login, seconds: TIME_OUT_SECONDS })),
  leave: () => say.focus(),
});

function stopReplying() {
  replyTo = null;
  $("#replying").hidden = true;
}

// Saying something.
$("#composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = say.value.trim();
  if (!text) return;
  const body = { channel, login: people.current, text, reply_to: replyTo?.id };
  say.value = "";
  stopReplying();
  showCount();
  history.push(text);
  recalled = history.length;
  attempt(async () => {
    try {
      await call("/say", body);
    } catch (error) {
      // What could not be said is not lost.
      say.value ||= text;
      throw error;
    }
  });
  chat.follow();
});

say.addEventListener("keydown", (event) => {
  if (event.key === "Escape") return stopReplying();
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!step) return;
  event.preventDefault();
  if (event.altKey) return chat.pick();
  recalled = Math.min(Math.max(recalled + step, 0), history.length);
  say.value = history[recalled] ?? "";
  showCount();
});

function showCount() {
  const length = [...say.value].length;
  $("#count").textContent = length > 400 ? `${length}/500` : "";
}
say.addEventListener("input", showCount);
$("#cancel-reply").addEventListener("click", () => {
  stopReplying();
  say.focus();
});

document.addEventListener("click", (event) => {
  const suggestion = event.target.closest("#suggestions button, [data-try]");
  if (!suggestion) return;
  say.value = suggestion.dataset.try ?? suggestion.textContent;
  say.focus();
});

// The stream's title, category and live state.
const stream = { title: $("#title"), category: $("#category"), live: $("#live") };

const isEditing = () => !$("#save").disabled;

function showStream({ title, category, live }) {
  // What somebody is typing is not overwritten by what somebody else saved.
  if (!isEditing()) {
    stream.title.value = title;
    stream.category.value = category;
  }
  stream.live.checked = live;
  $("#live-label").textContent = live ? "Live" : "Offline";
}

for (const field of [stream.title, stream.category]) {
  field.addEventListener("input", () => {
    $("#save").disabled = false;
    $("#saved").textContent = "";
  });
}
stream.title.addEventListener("keydown", (event) => {
  if (event.key === "Enter") {
    event.preventDefault();
    $("#stream").requestSubmit();
  }
});
$("#stream").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(async () => {
    await call("/title", { channel, title: stream.title.value, category: stream.category.value });
    $("#save").disabled = true;
    $("#saved").textContent = "Saved";
  });
});
stream.live.addEventListener("change", () => attempt(() => call("/title", { channel, live: stream.live.checked })));

// What is going on, and the drawer to meddle with it.
async function refresh() {
  const state = await call("/state");
  if (run !== null && run !== state.run) location.reload();
  run = state.run;
  showChannels(state.channels);
  const here = state.channels.find(({ login }) => login === channel);
  if (!here) return;
  showStream(here);
  showBots(here, state);
  showDrawer(here, state);
}

function showChannels(channels) {
  const select = $("#channel");
  const names = channels.map(({ login }) => login);
  if (names.join() !== [...select.options].map(({ value }) => value).join()) {
    select.replaceChildren(...names.map((name) => new Option(`#${name}`, name)));
  }
  if (!names.includes(channel)) channel = names[0] ?? "";
  select.value = channel;
}

function showBots(here, state) {
  const names = here.bots;
  const dot = $("#bot-dot");
  const quiet = state.stalled ? " (the line is dead)" : "";
  dot.className = names.length && !state.stalled ? "dot on" : "dot off";
  const text = $("#bot-state");
  if (names.length) {
    const strong = document.createElement("strong");
    strong.textContent = names.join(", ");
    text.replaceChildren(strong, ` ${names.length > 1 ? "are" : "is"} in #${channel}${quiet}`);
  } else {
    text.textContent = state.connections ? "A bot is connected but not in this channel" : "No bot is connected";
  }
  if (bots) {
    names.filter((name) => !bots.includes(name)).forEach((name) => chat.note(`${name} has joined`));
    bots.filter((name) => !names.includes(name)).forEach((name) => chat.note(`${name} has left`));
  }
  bots = names;
  const count = state.violations.length;
  $("#trouble").hidden = !count;
  $("#trouble").textContent = count === 1 ? "1 violation" : `${count} violations`;
}

function showDrawer(here, state) {
  for (const box of document.querySelectorAll("[data-state]")) box.checked = state[box.dataset.state];
  $("#bot-moderates").checked = here.bots.some((login) => here.moderators.includes(login));
  $("#violations").replaceChildren(
    ...state.violations.slice(-20).map((text) => Object.assign(document.createElement("li"), { textContent: text })),
  );
  $("#numbers").textContent =
    `Open: ${state.connections}. Since the start: ${state.connections_total}. Channels joined: ${state.joins}.`;
}

const once = {
  drop: () => call("/misbehave", { action: "drop" }),
  reconnect: () => call("/misbehave", { action: "reconnect" }),
  reject_next: () => call("/misbehave", { action: "reject_next", channel, msg_id: "msg_rejected_mandatory" }),
  helix_fail: () => call("/misbehave", { action: "helix_fail", count: 5, status: 503 }),
  clear: () => call("/moderate", { action: "clear", channel }),
};
for (const button of document.querySelectorAll("[data-action]")) {
  button.addEventListener("click", () => attempt(once[button.dataset.action]));
}
for (const box of document.querySelectorAll("[data-on]")) {
  box.addEventListener("change", () =>
    attempt(async () => {
      await call("/misbehave", { action: box.checked ? box.dataset.on : box.dataset.off });
      await refresh();
    }),
  );
}
$("#bot-moderates").addEventListener("change", (event) =>
  attempt(async () => {
    const action = event.target.checked ? "mod" : "unmod";
    const { bot_login } = await call("/state");
    const logins = bots?.length ? bots : [bot_login];
    for (const login of logins) await call("/moderate", { action, channel, login });
  }),
);
$("#open-drawer").addEventListener("click", () => drawer.showModal());
$("#close-drawer").addEventListener("click", () => drawer.close());
drawer.addEventListener("click", (event) => event.target === drawer && drawer.close());
drawer.addEventListener("close", () => say.focus());

// Following what happens.
let source = null;

const handlers = {
  line: ({ line }) => chat.add(line),
  deleted: ({ ids }) => chat.remove(ids),
  title: showStream,
  connection: () => attempt(refresh),
  violation: ({ text }) => {
    chat.note(`Twitch would have punished this: ${text}`, true);
    attempt(refresh);
  },
  resync: () => attempt(readAgain),
};

async function readAgain() {
  const wanted = channel;
  const { lines } = await call(`/lines?channel=${encodeURIComponent(wanted)}&last=${LINES_AT_START}`);
  if (wanted === channel) chat.reset(lines, channel);
}

function follow() {
  source?.close();
  source = new EventSource(`${API}/events?channel=${encodeURIComponent(channel)}`);
  // Also after every reconnection: what was missed meanwhile is read again.
  source.onopen = () => attempt(() => Promise.all([readAgain(), refresh()]));
  source.onmessage = ({ data }) => {
    const event = JSON.parse(data);
    handlers[event.type]?.(event);
  };
  source.onerror = () => {
    $("#bot-dot").className = "dot";
    $("#bot-state").textContent = "The playground is not running; waiting for it…";
  };
}

$("#channel").addEventListener("change", (event) => {
  channel = event.target.value;
  bots = null;
  $("#save").disabled = true;
  people.streamer = channel;
  stopReplying();
  follow();
});

async function start() {
  channel = new URLSearchParams(location.search).get("channel") ?? "";
  try {
    await refresh();
  } catch {
    // The playground is still starting, or gone: look again rather than show a dead page.
    setTimeout(start, 1000);
    return;
  }
  people.streamer = channel;
  follow();
}

start();
