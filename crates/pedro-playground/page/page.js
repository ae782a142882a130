// The page: one community on two platforms, side by side, and the web that the bot searches.

import { $ } from "/page/dom.js";
import { Discord } from "/page/discord/discord.js";
import { People } from "/page/people.js";
import { Search } from "/page/search/search.js";
import { Overlay } from "/page/twitch/overlay.js";
import { Twitch } from "/page/twitch/twitch.js";
import { twitchTrouble } from "/page/twitch/trouble.js";

const people = new People();
const showTrouble = twitchTrouble(() => twitch);
const twitch = new Twitch(people, showTrouble);
const discord = new Discord(people);

// On a narrow screen one side is shown at a time.
const tabs = [...document.querySelectorAll("[data-tab]")];

function show(name) {
  document.body.dataset.shown = name;
  for (const tab of tabs) tab.setAttribute("aria-pressed", String(tab.dataset.tab === name));
}
for (const tab of tabs) tab.addEventListener("click", () => show(tab.dataset.tab));

document.addEventListener("click", (event) => {
  const suggestion = event.target.closest("[data-try]");
  if (!suggestion) return;
  show(suggestion.dataset.try);
  const side = suggestion.dataset.try === "discord" ? discord : twitch;
  side.suggest(suggestion.dataset.text ?? suggestion.textContent);
});

show("twitch");
people.choose(people.current);
twitch.start();
discord.start();
new Search().start();
new Overlay().start();
