// A form that the bot opens.

import { $, button, element } from "/page/dom.js";

const TEXT = 4;
const MENU = 3;
const PARAGRAPH = 2;

/**
 * Shows a form; `send(fields)` is called with what was filled in, by the fields' ids. If it answers a function, that is
 * called once the form is gone.
 */
export function showForm(modal, send) {
  const dialog = $("#form");
  const title = element("h2", "", modal.title);
  title.id = "form-title";
  const inputs = fieldsOf(modal).map((field) => ({ field, input: inputOf(field) }));
  const problem = element("p", "problem");
  problem.setAttribute("role", "alert");
  const submit = element("button", "primary", "Submit");
  const form = element(
    "form",
    "",
    title,
    ...inputs.map(({ field, input }) => element("label", "", field.label ?? field.custom_id, input)),
    problem,
    element("div", "row", submit, button("quiet", "Cancel", () => dialog.close())),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const values = inputs.map(({ field, input }) => [field.custom_id, field.type === TEXT ? input.value : chosenOf(input)]);
    try {
      const then = await send(Object.fromEntries(values));
      dialog.close();
      if (typeof then === "function") then();
    } catch (error) {
      problem.textContent = error.message;
    }
  });
  dialog.replaceChildren(form);
  dialog.showModal();
}

function fieldsOf(modal) {
  return (modal.components ?? []).flatMap((row) => {
    if (row.component) return [{ ...row.component, label: row.label }];
    return row.components ?? [];
  });
}

function inputOf(field) {
  if (field.type === MENU) {
    const menu = element("select", "");
    menu.append(...field.options.map(({ label, value, default: chosen }) => new Option(label, value, chosen, chosen)));
    menu.multiple = (field.max_values ?? 1) > 1;
    return menu;
  }
  const input = element(field.style === PARAGRAPH ? "textarea" : "input");
  if (field.style === PARAGRAPH) input.rows = 4;
  input.value = field.value ?? "";
  input.placeholder = field.placeholder ?? "";
  input.required = field.required !== false;
  if (field.min_length) input.minLength = field.min_length;
  if (field.max_length) input.maxLength = field.max_length;
  return input;
}

function chosenOf(menu) {
  return [...menu.selectedOptions].map(({ value }) => value);
}
