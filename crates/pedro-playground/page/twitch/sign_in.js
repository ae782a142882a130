// The codes of bots that wait to be let in.

import { $, button, element } from "/page/dom.js";
import { api, attempt } from "/page/twitch/api.js";

/** Shows what waits; `refresh()` looks at what is going on. */
export function showSignIns({ sign_ins: codes, bot_login: login }, refresh) {
  const list = $("#sign-ins");
  list.hidden = !codes.length;
  const letIn = (code) =>
    attempt(async () => {
      await api("/sign_in", { code });
      await refresh();
    });
  list.replaceChildren(
    ...codes.map((code) =>
      element(
        "p", "",
        element("span", "", "A bot wants to be let in. It shows the code ", element("code", "", code)),
        button("", `Let it in as ${login}`, () => letIn(code)),
      ),
    ),
  );
}
